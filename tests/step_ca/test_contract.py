"""The signer contract over step-ca, with the template that honours requests, by both kinds of provisioner."""

from __future__ import annotations

import pytest
from cryptography import x509

from adapters.clock import SystemClock
from adapters.signers.remote.clients import Clients
from adapters.signers.step_ca import StepCA
from adapters.signers.verified import Verified
from domain.errors import SigningError
from domain.model import Credentials, IssuerSpec, ObjectKey
from domain.ports import Signer
from tests import pki
from tests.contracts.signer_cases import SUBJECTS
from tests.contracts.signer_contract import SignerContract
from tests.contracts.signer_orders import OrderMaker, sign
from tests.step_ca.asking import refusal
from tests.step_ca.provisioner import PASSWORD
from tests.step_ca.server import HONOURING_JWK, ROOT, X5C, StepCAServer

GO_READS = {kind: subject for kind, subject in SUBJECTS.items() if kind != "a UniversalString"}


class StepCAContract(SignerContract):
    provisioner = ""

    @pytest.mark.parametrize("subject", GO_READS.values(), ids=GO_READS)
    async def test_the_subject_is_the_requests_byte_for_byte(
        self, signer: Signer, order: OrderMaker, subject: x509.Name
    ) -> None:
        await super().test_the_subject_is_the_requests_byte_for_byte(signer, order, subject)

    async def test_go_reads_no_universal_string(self, signer: Signer, order: OrderMaker, step_ca: StepCAServer) -> None:
        """step-ca reads what it has signed before it hands it out, and Go's crypto/x509 cannot read this one."""
        csr = pki.csr(subject=SUBJECTS["a UniversalString"], dns=["app.example.com"])

        told = await refusal(sign(signer, order(csr)), SigningError)

        assert told == "step-ca answers /1.0/sign with HTTP 500; see its log"
        assert "unsupported string type: 28" in step_ca.log

    @pytest.fixture
    def issuer(self, step_ca: StepCAServer) -> IssuerSpec:
        parameters = {"provisioner": self.provisioner, "maxDuration": "720h", "caDecidesSubjectAndUsages": "false"}
        return IssuerSpec(step_ca.url, ObjectKey("Secret", "default", "credentials"), "StepCA", parameters)

    @pytest.fixture
    def signer(self, clients: Clients) -> Signer:
        clock = SystemClock()
        return Verified(StepCA(clients, clock), clock)


class TestStepCAByJWK(StepCAContract):
    provisioner = "jwk-honouring"

    @pytest.fixture
    def credentials(self) -> Credentials:
        data = {"jwk": HONOURING_JWK.encrypted.encode(), "password": PASSWORD.encode(), "ca.crt": ROOT.pem}
        return Credentials(data, version="1")


class TestStepCAByX5C(StepCAContract):
    provisioner = "x5c-honouring"

    @pytest.fixture
    def credentials(self) -> Credentials:
        return Credentials({"tls.crt": X5C.pem, "tls.key": X5C.key_pem, "ca.crt": ROOT.pem}, version="1")
