"""What a Cluster must make of a PodCertificateRequest: whose it is, and a status that can be written once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from domain.effects import PodCertificateStatus
from domain.errors import Invalid
from domain.model import POD_CERTIFICATE_REQUEST, Approval, ObjectKey
from tests.contracts.cluster_driver import ClusterDriver, a_csr, a_pod
from tests.contracts.cluster_stage import ClusterStage, Watched, condition, stored
from tests.support import pki

_CA = pki.authority("pods")


def an_answer() -> PodCertificateStatus:
    """Issued, with a certificate for the key of `a_csr` and the times that an API server takes."""
    begins = datetime.now(UTC).replace(microsecond=0)
    ends = begins + timedelta(hours=1)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(_CA.certificate.subject)
        .public_key(x509.load_pem_x509_csr(a_csr()).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .sign(_CA.key, SHA256())
    )
    chain = leaf.public_bytes(Encoding.PEM)
    return PodCertificateStatus(
        condition("True", "Issued", "Issued"), chain, begins, ends, begins + timedelta(minutes=40)
    )


class PodRequests(ClusterStage):
    @pytest.fixture
    def pod_request(self, driver: ClusterDriver) -> ObjectKey:
        return ObjectKey(POD_CERTIFICATE_REQUEST, driver.namespace, "contract")

    async def test_a_pods_request_tells_whose_it_is_and_needs_no_approval(
        self, watched: Watched, cluster_issuer: ObjectKey, pod_request: ObjectKey
    ) -> None:
        await watched.driver.create_request(pod_request, cluster_issuer)
        await watched.wakes(pod_request)
        found = (await watched.request(pod_request)).request
        assert found.pod == a_pod(pod_request.namespace)
        assert (found.issuer, found.approval, found.problem) == (cluster_issuer, Approval.APPROVED, "")
        assert x509.load_pem_x509_csr(found.csr) == x509.load_pem_x509_csr(a_csr())
        assert found.duration == timedelta(hours=1)
        assert not found.is_terminal

    @pytest.mark.parametrize("answer", ["Issued", "Denied", "Failed"])
    async def test_its_status_is_written_once(
        self, watched: Watched, cluster_issuer: ObjectKey, pod_request: ObjectKey, answer: str
    ) -> None:
        issued = an_answer()
        others = {kind: PodCertificateStatus(condition("True", "NoReason", kind)) for kind in ("Denied", "Failed")}
        statuses = {"Issued": issued, **others}
        await watched.driver.create_request(pod_request, cluster_issuer)
        await watched.wakes(pod_request)
        assert await watched.driver.status(pod_request) is None
        await watched.write(pod_request, statuses[answer])
        expected = replace(statuses[answer], condition=stored(statuses[answer].condition))
        assert await watched.driver.status(pod_request) == expected
        found = (await watched.request(pod_request)).request
        assert (found.is_terminal, found.has_certificate, found.csr) == (True, answer == "Issued", b"")
        for other, status in statuses.items():
            if other != answer:
                with pytest.raises(Invalid):
                    await watched.write(pod_request, status)
        assert await watched.driver.status(pod_request) == expected
