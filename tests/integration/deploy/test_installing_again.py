"""Installing with Helm where an earlier installation has left the CRDs and issuers, as the chart's README says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from entrypoints.issuer import NAMES
from tests.integration.deploy.chart import CHART, Helm, HelmFailed
from tests.integration.deploy.installing import CRDS, give_it_issuers, issuers_and_secrets, make
from tests.support.cluster.api_server import ApiServer

FIRST, AT_FIRST = "first", "first-namespace"


@pytest.fixture
def left(server: ApiServer, helm: Helm) -> str:
    """The uid of an issuer that outlived the release FIRST in AT_FIRST."""
    where = f"--namespace={AT_FIRST}"
    # An issuer that another test has left would make the CRDs' owner unclear.
    assert not crds(server)
    helm("install", FIRST, CHART, where, "--create-namespace", kubeconfig=server.kubeconfig)
    give_it_issuers(server, AT_FIRST)
    helm("uninstall", FIRST, where, kubeconfig=server.kubeconfig)
    return uid(server)


@pytest.mark.parametrize(("release", "namespace"), [("other", AT_FIRST), (FIRST, "elsewhere")])
def test_under_another_name_or_namespace_it_takes_the_crds(
    server: ApiServer, helm: Helm, left: str, release: str, namespace: str
) -> None:
    install = "install", release, CHART, f"--namespace={namespace}", "--create-namespace"
    with pytest.raises(HelmFailed, match="invalid ownership metadata"):
        helm(*install, kubeconfig=server.kubeconfig)

    helm(*install, "--take-ownership", kubeconfig=server.kubeconfig)

    assert set(owners(server)) == {(release, namespace)}
    assert (uid(server), issuers_and_secrets(server, AT_FIRST)) == (left, 4)
    removed(server, helm, release, namespace)


def test_without_the_crds_it_installs_and_leaves_them(server: ApiServer, helm: Helm, left: str) -> None:
    without = "other", CHART, "--namespace=elsewhere", "--create-namespace", "--set=crds.enabled=false"
    helm("install", *without, kubeconfig=server.kubeconfig)
    helm("uninstall", "other", "--namespace=elsewhere", kubeconfig=server.kubeconfig)

    assert set(owners(server)) == {(FIRST, AT_FIRST)}
    assert uid(server) == left
    helm("install", FIRST, CHART, f"--namespace={AT_FIRST}", kubeconfig=server.kubeconfig)
    removed(server, helm, FIRST, AT_FIRST)


def test_after_make_undeploy_it_takes_the_crds(server: ApiServer, helm: Helm, checkout: Path) -> None:
    make(checkout, "deploy", server=server)
    give_it_issuers(server, "default")
    make(checkout, "undeploy", server=server)
    before = uid(server)
    install = "install", "other", CHART, "--namespace=elsewhere", "--create-namespace"
    with pytest.raises(HelmFailed, match="invalid ownership metadata"):
        helm(*install, kubeconfig=server.kubeconfig)

    helm(*install, "--take-ownership", kubeconfig=server.kubeconfig)

    assert uid(server) == before
    removed(server, helm, "other", "elsewhere")


def crds(server: ApiServer) -> set[str]:
    return CRDS & set(server.kubectl("get", "crd", "--output=jsonpath={.items[*].metadata.name}").split())


def owners(server: ApiServer) -> list[tuple[str, str]]:
    """The release and namespace that each CRD says it belongs to."""
    found = json.loads(server.kubectl("get", "crd", *CRDS, "--output=json"))["items"]
    notes = [each["metadata"]["annotations"] for each in found]
    return [(each["meta.helm.sh/release-name"], each["meta.helm.sh/release-namespace"]) for each in notes]


def uid(server: ApiServer) -> str:
    return server.kubectl("get", NAMES.cluster_issuers, "kept", "--output=jsonpath={.metadata.uid}")


def removed(server: ApiServer, helm: Helm, release: str, namespace: str) -> None:
    """The release with its CRDs, which shows that Helm has them as its own."""
    where = f"--namespace={namespace}"
    helm("upgrade", release, CHART, where, "--set=crds.keep=false", kubeconfig=server.kubeconfig)
    helm("uninstall", release, where, "--wait", kubeconfig=server.kubeconfig)
    assert not crds(server)
