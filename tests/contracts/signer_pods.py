"""The part of the SignerContract about pods, whose names are not in their CSR: set as the order says, or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from domain.errors import SigningError
from domain.model import SignRequest
from domain.pods import WRITE_WITHIN, AssignedNames
from domain.ports import Signer
from tests.contracts.signer_orders import Answer, OrderMaker, alternative_names, sign, sign_or_fail
from tests.support import pki

_NAMES = AssignedNames("spiffe://example.org/ns/team-a/sa/web", ("web-0.team-a.pods.example.com",))
_USAGES = ("digital signature", "client auth", "server auth")
_VALIDITY = timedelta(hours=1)
_KEYS = ["rsa3072", "rsa4096", "p256", "p384", "p521", "ed25519"]
"""Those that a kubelet makes."""


class Pods:
    """`Signer.cannot_set_names` says which half of each test holds."""

    @pytest.mark.parametrize("kind", _KEYS)
    async def test_a_pod_gets_the_names_of_its_order(self, signer: Signer, order: OrderMaker, kind: str) -> None:
        answer = await _issued(signer, _a_pods(order, pki.stub_csr(pki.key(kind))))

        if answer is not None:
            _require_assigned(answer)
            assert answer.leaf.public_key() == pki.key(kind).public_key()

    async def test_nothing_that_a_pods_csr_says_comes_into_its_certificate(
        self, signer: Signer, order: OrderMaker
    ) -> None:
        csr = pki.csr(
            common_name="admin",
            dns=["kubernetes.default.svc"],
            uris=["spiffe://example.org/ns/kube-system/sa/admin"],
            extensions=[(x509.BasicConstraints(ca=True, path_length=None), True)],
        )
        try:
            answer = await sign_or_fail(signer, _a_pods(order, csr))
        except SigningError:
            return  # no kubelet makes such a CSR, so that a CA may refuse it
        _require_assigned(answer)

    async def test_the_times_of_a_pods_certificate_are_those_that_the_api_server_takes(
        self, signer: Signer, order: OrderMaker
    ) -> None:
        before = datetime.now(UTC).replace(microsecond=0)

        answer = await _issued(signer, _a_pods(order, pki.stub_csr()))

        if answer is None:
            return
        begins, ends = answer.leaf.not_valid_before_utc, answer.leaf.not_valid_after_utc
        assert answer.issued.validity == (begins, ends), "wrap the signer in VerifyingSigner, as the container does"
        assert ends - begins == _VALIDITY
        assert before - WRITE_WITHIN <= begins <= datetime.now(UTC), "let it begin at most two minutes ago"


def _a_pods(order: OrderMaker, csr: bytes) -> SignRequest:
    return replace(order(csr, usages=_USAGES, duration=_VALIDITY), names=_NAMES)


def _require_assigned(answer: Answer) -> None:
    names = {x509.UniformResourceIdentifier(_NAMES.uri), *map(x509.DNSName, _NAMES.dns_names)}
    assert set(alternative_names(answer.leaf)) == names
    has_subject = bool(answer.leaf.subject.rdns)  # which some CAs add
    assert answer.extension(x509.SubjectAlternativeName).critical is not has_subject
    assert "admin" not in answer.leaf.subject.rfc4514_string()
    constraints = [each.value for each in answer.leaf.extensions if isinstance(each.value, x509.BasicConstraints)]
    assert not any(each.ca for each in constraints)
    assert "digital_signature" in answer.bits()
    assert "key_cert_sign" not in answer.bits()


async def _issued(signer: Signer, asked: SignRequest) -> Answer | None:
    """The answer; None where the signer says that it cannot set names, and does not sign."""
    if not signer.cannot_set_names:
        return await sign(signer, asked)
    assert signer.cannot_set_names.isprintable()
    try:
        await sign_or_fail(signer, asked)
    except SigningError:
        return None
    raise AssertionError('it signs the names of the order: set `cannot_set_names = ""`, so that pods can use it')
