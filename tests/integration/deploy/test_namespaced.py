"""deploy/namespaced gives in chosen namespaces what deploy/rbac gives in all, and nothing else.

No cluster needed; tests/e2e/privilege holds both to what the manager uses.
"""

from __future__ import annotations

import pytest

from entrypoints.issuer import NAMES, NAMESPACE
from tests.integration.deploy.manifests import files, full_name, kustomized, objects, of_kind, permissions, the_only

BASE = "controller-manager"
CONTROLLER = f"{NAMES.controller}-{BASE}"
OVERLAY, ROLE = "namespaced", "namespaced/role"


def test_role_and_cluster_role_are_together_the_cluster_role_of_all_namespaces() -> None:
    everywhere = next(role for role in of_kind("rbac", "ClusterRole") if role["metadata"]["name"] == BASE)
    left, narrowed = permissions(the_only(OVERLAY, "ClusterRole")), permissions(the_only(ROLE, "Role"))

    assert the_only(OVERLAY, "ClusterRole")["metadata"]["name"] == CONTROLLER
    assert left | narrowed == permissions(everywhere)
    assert left & narrowed == set()
    assert {resource.partition("/")[0] for _, resource, _, _ in left} == {
        NAMES.cluster_issuers,
        "certificatesigningrequests",
        "signers",
        "subjectaccessreviews",
    }


def test_cluster_issuers_need_secrets_of_one_namespace_and_events_in_another() -> None:
    roles = {full_name(role)[1]: permissions(role) for role in of_kind(OVERLAY, "Role")}
    assert roles == {
        NAMESPACE: {("", "secrets", "*", verb) for verb in ("get", "list", "watch")},
        "default": {("events.k8s.io", "events", "*", verb) for verb in ("create", "patch")},
    }


@pytest.mark.parametrize("base", [OVERLAY, ROLE])
def test_each_role_is_bound_to_the_controller_where_it_is(base: str) -> None:
    roles, bindings = of_kind(base, "Role"), of_kind(base, "RoleBinding")
    assert [full_name(role)[1:] for role in roles] == [full_name(binding)[1:] for binding in bindings]
    for role, binding in zip(roles, bindings, strict=True):
        assert binding["roleRef"]["name"] == role["metadata"]["name"]
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": CONTROLLER, "namespace": NAMESPACE}]


def test_the_role_of_a_namespace_names_none() -> None:
    assert {full_name(manifest)[1] for manifest in objects(ROLE)} == {None}


def test_no_two_roles_of_a_namespace_have_one_name() -> None:
    """Whichever namespace is chosen, the controller's own and `default` among them."""
    own = [f"{NAMES.controller}-{full_name(role)[2]}" for role in of_kind("rbac", "Role")]
    names = own + [full_name(role)[2] for base in (OVERLAY, ROLE) for role in of_kind(base, "Role")]
    assert len(names) == len(set(names))


def test_each_file_says_what_it_is_for_and_is_listed() -> None:
    assert kustomized(OVERLAY) == ["../default", "cluster-issuers.yaml"]
    assert kustomized(ROLE) == ["role.yaml"]
    assert [path.name for path in files(OVERLAY)] == ["cluster-issuers.yaml", "controller.yaml"]
    for path in [*files(OVERLAY), *files(ROLE)]:
        assert path.read_text().startswith("# ")
