"""Roots of cluster issuers as ClusterTrustBundles, on the API server that there is.

Kubernetes before 1.37 does not serve them: there each step shows that the issuer says so and is Ready all the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e.conftest import prepared
from tests.e2e.objects import API_VERSION, SECONDS, Objects, cluster_issuer
from tests.support import pki
from tests.support.cluster.api_server import ApiServer, KubectlFailed
from tests.support.cluster.fixtures import started_own_api_server
from tests.support.cluster.waiting import wait_until
from tests.support.deployed import DEPLOY, SERVICE_ACCOUNT, Deployed, install

MANAGER = f"system:serviceaccount:{NAMESPACE}:{SERVICE_ACCOUNT}"
GROUP, KIND = "certificates.k8s.io", "ClusterTrustBundle"
OLD, NEW, OTHER = (pki.authority(f"{which} root") for which in ("Old", "New", "Other"))
GARBAGE_SECONDS = 90  # the garbage collector looks for new kinds, such as our issuers, every 30 s
BINDING = f"clusterrolebinding/{NAMES.controller}-trust-bundles"


@dataclass(frozen=True)
class Publishing:
    """A cluster issuer of the signer CA and its Secret, both called `name`, and its bundle."""

    server: ApiServer
    name: str

    @property
    def objects(self) -> Objects:
        return Objects(self.server, NAMESPACE)

    @property
    def bundle(self) -> str:
        return f"{NAMES.cluster_issuers}.{NAMES.group}:{self.name}:roots"

    @property
    def served(self) -> bool:
        return self.server.serves(f"{GROUP}/v1", f"{KIND.lower()}s")

    def sign_with(self, ca: pki.Authority, *trusted: pki.Authority) -> None:
        data = {"tls.crt": ca.pem, "tls.key": ca.key_pem, "ca.crt": b"".join(each.pem for each in trusted or (ca,))}
        self.objects.apply(self.objects.secret(self.name, **{key: value.decode() for key, value in data.items()}))

    def ask(self, asks: bool = True) -> None:
        self.objects.apply(cluster_issuer(self.name, self.name, ca={}, trustBundle=asks))

    def check_again(self) -> None:
        self.server.kubectl("annotate", NAMES.cluster_issuer, self.name, f"example.com/at={uuid4()}", "--overwrite")

    def found(self) -> dict[str, Any] | None:
        """The bundle; somebody else may have made it."""
        if not self.served:
            return None
        text = self.server.kubectl("get", KIND, self.bundle, "--ignore-not-found", "--output=json")
        return json.loads(text) if text else None

    def expect(self, *roots: pki.Authority, reason: str = "Published") -> None:
        """Waits for the condition with this reason, and for exactly these roots; the issuer is Ready."""
        reason = reason if self.served else "NotServed"
        self.objects.wait_for_reason(NAMES.cluster_issuer, self.name, reason, "TrustBundle")
        wanted = "".join(each.pem.decode() for each in roots) if self.served else ""
        wait_until(lambda: self._roots() == wanted, SECONDS, f"{self.bundle} holds {len(roots)} roots")
        assert self.objects.condition(NAMES.cluster_issuer, self.name)["reason"] == "Checked"

    def condition(self) -> dict[str, Any]:
        """The condition TrustBundle, or an empty one."""
        return self.objects.condition(NAMES.cluster_issuer, self.name, "TrustBundle")

    def stop_to_ask(self) -> None:
        self.ask(False)
        wait_until(lambda: not self.condition(), SECONDS, f"{self.name} has no condition TrustBundle")

    def make_foreign(self) -> None:
        self.server.kubectl("create", "--filename=-", stdin=json.dumps(a_bundle(self.name, OTHER)))

    def delete(self) -> None:
        self.server.kubectl("delete", NAMES.cluster_issuer, self.name, "--ignore-not-found")
        self.server.kubectl("delete", "secret", self.name, f"--namespace={NAMESPACE}", "--ignore-not-found")
        if self.served:
            self.server.kubectl("delete", KIND, self.bundle, "--ignore-not-found")

    def _roots(self) -> str:
        found = self.found()
        return found["spec"]["trustBundle"] if found else ""


def a_bundle(name: str, root: pki.Authority, signer: str = f"{NAMES.cluster_issuers}.{NAMES.group}") -> dict[str, Any]:
    spec = {"signerName": f"{signer}/{name}", "trustBundle": root.pem.decode()}
    metadata = {"name": f"{signer}:{name}:roots"}
    return {"apiVersion": f"{GROUP}/v1", "kind": KIND, "metadata": metadata, "spec": spec}


@pytest.fixture
def publishing(deployed: Deployed) -> Iterator[Publishing]:
    publishing = Publishing(deployed.server, f"bundle-{uuid4().hex[:8]}")
    yield publishing
    publishing.delete()


@pytest.mark.usefixtures("manager")
def test_roots_are_published_under_a_stable_name_and_go_with_the_issuer(publishing: Publishing) -> None:
    publishing.sign_with(NEW)
    publishing.ask()
    publishing.expect(NEW)
    message = publishing.condition()["message"]
    found = publishing.found()
    if found is None:
        assert f"no {KIND} in {GROUP}/v1" in message
        return
    assert message == f"The roots are in ClusterTrustBundle {publishing.bundle}"
    assert found["spec"]["signerName"] == f"{NAMES.cluster_issuers}.{NAMES.group}/{publishing.name}"
    uid = publishing.objects.get(NAMES.cluster_issuer, publishing.name)["metadata"]["uid"]
    owner = {"apiVersion": API_VERSION, "kind": NAMES.cluster_issuer, "name": publishing.name, "uid": uid}
    assert found["metadata"]["ownerReferences"] == [owner]
    if "kube-controller-manager" in publishing.server.processes:  # with the garbage collector
        publishing.server.kubectl("delete", NAMES.cluster_issuer, publishing.name)
        wait_until(lambda: publishing.found() is None, GARBAGE_SECONDS, "the bundle is gone with its issuer")


@pytest.mark.usefixtures("manager")
def test_a_roll_over_publishes_both_until_the_old_one_expires(publishing: Publishing) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=10)
    expiring = pki.authority("Expiring root", begins=soon - timedelta(hours=1), lasts=timedelta(hours=1))
    publishing.sign_with(OLD, OLD, expiring)
    publishing.ask()
    publishing.expect(OLD, expiring)
    publishing.sign_with(NEW)
    publishing.expect(OLD, expiring, NEW)

    def is_dropped() -> bool:
        publishing.check_again()
        return expiring.pem.decode() not in publishing._roots()

    wait_until(is_dropped, SECONDS, "the expired root is dropped")
    publishing.expect(OLD, NEW)


@pytest.mark.usefixtures("manager")
def test_an_issuer_that_stops_to_ask_has_no_bundle(publishing: Publishing) -> None:
    publishing.sign_with(NEW)
    publishing.ask()
    publishing.expect(NEW)
    publishing.stop_to_ask()
    assert publishing.found() is None


@pytest.mark.usefixtures("manager")
def test_a_bundle_of_somebody_elses_is_never_touched(publishing: Publishing) -> None:
    if publishing.served:
        publishing.make_foreign()
    before = publishing.found()
    publishing.sign_with(NEW)
    publishing.ask()
    publishing.expect(OTHER, reason="NameTaken")
    publishing.stop_to_ask()
    assert publishing.found() == before


def test_for_other_signers_the_manager_can_neither_create_nor_change_a_bundle(publishing: Publishing) -> None:
    server, theirs = publishing.server, a_bundle(publishing.name, OTHER, "other.example.com")
    refused = "user not permitted to attest for signerName" if publishing.served else "no matches for kind"
    with pytest.raises(KubectlFailed, match=refused):
        server.kubectl("create", "--validate=false", "--filename=-", f"--as={MANAGER}", stdin=json.dumps(theirs))
    if publishing.served:
        name = theirs["metadata"]["name"]
        server.kubectl("create", "--filename=-", stdin=json.dumps(theirs))
        changed = theirs | json.loads(server.kubectl("get", KIND, name, "--output=json"))
        changed["spec"]["trustBundle"] = NEW.pem.decode()
        with pytest.raises(KubectlFailed, match=refused):
            server.kubectl("replace", "--filename=-", f"--as={MANAGER}", stdin=json.dumps(changed))
        server.kubectl("delete", KIND, name)


def test_without_the_role_the_condition_says_so_and_with_it_the_roots_are_published(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    why = "whose RBAC is changed"
    with started_own_api_server(pytestconfig, tmp_path_factory.mktemp("api-server"), why) as server:
        deployed, publishing = install(server), Publishing(server, "roots")
        server.kubectl("delete", BINDING)
        manager = prepared(deployed.manager, tmp_path)
        try:
            manager.start()
            publishing.sign_with(NEW)
            publishing.ask()
            publishing.expect(reason="Forbidden")
            message = publishing.condition()["message"]
            if publishing.served:
                assert "deploy/rbac/trust-bundles.yaml" in message
                assert f'User "{MANAGER}" cannot create resource "clustertrustbundles"' in message
            server.kubectl("apply", "--server-side", f"--kustomize={DEPLOY / 'local'}")
            publishing.check_again()
            publishing.expect(NEW)
        finally:
            manager.process.stop()
