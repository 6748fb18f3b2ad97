"""The signer contract over step-ca: with the template that honours requests, and with step-ca's own."""

from __future__ import annotations

import pytest

from adapters.clock import SystemClock
from adapters.signers.http.pool import ClientPool
from adapters.signers.step_ca.signer import StepCA, StepCASpec
from adapters.signers.verify import VerifyingSigner
from adapters.spec_fields import Duration
from domain.model import Credentials, IssuerSpec, ObjectKey
from domain.ports import Signer
from tests.contracts.signer_contract import SignerContract
from tests.contracts.signer_honours import ALL, Honours
from tests.contracts.signer_roots import KnownRoots
from tests.integration.step_ca import asking
from tests.integration.step_ca.provisioner import PASSWORD
from tests.integration.step_ca.server import HONOURING_JWK, ROOT, X5C, StepCAServer


class StepCAContract(KnownRoots, SignerContract):
    provisioner = ""

    @pytest.fixture
    def issuer(self, step_ca: StepCAServer) -> IssuerSpec:
        options = StepCASpec(self.provisioner, Duration(hours=720))
        secret = ObjectKey("Secret", "default", "credentials")
        return IssuerSpec(step_ca.url, secret, "stepCA", options, ca_decides_subject_and_usages=False)

    @pytest.fixture
    def signer(self, clients: ClientPool) -> Signer:
        clock = SystemClock()
        return VerifyingSigner(StepCA(clients, clock), clock)


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


class TestStepCAByItsDefaultTemplate(StepCAContract):
    """It decides subject and usages, makes no CA, knows no otherNames, and refuses more than a day."""

    honours = ALL - {
        Honours.SUBJECT,
        Honours.USAGES,
        Honours.DURATION,
        Honours.IS_CA,
        Honours.NAME_CONSTRAINTS,
        Honours.OTHER_NAMES,
    }

    @pytest.fixture
    def issuer(self, step_ca: StepCAServer) -> IssuerSpec:
        return asking.issuer(step_ca)

    @pytest.fixture
    def credentials(self) -> Credentials:
        return Credentials(asking.BY_DEFAULT, version="1")
