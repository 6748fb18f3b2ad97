"""Each shape of a roll-over, through each way to a chain, judged by `openssl verify`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.signers.ca.signer import CA
from adapters.signers.http.assembly import assemble
from adapters.signers.pki.bundle import CertificateBundle, signing_path
from adapters.signers.pki.local_ca import best_path
from adapters.signers.verify import VerifyingSigner
from domain.errors import IssuerFailed, IssuerUnhealthy
from domain.model import CheckResult, Credentials, Issued, SignRequest
from tests.contracts.clock import StoppedClock
from tests.support import openssl, pki
from tests.unit.adapters.signers.ca.rollovers import (
    BELOW,
    DAY,
    ISSUING,
    ISSUING_BY_OLD,
    LOWER,
    LOWER_EXPIRED,
    NEW,
    NEW_BY_OLD,
    NOW,
    OLD,
    OLD_BY_NEW,
    ROOT,
    ROOT_ENDING,
    ROOT_EXPIRED,
    SHAPES,
    STRANGER,
    UPPER,
    UPPER_EXPIRED,
    CAs,
    Shape,
    ca,
    pem,
)
from tests.unit.adapters.signers.lying import Scripted
from tests.unit.adapters.signers.orders import ISSUER, order

CLOCK = StoppedClock(NOW)
GARBAGE = pki.armor(b"canary-garbage", "CERTIFICATE")
each_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def secret(bundle: bytes, signing: pki.Authority, anchors: bytes = b"") -> Credentials:
    return Credentials({"tls.crt": bundle, "tls.key": signing.key_pem, "ca.crt": anchors}, "1")


def asked(shape: Shape) -> SignRequest:
    return order(duration=DAY, credentials=secret(pem(shape.bundle), shape.bundle[0], pem(shape.anchors)))


async def leaf_of(shape: Shape) -> bytes:
    answer = await CA(CLOCK).sign(asked(shape))
    return first(answer.chain)


def first(chain: bytes) -> bytes:
    end = b"-----END CERTIFICATE-----\n"
    return chain[: chain.index(end) + len(end)]


def bag(*texts: bytes) -> CertificateBundle:
    return CertificateBundle(
        [certificate for text in texts if text for certificate in x509.load_pem_x509_certificates(text)]
    )


async def nothing_new() -> CertificateBundle:
    raise IssuerUnhealthy("not just now")


@each_shape
async def test_of_the_signer_ca(shape: Shape) -> None:
    answer = await VerifyingSigner(CA(CLOCK), CLOCK).sign(asked(shape))

    assert isinstance(answer, Issued)
    assert answer == Issued(first(answer.chain) + pem(shape.chain), shape.ca)
    assert openssl.refusal(answer, NOW, partial=shape.partial) == ""


@each_shape
async def test_of_what_est_and_step_ca_answer(shape: Shape) -> None:
    leaf = await leaf_of(shape)
    found, trusted = bag(pem(shape.bundle), leaf), bag(pem(shape.anchors))

    answer = await assemble("team-a", "the CA", found, pki.key().public_key(), trusted, nothing_new, NOW)

    if shape.root.certificate.subject != shape.root.certificate.issuer:  # an intermediate leads to the root, if any
        known = ROOT in [*shape.bundle, *shape.anchors]
        assert answer == Issued(leaf + pem(shape.chain), ROOT.pem if known else None)
        assert openssl.refusal(answer, NOW, trusted=ROOT.pem) == ""
        return
    assert answer == Issued(leaf + pem(shape.chain), shape.root.pem)
    assert openssl.refusal(answer, NOW) == ""


@each_shape
async def test_of_what_any_signer_returns(shape: Shape) -> None:
    leaf = await leaf_of(shape)
    returned = Issued(pem(shape.bundle) + leaf, pem(shape.anchors) or None)

    answer = await VerifyingSigner(Scripted(returned), CLOCK).sign(asked(shape))

    assert answer == Issued(leaf + pem(shape.chain), pem(shape.anchors) or shape.root.pem)
    assert isinstance(answer, Issued)
    assert openssl.refusal(answer, NOW, partial=shape.partial) == ""


async def test_openssl_refuses_a_partial_chain_unless_told_otherwise() -> None:
    answer = await CA(CLOCK).sign(asked(SHAPES["ca.crt with an intermediate"]))

    assert "unable to get issuer certificate" in openssl.refusal(answer, NOW)


@each_shape
async def test_the_issuer_has_nothing_to_warn_of(shape: Shape) -> None:
    result = await CA(CLOCK).check(ISSUER, asked(shape).credentials)

    certificates = [*shape.chain] if shape.root in shape.chain else [*shape.chain, shape.root]
    assert result.expires == min(each.certificate.not_valid_after_utc for each in certificates)
    assert all("'CN=Stranger'" in warning for warning in result.warnings)
    assert bool(result.warnings) == (STRANGER in shape.bundle)


# What the issuer says though it works


async def checked(bundle: bytes, signing: pki.Authority, anchors: bytes = b"") -> CheckResult:
    return await CA(CLOCK).check(ISSUER, secret(bundle, signing, anchors))


@pytest.mark.parametrize(
    ("bundle", "anchors", "warning"),
    [
        (LOWER.pem, b"", "tls.crt leads to no root: it ends with 'CN=Lower', issued by 'CN=Upper'; status.ca stays em"),
        (
            pem([ISSUING, NEW_BY_OLD]),
            b"",
            "tls.crt leads to no root: it ends with 'CN=New root', issued by 'CN=Old root'; status.ca stays empty",
        ),
        (BELOW.pem + GARBAGE + ROOT.pem, b"", "tls.crt cannot be read: certificate 2: "),
        (BELOW.pem, GARBAGE + ROOT.pem, "ca.crt cannot be read: certificate 1: "),
        (
            pem([BELOW, STRANGER, ROOT]),
            b"",
            "tls.crt holds 'CN=Stranger', which issued none of the CA certificates in use; it is left out",
        ),
        (
            pem([ROOT, BELOW]),
            b"",
            "tls.crt holds 'CN=Below', which issued none of the CA certificates in use; it is left out",
        ),
    ],
    ids=["an intermediate alone", "a cross-sign alone", "unreadable", "unreadable to trust", "unrelated", "below"],
)
async def test_the_issuer_warns(bundle: bytes, anchors: bytes, warning: str) -> None:
    signing = next(each for each in (LOWER, ISSUING, BELOW, ROOT) if bundle.startswith(each.pem))

    result = await checked(bundle, signing, anchors)

    [said] = result.warnings
    assert said.startswith(f"Secret team-a/my-ca: {warning}")


async def test_without_a_root_status_ca_is_empty_and_the_chain_leads_to_the_root() -> None:
    credentials = secret(pem([ISSUING, NEW_BY_OLD]), ISSUING)

    answer = await VerifyingSigner(CA(CLOCK), CLOCK).sign(order(duration=DAY, credentials=credentials))

    assert isinstance(answer, Issued)
    assert answer.ca is None
    assert openssl.refusal(answer, NOW, trusted=OLD.pem) == ""


async def test_an_unreadable_certificate_is_in_nobodys_way() -> None:
    credentials = secret(BELOW.pem + GARBAGE + ROOT.pem, BELOW, GARBAGE + ROOT.pem)

    answer = await VerifyingSigner(CA(CLOCK), CLOCK).sign(order(duration=DAY, credentials=credentials))

    assert isinstance(answer, Issued)
    assert answer == Issued(first(answer.chain) + BELOW.pem, ROOT.pem)


@pytest.mark.parametrize(
    ("bundle", "anchors", "why"),
    [
        (GARBAGE + ROOT.pem, b"", "tls.crt cannot be read: certificate 1: "),
        (ROOT.pem, GARBAGE + GARBAGE, "ca.crt cannot be read: certificate 1: "),
    ],
    ids=["the CA's own", "all to trust"],
)
async def test_what_cannot_do_without_what_is_unreadable_fails(bundle: bytes, anchors: bytes, why: str) -> None:
    with pytest.raises(IssuerFailed, match=f"^Secret team-a/my-ca: {why}"):
        await checked(bundle, ROOT, anchors)


# Where all paths have expired


@pytest.mark.parametrize(
    ("bundle", "anchors", "expired"),
    [
        ([BELOW, ROOT_EXPIRED], [], "tls.crt: the CA certificate 'CN=Root'"),
        ([BELOW], [ROOT_EXPIRED], "tls.crt and ca.crt: the CA certificate 'CN=Root'"),
        ([LOWER, UPPER_EXPIRED, ROOT], [], "tls.crt: the CA certificate 'CN=Upper'"),
        ([LOWER_EXPIRED, UPPER, ROOT], [], "tls.crt: the CA certificate 'CN=Lower'"),
    ],
)
async def test_the_certificate_that_expired_is_named(bundle: CAs, anchors: CAs, expired: str) -> None:
    with pytest.raises(IssuerFailed, match=f"^Secret team-a/my-ca: {expired} expired on "):
        await checked(pem(bundle), bundle[0], pem(anchors))


async def test_another_path_is_taken_when_the_one_in_use_expires() -> None:
    """A root that is not valid yet takes over from one that expires, while the process lives."""
    coming = ca("Root", key_of=ROOT, before=-5)
    credentials, clock = secret(pem([BELOW, ROOT_ENDING, coming]), BELOW), StoppedClock(NOW)
    signer = CA(clock)
    assert (await signer.sign(order(credentials=credentials))).ca == ROOT_ENDING.pem

    clock.time = NOW + 11 * DAY

    assert (await signer.check(ISSUER, credentials)).expires == BELOW.certificate.not_valid_after_utc
    answer = await signer.sign(order(credentials=credentials))
    assert answer.ca == coming.pem
    assert openssl.refusal(answer, clock.time + timedelta(minutes=1)) == ""


async def test_an_anchor_that_expires_is_handed_out_no_more() -> None:
    credentials, clock = secret(BELOW.pem, BELOW, pem([ROOT_ENDING, ROOT])), StoppedClock(NOW)
    signer = CA(clock)
    assert (await signer.sign(order(credentials=credentials))).ca == pem([ROOT_ENDING, ROOT])

    clock.time = NOW + 11 * DAY

    assert (await signer.sign(order(credentials=credentials))).ca == ROOT.pem


async def test_what_is_expired_is_not_passed_on_from_a_ca_elsewhere() -> None:
    leaf = await leaf_of(Shape([LOWER, UPPER, ROOT], [], ROOT))
    found = bag(leaf, pem([LOWER, UPPER_EXPIRED, ROOT]))

    answer = await assemble("team-a", "the CA", found, pki.key().public_key(), bag(), nothing_new, NOW)

    assert answer == Issued(leaf + LOWER.pem, None)


async def test_a_root_that_expired_there_does_not_hide_the_new_one_in_the_answer() -> None:
    leaf = await leaf_of(Shape([ISSUING, NEW], [], NEW))
    expired = ca("Old root", key_of=OLD, days=-1)

    answer = await assemble(
        "team-a",
        "the CA",
        bag(leaf, pem([ISSUING, NEW_BY_OLD, NEW])),
        pki.key().public_key(),
        bag(expired.pem),
        nothing_new,
        NOW,
    )

    assert answer == Issued(leaf + ISSUING.pem, NEW.pem)


async def test_too_many_certificates_of_one_name_are_told_with_their_place() -> None:
    namesakes = [pki.authority("Root", private=pki.key("ed25519", str(number)), begins=NOW) for number in range(101)]

    # Sixty are not too many: the path is not followed past the root, which is self-signed.
    await checked(pem([BELOW, ROOT, *namesakes[:60]]), BELOW)
    with pytest.raises(IssuerFailed, match=r"^Secret team-a/my-ca: tls\.crt with ca\.crt holds too many certificates"):
        await checked(BELOW.pem, BELOW, pem(namesakes))


def test_a_key_of_a_type_that_nobody_knows_is_in_nobodys_way() -> None:
    der = BELOW.certificate.public_bytes(Encoding.DER)
    unknown = x509.load_der_x509_certificate(
        der.replace(bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d027f"))
    )
    with pytest.raises(UnsupportedAlgorithm):
        unknown.public_key()

    assert best_path([unknown, STRANGER.certificate], [], NOW) == (unknown,)


def test_the_expiry_of_cas_that_all_issued_another() -> None:
    cas = [each.certificate for each in (OLD_BY_NEW, NEW_BY_OLD, OLD, NEW)]

    assert min(ca.not_valid_after_utc for ca in signing_path(cas, NOW)) == OLD.certificate.not_valid_after_utc


async def test_a_new_root_is_asked_for_when_the_one_known_has_expired() -> None:
    leaf = await leaf_of(Shape([BELOW, ROOT], [], ROOT))

    async def renew() -> CertificateBundle:
        return bag(ROOT.pem)

    answer = await assemble(
        "team-a", "the CA", bag(leaf, BELOW.pem), pki.key().public_key(), bag(ROOT_EXPIRED.pem), renew, NOW
    )

    assert answer == Issued(leaf + BELOW.pem, ROOT.pem)


@pytest.mark.parametrize("bundle", [[ISSUING, ISSUING_BY_OLD, NEW], [ISSUING_BY_OLD, ISSUING, NEW]])
async def test_the_order_of_alternatives_decides_nothing(bundle: CAs) -> None:
    answer = await CA(CLOCK).sign(order(credentials=secret(pem(bundle), ISSUING)))

    assert answer.ca == NEW.pem
