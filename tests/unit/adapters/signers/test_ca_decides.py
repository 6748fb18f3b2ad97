"""A signer, or an issuer, that declares that its CA decides subject and usages: these two pass, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from adapters.signers.ca.signer import CASpec
from adapters.signers.verify import VerifyingSigner
from domain.errors import SigningError
from domain.model import Issued, SignRequest
from domain.ports import Signer
from tests.support import pki
from tests.unit.adapters.signers.lying import CLOCK, LOWER, ORDER, Scripted, honest, pem


class Deciding(Scripted):
    ca_decides_subject_and_usages = True


OTHER_SUBJECT = {"subject": pki.name("other")}
OTHER_USAGES = {"extension": pki.usage("data_encipherment")}


@pytest.mark.parametrize("lie", [OTHER_SUBJECT, OTHER_USAGES], ids=["subject", "usages"])
async def test_subject_and_usages(lie: dict[str, object]) -> None:
    answer = Issued(pem(pki.altered(await honest(), LOWER, **lie)))  # type: ignore[arg-type]

    assert await VerifyingSigner(Deciding(answer), CLOCK).sign(ORDER) == answer
    with pytest.raises(SigningError, match="asked"):
        await VerifyingSigner(Scripted(answer), CLOCK).sign(ORDER)


@pytest.mark.parametrize("lie", [OTHER_SUBJECT, OTHER_USAGES], ids=["subject", "usages"])
async def test_an_issuer_knows_better_than_its_signer(lie: dict[str, object]) -> None:
    answer = Issued(pem(pki.altered(await honest(), LOWER, **lie)))  # type: ignore[arg-type]

    assert await VerifyingSigner(Scripted(answer), CLOCK).sign(by_issuer(True)) == answer
    with pytest.raises(SigningError, match="asked"):
        await VerifyingSigner(Deciding(answer), CLOCK).sign(by_issuer(False))


def by_issuer(says: bool) -> SignRequest:
    return replace(ORDER, issuer=replace(ORDER.issuer, ca_decides_subject_and_usages=says))


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        ({"public_key": pki.key(owner="other")}, "holds no certificate for the public key"),
        ({"extension": x509.BasicConstraints(ca=True, path_length=None)}, "isCA: asked False, got True"),
        ({"extension": x509.SubjectAlternativeName([x509.DNSName("evil.example.com")])}, "was not asked for"),
        ({"without": x509.SubjectAlternativeName}, "is missing"),
        ({"ends": CLOCK.now() + timedelta(days=365)}, "validity"),
    ],
    ids=["key", "isCA", "an unasked name", "a missing name", "validity"],
)
async def test_nothing_else(lie: dict[str, object], told: str) -> None:
    answer = Issued(pem(pki.altered(await honest(), LOWER, **lie)))  # type: ignore[arg-type]

    with pytest.raises(SigningError, match=told):
        await VerifyingSigner(Deciding(answer), CLOCK).sign(ORDER)


def test_unless_a_signer_says_so_it_is_not_so() -> None:
    assert Signer.ca_decides_subject_and_usages is False
    assert Scripted(Issued(b"")).ca_decides_subject_and_usages is False


def test_what_a_signer_declares_is_seen_from_outside() -> None:
    inner = Scripted(Issued(b""))
    inner.spec_type, inner.uses_url, inner.allow_annotations = CASpec, True, True
    outer = VerifyingSigner(inner, CLOCK)
    assert (outer.spec_type, outer.uses_url, outer.allow_annotations) == (CASpec, True, True)
