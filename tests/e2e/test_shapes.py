"""Every shape of certificate, end to end: what was asked is compared with what came back, field by field.

All rows are asked for at once; each test waits for its own. A test that fails names the row and the field.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e.objects import Objects
from tests.e2e.shapes import asking, issuers
from tests.e2e.shapes.answers import Answers
from tests.e2e.shapes.certificates import CERTIFICATES
from tests.e2e.shapes.compare import REQUEST, SECRET, SIGNING_REQUEST, Answer, differences
from tests.e2e.shapes.issuers import CLUSTER_CHAIN, CLUSTER_DEMO, Issuer
from tests.e2e.shapes.requests import CERT_SIGN, REQUESTS, SIGNING_REQUESTS
from tests.e2e.shapes.shape import Row
from tests.support.deployed import Deployed

pytestmark = pytest.mark.usefixtures("manager", "cert_manager")


@dataclass(frozen=True)
class Shapes:
    """The rows in the cluster; `issuers` are those that the rows name."""

    answers: Answers
    issuers: dict[str, Issuer]

    def require(self, row: Row, answer: Answer, keys: frozenset[str]) -> None:
        found = differences(row, self.issuers[row.issuer], answer, keys)
        if found:
            pytest.fail("\n".join(found), pytrace=False)


@pytest.fixture(scope="module")
def shapes(deployed: Deployed, manager: object) -> Iterator[Shapes]:
    """Everything is asked for when this returns; the demo issuer is Ready."""
    objects = Objects(deployed.server, "e2e-shapes")
    kubectl = deployed.server.kubectl
    known = issuers.authorities()
    kubernetes = [*SIGNING_REQUESTS, CERT_SIGN]
    kubectl("create", "namespace", objects.namespace)
    objects.apply(*issuers.manifests(objects, known))
    objects.apply(*(asking.certificate(objects, row) for row in CERTIFICATES))
    objects.apply(*(asking.request(objects, row) for row in REQUESTS))
    objects.apply(*(asking.signing_request(row) for row in kubernetes))
    asking.approve(objects, [row.name for row in kubernetes])
    objects.wait_for_reason(NAMES.issuer, "demo", "Checked")
    demo = issuers.demo(objects)
    yield Shapes(Answers(objects), known | {"demo": demo, CLUSTER_DEMO: demo, CLUSTER_CHAIN: known["chain"]})
    kubectl("delete", "namespace", objects.namespace, "--wait=false")
    kubectl("delete", "--raw", f"/apis/certificates.k8s.io/v1/certificatesigningrequests?labelSelector={asking.LABEL}")
    kubectl("delete", NAMES.cluster_issuer, CLUSTER_DEMO, CLUSTER_CHAIN)
    kubectl("delete", "secret", CLUSTER_DEMO, CLUSTER_CHAIN, f"--namespace={NAMESPACE}")


@pytest.mark.parametrize("row", CERTIFICATES, ids=lambda row: row.name)
def test_a_certificate_ends_in_a_secret_as_asked(shapes: Shapes, row: Row) -> None:
    shapes.require(row, shapes.answers.certificate(row.name), SECRET)


@pytest.mark.parametrize("row", REQUESTS, ids=lambda row: row.name)
def test_a_request_that_cert_manager_would_not_make_is_signed_as_asked(shapes: Shapes, row: Row) -> None:
    shapes.require(row, shapes.answers.request(row.name), REQUEST)


@pytest.mark.parametrize("row", SIGNING_REQUESTS, ids=lambda row: row.name)
def test_a_kubernetes_csr_is_signed_as_asked(shapes: Shapes, row: Row) -> None:
    shapes.require(row, shapes.answers.signing_request(row.name), SIGNING_REQUEST)


def test_a_kubernetes_csr_cannot_ask_for_what_is_for_cas_alone(shapes: Shapes) -> None:
    message = shapes.answers.refusal(CERT_SIGN.name)
    assert "'cert sign' is for CA certificates alone" in message
