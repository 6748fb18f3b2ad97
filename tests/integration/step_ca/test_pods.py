"""What the real step-ca makes of a pod's order: its token has the names, and its CSR has none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from adapters.clock import SystemClock
from adapters.signers.http.pool import ClientPool
from adapters.signers.step_ca.signer import StepCA, StepCASpec
from adapters.signers.verify import VerifyingSigner
from domain.errors import RequestRejected
from domain.model import Credentials, Issued, SignRequest
from domain.pods import AssignedNames
from tests.integration.step_ca.asking import BY_DEFAULT, BY_HONOURING, issuer, order
from tests.integration.step_ca.server import StepCAServer
from tests.support import pki
from tests.support.remote.asking import refusal

IDENTITY = "spiffe://example.com/ns/team-a/sa/app"
STUB = pki.stub_csr()


def a_pods_order(ca: StepCAServer, csr: bytes = STUB) -> SignRequest:
    asked = order(issuer(ca), BY_DEFAULT, csr)
    usages = ("digital signature", "client auth", "server auth")
    return replace(asked, names=AssignedNames(IDENTITY), usages=usages, duration=timedelta(hours=1))


def by_template(asked: SignRequest) -> SignRequest:
    """To the provisioner with the template of the README."""
    spec = replace(asked.issuer, options=StepCASpec("jwk-honouring"), ca_decides_subject_and_usages=False)
    return replace(asked, issuer=spec, credentials=Credentials(BY_HONOURING, version="2"))


async def signed(clients: ClientPool, asked: SignRequest) -> x509.Certificate:
    clock = SystemClock()
    answer = await VerifyingSigner(StepCA(clients, clock), clock).sign(asked)
    assert isinstance(answer, Issued)
    return x509.load_pem_x509_certificate(answer.chain)


@pytest.mark.parametrize("template", ["default", "README"])
async def test_it_signs_the_names_of_the_token(clients: ClientPool, step_ca: StepCAServer, template: str) -> None:
    """The default template takes the common name from the token besides, so that the subject is not empty."""
    asked = a_pods_order(step_ca) if template == "default" else by_template(a_pods_order(step_ca))
    leaf = await signed(clients, asked)

    assert leaf.subject == (pki.name(IDENTITY) if template == "default" else x509.Name([]))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert list(names.value) == [x509.UniformResourceIdentifier(IDENTITY)]
    assert names.critical is not bool(leaf.subject.rdns)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(hours=1)


@pytest.mark.parametrize("make", [lambda asked: asked, by_template], ids=["default", "README"])
async def test_it_refuses_a_csr_with_other_names(clients: ClientPool, step_ca: StepCAServer, make: object) -> None:
    """No kubelet makes such a one."""
    assert callable(make)
    other = pki.csr(uris=["spiffe://example.com/ns/kube-system/sa/admin"])
    signer = StepCA(clients, SystemClock())
    assert "HTTP 403" in await refusal(signer.sign(make(a_pods_order(step_ca, other))), RequestRejected)
