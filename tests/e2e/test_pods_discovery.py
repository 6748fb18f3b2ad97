"""Whether pods get certificates depends on the Kubernetes: what it serves is asked for, not assumed."""

from __future__ import annotations

from entrypoints.issuer import NAMES
from tests.e2e import pods
from tests.e2e.conftest import Manager
from tests.e2e.objects import Objects
from tests.support import pki
from tests.support.deployed import Deployed


def test_where_pods_get_no_certificates_the_manager_says_so_once_and_works_as_ever(
    deployed: Deployed, manager: Manager, namespace: str
) -> None:
    objects = Objects(deployed.server, namespace)
    objects.apply(objects.secret(), objects.issuer())
    objects.wait_for_reason(NAMES.issuer, "issuer", "Checked")
    objects.apply(objects.request("app", pki.csr()))
    objects.wait_for_reason("certificaterequest", "app", "Issued")

    assert manager.probe("/readyz") == 200
    log = manager.process.log.read_text()
    said = "PodCertificateRequest: this version of Kubernetes does not serve them"
    starts = log.count(f"INFO issuer {NAMES.controller} ")  # other tests start it anew
    assert starts > 0
    assert log.count(said) == (0 if pods.are_served(deployed.server) else starts)
