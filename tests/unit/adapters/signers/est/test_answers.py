"""What EST makes of certificates that come back, and of what is none."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.signers.est.server import ESTSpec
from adapters.signers.est.signer import EST
from adapters.signers.http.pool import ClientPool
from adapters.signers.verify import VerifyingSigner
from domain.errors import IssuerUnhealthy, SigningError
from domain.model import Issued, IssuerSpec
from tests.contracts.clock import StoppedClock
from tests.support import pki
from tests.support.remote import https
from tests.support.remote.asking import BASIC, BY_CERTIFICATE, PASSWORD, SECRET, refusal, secret
from tests.support.remote.est import ISSUING, ROOT, ESTServer
from tests.support.remote.est_spec import est_issuer
from tests.unit.adapters.signers.est.asking import BY_NAME, answering, der, order

UNREADABLE = pki.authority("Unreadable").certificate
GARBAGE = {
    "nothing": b"",
    "no base64": b"%%%" + PASSWORD.encode(),
    "base64 of garbage": base64.b64encode(PASSWORD.encode()),
    "a certificate": base64.b64encode(ISSUING.certificate.public_bytes(Encoding.DER)),
    "no certificate": base64.b64encode(
        bytes.fromhex("3023 06092a864886f70d010702 a016 3014 020101 3100 300b06092a864886f70d010701 a000")
    ),
    "a name that cannot be read": base64.b64encode(
        base64.b64decode(pki.certs_only([ISSUING.certificate])).replace(b"\x0c\x0eEST i", b"\x03\x0e\x00ST i")
    ),
    "cut off": pki.certs_only([ISSUING.certificate])[:200],
    "too many": pki.certs_only([https.leaf(f"{number}", ROOT).certificate for number in range(65)]),
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
async def test_garbage(signer: EST, server: ESTServer, body: bytes) -> None:
    server.next = [answering(200, body)]

    told = await refusal(signer.sign(order(server)), SigningError)

    assert told.startswith("the answer of the EST server to simpleenroll ")


async def test_garbage_for_the_cas_certificates(clients: ClientPool, tmp_path: Path) -> None:
    async with https.serving(tmp_path, answering(200, b"<html>")) as broken:
        spec = IssuerSpec(broken.url, SECRET, "est", ESTSpec())
        told = await refusal(EST(clients, StoppedClock()).check(spec, secret(BY_NAME)), IssuerUnhealthy)

    assert (
        told == "the answer of the EST server to cacerts is an HTML page, no PKCS#7 in base64, PEM or DER; see its log"
    )


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "base64 in lines": base64.encodebytes,
    "base64 on one line": base64.b64encode,
    "base64 with CRLF": lambda der: base64.encodebytes(der).replace(b"\n", b"\r\n"),
    "DER": lambda der: der,
    "PEM": lambda der: pki.armor(der, "PKCS7"),
    "PEM with CRLF": lambda der: pki.armor(der, "PKCS7").replace(b"\n", b"\r\n"),
    "PEM after text": lambda der: b"subject=CN=us\n\n" + pki.armor(der, "PKCS7"),
    "PEM labelled CMS": lambda der: pki.armor(der, "CMS"),
    "PEM labelled CERTIFICATE": lambda der: pki.armor(der, "CERTIFICATE"),
    "BER without base64": lambda der: b"\x30\x80" + der[4:] + b"\x00\x00",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("content_type", ["application/pkcs7-mime", "text/plain", ""])
async def test_pkcs7_is_read_in_every_form_that_servers_send(
    signer: EST, server: ESTServer, form: str, content_type: str
) -> None:
    asked = order(server)
    signed = await server.sign(der(asked))
    body = FORMS[form](base64.b64decode(pki.certs_only([ISSUING.certificate, signed])))
    server.next = [answering(200, body, **({"Content_Type": content_type} if content_type else {}))]

    answer = await signer.sign(asked)

    assert isinstance(answer, Issued)
    assert x509.load_pem_x509_certificates(answer.chain) == [signed, ISSUING.certificate]


BARE = ISSUING.certificate.public_bytes(Encoding.DER)
NO_PKCS7 = {
    "an HTML page": (f"\n<!DOCTYPE html>{PASSWORD}".encode(), "is an HTML page, no PKCS#7 in base64, PEM or DER"),
    "text": (PASSWORD.encode(), "is no PKCS#7 in base64, PEM or DER"),
    "a certificate in PEM": (ISSUING.pem, "is a bare certificate, no PKCS#7 with certificates that can be read"),
    "a certificate in DER": (BARE, "is a bare certificate, no PKCS#7 with certificates that can be read"),
    "a certificate in base64": (
        base64.b64encode(BARE),
        "is a bare certificate, no PKCS#7 with certificates that can be read",
    ),
    "garbage in base64": (base64.b64encode(PASSWORD.encode()), "is no PKCS#7 with certificates that can be read"),
    "half a PEM block": (
        b"-----BEGIN PKCS7-----\n" + pki.certs_only([ISSUING.certificate]),
        "is no complete PEM block of PKCS#7",
    ),
}


@pytest.mark.parametrize("case", NO_PKCS7)
async def test_what_cannot_be_read_is_named_and_not_quoted(signer: EST, server: ESTServer, case: str) -> None:
    body, told = NO_PKCS7[case]
    server.next = [answering(200, body)]

    said = await refusal(signer.sign(order(server)), SigningError)

    assert said == f"the answer of the EST server to simpleenroll {told}; see its log"


def unreadable() -> x509.Certificate:
    """A certificate with a name that cannot be read: a BIT STRING."""
    der = pki.authority("EST unread").certificate.public_bytes(Encoding.DER)
    return x509.load_der_x509_certificate(der.replace(b"\x0c\x0aEST unread", b"\x03\x0a\x00ST unread"))


async def test_a_certificate_that_cannot_be_read_harms_nobody(signer: EST, server: ESTServer) -> None:
    server.trusted = [unreadable(), ROOT.certificate]
    server.handed_out = [unreadable(), ISSUING.certificate]

    await signer.check(est_issuer(server), secret(BY_NAME))
    answer = await signer.sign(order(server))

    assert isinstance(answer, Issued)
    assert answer.ca == ROOT.pem
    assert ISSUING.pem in answer.chain


async def test_an_answer_of_unreadable_certificates_alone_is_named(signer: EST, server: ESTServer) -> None:
    server.next = [answering(200, pki.certs_only([unreadable()]))]

    told = await refusal(signer.sign(order(server)), SigningError)

    assert "cannot be read: certificate 1: its name holds a BIT STRING where a text belongs" in told


async def test_an_answer_without_end(signer: EST, server: ESTServer) -> None:
    server.next = [answering(200, b"A" * 50_001)]

    assert "more than 50,000 bytes" in await refusal(signer.sign(order(server)), IssuerUnhealthy)


async def test_a_certificate_for_another_key(signer: EST, server: ESTServer) -> None:
    other = await server.sign(der(order(server, csr=pki.csr(pki.key(owner="other")))))
    server.next = [answering(200, pki.certs_only([other, ISSUING.certificate]))]

    told = await refusal(signer.sign(order(server)), SigningError)

    assert told == "the answer of the EST server holds no certificate for the public key of spec.request; see its log"


async def test_other_names_than_asked_are_not_passed_on(signer: EST, server: ESTServer) -> None:
    evil = await server.sign(der(order(server, csr=pki.csr(dns=["evil.example.com"]))))
    server.next = [answering(200, pki.certs_only([evil]))]

    with pytest.raises(SigningError, match=r"DNS name 'evil\.example\.com' was not asked for"):
        await VerifyingSigner(signer, StoppedClock()).sign(order(server))


async def test_a_ca_that_adds_the_common_name_is_served_where_the_issuer_allows_it(
    signer: EST, server: ESTServer
) -> None:
    asked = order(server, csr=pki.csr(common_name="app.example.com", dns=["www.example.com"]))
    both = x509.SubjectAlternativeName([x509.DNSName("www.example.com"), x509.DNSName("app.example.com")])
    widened = pki.altered(await server.sign(der(asked)), ISSUING, extension=both)
    server.next = [answering(200, pki.certs_only([widened, ISSUING.certificate]))] * 2
    allowed = replace(asked, issuer=replace(est_issuer(server), ca_adds_common_name_as_dns_name=True))
    verified = VerifyingSigner(signer, StoppedClock())

    with pytest.raises(SigningError, match=r"spec.caAddsCommonNameAsDNSName: true of the issuer allows it"):
        await verified.sign(asked)
    assert isinstance(await verified.sign(allowed), Issued)


async def test_ber_as_java_writes_it(signer: EST, server: ESTServer) -> None:
    asked = order(server)
    plain = base64.b64decode(pki.certs_only([await server.sign(der(asked))]))
    assert plain[:2] == b"\x30\x82"
    server.next = [answering(200, base64.b64encode(b"\x30\x80" + plain[4:] + b"\x00\x00"))]  # of indefinite length

    assert isinstance(await signer.sign(asked), Issued)


@pytest.mark.parametrize(
    ("handed_out", "trusted", "above", "ca"),
    [
        ([], [ROOT, ISSUING], ISSUING.pem, ROOT.pem),
        ([ROOT, ISSUING], [ROOT], ISSUING.pem, ROOT.pem),
        ([], [ISSUING], ISSUING.pem, b""),
        ([ISSUING], [pki.authority("Another root")], ISSUING.pem, b""),
        ([ISSUING, pki.authority("Unrelated")], [pki.authority("Another root"), ROOT], ISSUING.pem, ROOT.pem),
        ([], [pki.authority("Another root")], b"", b""),
    ],
    ids=["all trusted", "all handed out", "an intermediate", "no root", "with others", "the leaf alone"],
)
async def test_chain_and_ca(
    signer: EST,
    server: ESTServer,
    handed_out: list[pki.Authority],
    trusted: list[pki.Authority],
    above: bytes,
    ca: bytes,
) -> None:
    server.handed_out = [member.certificate for member in handed_out]
    server.trusted = [member.certificate for member in trusted]

    answer = await signer.sign(order(server))

    assert isinstance(answer, Issued)
    leaf = x509.load_pem_x509_certificate(answer.chain).public_bytes(Encoding.PEM)
    assert answer.chain == leaf + above
    assert (answer.ca or b"") == ca


def with_garbage(*certificates: x509.Certificate) -> bytes:
    """A PKCS#7 whose second certificate has a version that X.509 does not know."""
    good = pki.certs_only([*certificates, UNREADABLE])
    der, certificate = base64.b64decode(good), UNREADABLE.public_bytes(Encoding.DER)
    return base64.encodebytes(
        der.replace(certificate, certificate.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09"))
    )


async def test_a_ca_certificate_that_cannot_be_read_is_left_out_and_told(signer: EST, server: ESTServer) -> None:
    server.raw = with_garbage(ROOT.certificate)

    result = await signer.check(est_issuer(server), secret(BY_NAME))
    answer = await signer.sign(order(server))

    [warning] = result.warnings
    assert warning.startswith("the answer of the EST server to cacerts cannot be read: certificate ")
    assert warning.endswith("; it is left out")
    assert result.expires == ROOT.certificate.not_valid_after_utc
    assert isinstance(answer, Issued)
    assert answer.ca == ROOT.pem


async def test_an_unreadable_certificate_in_an_answer_costs_nothing(signer: EST, server: ESTServer) -> None:
    asked = order(server)
    leaf = await server.sign(der(asked))
    server.next = [answering(200, with_garbage(leaf, ISSUING.certificate))]

    answer = await signer.sign(asked)

    assert isinstance(answer, Issued)
    assert answer.chain == leaf.public_bytes(Encoding.PEM) + ISSUING.pem


@pytest.mark.parametrize(
    ("trusted", "warnings"),
    [
        ([ROOT], ()),
        (
            [ISSUING],
            (
                "the answer of the EST server to cacerts holds no root, without which status.ca may stay empty; "
                "add it there",
            ),
        ),
    ],
)
async def test_cacerts_without_a_root_are_told(
    signer: EST, server: ESTServer, trusted: list[pki.Authority], warnings: tuple[str, ...]
) -> None:
    server.trusted = [member.certificate for member in trusted]

    assert (await signer.check(est_issuer(server), secret(BY_NAME))).warnings == warnings


async def test_cacerts_without_a_root_are_asked_for_once(signer: EST, server: ESTServer) -> None:
    server.trusted = [ISSUING.certificate]

    await signer.sign(order(server))
    await signer.sign(order(server))

    assert server.asked == ["cacerts", "simpleenroll", "simpleenroll"]


async def test_too_many_cas_of_one_name_are_told_at_the_issuer(signer: EST, server: ESTServer) -> None:
    names = [pki.authority(f"CA {number}", parent=ROOT) for number in range(11)]
    server.trusted = [member.certificate for member in names] + [
        pki.authority("EST root", private=pki.key(owner=str(number))).certificate for number in range(11)
    ]

    told = await refusal(signer.check(est_issuer(server), secret(BY_NAME)), IssuerUnhealthy)

    assert told.startswith("the answer of the EST server to cacerts holds too many certificates of the same name")


async def test_a_new_ca_certificate_is_learnt_of(signer: EST, server: ESTServer) -> None:
    server.trusted = [pki.authority("Old root").certificate]
    await signer.check(est_issuer(server), secret(BY_NAME))
    server.trusted = [ROOT.certificate]

    answer = await signer.sign(order(server))

    assert isinstance(answer, Issued)
    assert answer.ca == ROOT.pem


async def test_a_certificate_is_not_lost_for_want_of_its_root(signer: EST, server: ESTServer) -> None:
    """The CA's certificates known so far do not fit, and new ones are not to be had."""
    server.trusted = [pki.authority("Old root").certificate]
    await signer.check(est_issuer(server), secret(BY_NAME))
    server.trusted = []

    answer = await signer.sign(order(server))

    assert isinstance(answer, Issued)
    assert answer.ca is None
    assert server.asked == ["cacerts", "simpleenroll", "cacerts"]


async def test_the_cas_certificates_are_asked_for_once(signer: EST, server: ESTServer) -> None:
    await signer.sign(order(server))
    await signer.sign(order(server))
    await signer.sign(order(server, secret(BY_NAME, version="2")))

    assert server.asked == ["cacerts", "simpleenroll", "simpleenroll", "cacerts", "simpleenroll"]


async def test_nothing_shows_the_credentials(signer: EST, server: ESTServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    credentials = secret(BY_NAME, BY_CERTIFICATE)

    answer = await signer.sign(order(server, credentials))

    shown = f"{signer!r} {vars(signer)!r} {answer!r} {caplog.text}"
    assert PASSWORD not in shown
    assert BASIC not in shown
