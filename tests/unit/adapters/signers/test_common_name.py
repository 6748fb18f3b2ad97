"""A CA that adds the common name as a DNS name: an issuer can allow that one name, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography import x509

from adapters.signers.verify import VerifyingSigner
from domain.errors import SigningError
from domain.model import Issued, SignRequest
from tests.support import pki
from tests.unit.adapters.signers.lying import CLOCK, LOWER, SERVER, Scripted, honest, pem
from tests.unit.adapters.signers.orders import order

ASKED = "www.example.com"
HINT = "; spec.caAddsCommonNameAsDNSName: true of the issuer allows it"


def asked(
    common_name: str = "app.example.com", allowed: bool = True, *, dns: tuple[str, ...] = (ASKED,)
) -> SignRequest:
    plain = order(pki.csr(common_name=common_name, dns=dns), usages=SERVER)
    return replace(plain, issuer=replace(plain.issuer, ca_adds_common_name_as_dns_name=allowed))


async def answer(asked: SignRequest, *names: str) -> Issued:
    """What a CA gives that puts these names into the certificate."""
    value = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    return Issued(pem(pki.altered(await honest(asked), LOWER, extension=value)))


async def refusal(asked: SignRequest, *names: str) -> str:
    with pytest.raises(SigningError) as caught:
        await VerifyingSigner(Scripted(await answer(asked, *names)), CLOCK).sign(asked)
    return str(caught.value)


@pytest.mark.parametrize(
    ("common_name", "added"),
    [
        ("app.example.com", "app.example.com"),
        ("App.Example.com", "app.example.com"),
        ("app", "app"),
        ("*.example.com", "*.example.com"),
    ],
)
async def test_the_common_name_may_be_added_where_the_issuer_allows_it(common_name: str, added: str) -> None:
    order = asked(common_name)
    widened = await answer(order, ASKED, added)

    assert await VerifyingSigner(Scripted(widened), CLOCK).sign(order) == widened


async def test_a_request_without_alternative_names_may_get_its_common_name() -> None:
    order = asked(dns=())
    widened = await answer(order, "app.example.com")

    assert await VerifyingSigner(Scripted(widened), CLOCK).sign(order) == widened


async def test_without_the_field_it_is_refused_and_the_field_named() -> None:
    order = asked(allowed=False)

    told = await refusal(order, ASKED, "app.example.com")

    assert told.endswith(f"subject alternative names: DNS name 'app.example.com' was not asked for{HINT}")


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize(
    ("common_name", "names", "told"),
    [
        ("app.example.com", (ASKED, "evil.example.com"), "'evil.example.com' was not asked for"),
        ("app.example.com", (ASKED, "app.example.com", "evil.example.com"), "'evil.example.com' was not asked for"),
        ("app.example.com", (ASKED, "app.example.com", "APP.example.com"), "'APP.example.com' was not asked for"),
        ("app.example.com", (ASKED, "app.example.com."), "'app.example.com.' was not asked for"),
        ("192.0.2.1", (ASKED, "192.0.2.1"), "'192.0.2.1' was not asked for"),
        ("An app", (ASKED, "An app"), "'An app' was not asked for"),
        ("app.example.com", ("app.example.com",), f"'{ASKED}' is missing"),
    ],
)
async def test_nothing_else_may_be_added_or_left_out(
    allowed: bool, common_name: str, names: tuple[str, ...], told: str
) -> None:
    said = await refusal(asked(common_name, allowed), *names)

    assert told in said
    assert HINT not in said


async def test_of_several_common_names_none_may_be_added() -> None:
    """Go, and so an approver, reads the last one alone."""
    subject = x509.Name([*pki.name("evil.example.com"), *pki.name("app.example.com")])
    order = replace(asked(), csr=pki.csr(subject=subject, dns=[ASKED]))

    assert "'evil.example.com' was not asked for" in await refusal(order, ASKED, "evil.example.com")
