"""What people may do with issuers, on a real API server: admin, edit and view of a namespace reach its issuers.

Cluster issuers are for those to whom somebody binds a role of this project.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from entrypoints.issuer import NAMES
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.waiting import wait_until
from tests.support.deployed import Deployed

SECONDS = 30
READ = ("get", "list", "watch")
WRITE = ("create", "update", "patch", "delete", "deletecollection")


@pytest.fixture(scope="module")
def cluster(deployed: Deployed) -> ApiServer:
    return deployed.server


@pytest.fixture
def aggregated(cluster: ApiServer) -> None:
    if cluster.processes and "kube-controller-manager" not in cluster.processes:
        pytest.skip("envtest has no kube-controller-manager, which aggregates roles")


@pytest.fixture
def namespace(cluster: ApiServer) -> Iterator[str]:
    with cluster.namespace("users") as name:
        yield name


@pytest.mark.usefixtures("aggregated")
@pytest.mark.parametrize(("role", "more"), [("view", ()), ("edit", WRITE), ("admin", WRITE)])
def test_a_role_of_the_namespace_reaches_its_issuers(
    cluster: ApiServer, namespace: str, role: str, more: tuple[str, ...]
) -> None:
    user = f"{role}-{namespace}"
    cluster.kubectl(
        "create", "rolebinding", role, f"--clusterrole={role}", f"--user={user}", f"--namespace={namespace}"
    )

    _wait_until_allowed(cluster, user, (*READ, *more), NAMES.issuers, namespace)
    assert _allowed(cluster, user, READ + WRITE, NAMES.issuers, namespace) == [*READ, *more]
    assert _allowed(cluster, user, ("get", "patch"), f"{NAMES.issuers}/status", namespace) == ["get"]
    assert _allowed(cluster, user, READ, NAMES.issuers, "default") == []


@pytest.mark.usefixtures("aggregated")
def test_whoever_administers_every_namespace_has_no_cluster_issuers_by_it(cluster: ApiServer) -> None:
    with _bound(cluster, "admin") as user:
        _wait_until_allowed(cluster, user, WRITE, NAMES.issuers)
        assert _allowed(cluster, user, READ + WRITE, NAMES.cluster_issuers) == []


@pytest.mark.parametrize(("role", "verbs"), [("viewer", READ), ("editor", READ + WRITE), ("admin", READ + WRITE)])
def test_cluster_issuers_are_for_whom_a_role_of_ours_is_bound_to(
    cluster: ApiServer, role: str, verbs: tuple[str, ...]
) -> None:
    with _bound(cluster, f"{NAMES.controller}-{NAMES.cluster_issuer.lower()}-{role}") as user:
        _wait_until_allowed(cluster, user, verbs, NAMES.cluster_issuers)
        assert _allowed(cluster, user, READ + WRITE, NAMES.cluster_issuers) == [*verbs]
        assert _allowed(cluster, user, ("get", "patch"), f"{NAMES.cluster_issuers}/status") == ["get"]


@contextmanager
def _bound(cluster: ApiServer, role: str) -> Iterator[str]:
    """A user who has this ClusterRole in the whole cluster."""
    user = f"somebody-{uuid4().hex[:8]}"
    cluster.kubectl("create", "clusterrolebinding", user, f"--clusterrole={role}", f"--user={user}")
    yield user
    cluster.kubectl("delete", "clusterrolebinding", user)


def _wait_until_allowed(
    cluster: ApiServer, user: str, verbs: tuple[str, ...], resource: str, namespace: str = ""
) -> None:
    """The API server aggregates roles, and learns of bindings, a moment later."""
    wait_until(
        lambda: _allowed(cluster, user, verbs, resource, namespace) == [*verbs],
        SECONDS,
        f"{user} may {verbs} {resource}",
    )


def _allowed(cluster: ApiServer, user: str, verbs: tuple[str, ...], resource: str, namespace: str = "") -> list[str]:
    """Those of the verbs that the user may; in every namespace where none is given."""
    name, _, subresource = resource.partition("/")
    what = {"group": NAMES.group, "resource": name, "subresource": subresource, "namespace": namespace}
    reviews = [
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "resourceAttributes": what | {"verb": verb}},
        }
        for verb in verbs
    ]
    asked = json.dumps({"apiVersion": "v1", "kind": "List", "items": reviews})
    answers = cluster.kubectl("create", "--filename=-", "--output=jsonpath={.status.allowed} ", stdin=asked).split()
    return [verb for verb, answer in zip(verbs, answers, strict=True) if answer == "true"]
