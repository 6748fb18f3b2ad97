"""A signer that lies in one point must not get through, whatever the point."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from adapters.signers.verify import VerifyingSigner
from domain.errors import IssuerUnhealthy, RequestRejected, WrongCertificate
from domain.model import Credentials, Issued, Pending
from tests.contracts.clock import StoppedClock
from tests.contracts.signer_cases import REFUSED
from tests.support import pki
from tests.unit.adapters.signers.lying import (
    CLOCK,
    LOWER,
    ORDER,
    REQUEST,
    ROOT,
    SERVER,
    UPPER,
    Lie,
    Scripted,
    altered,
    honest,
    pem,
    verify,
)
from tests.unit.adapters.signers.orders import ISSUER, order

# Before: what may not be asked costs nobody anything


@pytest.mark.parametrize("case", REFUSED)
async def test_what_must_be_refused_does_not_reach_the_signer(case: str) -> None:
    make, spec = REFUSED[case]
    inner = Scripted(Issued(b""))

    with pytest.raises(RequestRejected):
        await VerifyingSigner(inner, CLOCK).sign(order(make(), **spec))

    assert inner.asked == []


async def test_a_good_order_is_passed_on_as_it_is() -> None:
    inner = Scripted(Issued(pem(await honest())))

    await VerifyingSigner(inner, CLOCK).sign(ORDER)

    assert inner.asked == [ORDER]


# Between: waiting, failing and checking are the signer's own affair


async def test_pending_is_passed_on() -> None:
    pending = Pending("in the queue", timedelta(minutes=1), handle="17")

    assert await verify(pending) is pending


async def test_failures_are_passed_on() -> None:
    failure = IssuerUnhealthy("the CA is away")

    with pytest.raises(IssuerUnhealthy) as told:
        await verify(failure)
    assert told.value is failure
    with pytest.raises(IssuerUnhealthy):
        await VerifyingSigner(Scripted(failure), CLOCK).check(ISSUER, Credentials({}))


# After: only what was asked for


def names(*values: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(value) for value in values])


def later(delta: timedelta) -> Lie:
    return lambda leaf: pki.altered(leaf, LOWER, ends=leaf.not_valid_after_utc + delta)


def with_extension(extension: x509.ExtensionType) -> Lie:
    return lambda leaf: pki.altered(leaf, LOWER, extension=extension)


def without(extension: type[x509.ExtensionType]) -> Lie:
    return lambda leaf: pki.altered(leaf, LOWER, without=extension)


LIES: dict[str, tuple[Lie, str]] = {
    "another key": (
        lambda leaf: pki.altered(leaf, LOWER, public_key=pki.key("p256", "other")),
        "holds no certificate for the public key of spec.request",
    ),
    "a name is missing": (with_extension(names("app.example.com")), "names: DNS name 'www.example.com' is missing"),
    "a name too many": (
        with_extension(names("app.example.com", "www.example.com", "evil.test")),
        "names: DNS name 'evil.test' was not asked for",
    ),
    "no names at all": (
        without(x509.SubjectAlternativeName),
        "'app.example.com' is missing; .* DNS name 'www.example.com' is missing",
    ),
    "another subject": (
        lambda leaf: pki.altered(leaf, LOWER, subject=pki.name("evil")),
        "subject: asked CN=app, got CN=evil",
    ),
    "no subject": (
        lambda leaf: pki.altered(leaf, LOWER, subject=x509.Name([])),
        "subject: asked CN=app, got ; subject alternative names: not critical, though the subject is empty",
    ),
    "a CA": (with_extension(x509.BasicConstraints(ca=True, path_length=None)), "isCA: asked False, got True"),
    "other bits": (
        with_extension(pki.usage("digital_signature", "key_cert_sign")),
        "usages: asked digital signature, server auth, got cert sign, digital signature, server auth",
    ),
    "no bits": (without(x509.KeyUsage), "usages: asked digital signature, server auth, got server auth"),
    "other purposes": (
        with_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])),
        "usages: asked digital signature, server auth, got digital signature, code signing",
    ),
    "valid for too long": (
        later(timedelta(minutes=10, seconds=1)),
        "validity: asked 24h from .* until",
    ),
    "valid for years": (later(timedelta(days=3650)), "validity: asked 24h from .* until"),
    "expired": (
        lambda leaf: pki.altered(leaf, LOWER, ends=CLOCK.now()),
        "validity: .* does not hold now",
    ),
    "not yet valid": (
        lambda leaf: pki.altered(leaf, LOWER, begins=CLOCK.now() + timedelta(minutes=5, seconds=1)),
        "validity: .* does not hold now",
    ),
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_is_not_passed_on(lie: str) -> None:
    tell, why = LIES[lie]

    with pytest.raises(WrongCertificate, match=why) as told:
        await verify(Issued(pem(tell(await honest()), LOWER, UPPER), ROOT.pem))

    assert "BEGIN" not in str(told.value)


@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_that_is_repeated_later_is_the_same_difference(lie: str) -> None:
    tell, why = LIES[lie]
    first = tell(await honest())
    wait = timedelta(seconds=7)
    begins, ends = first.not_valid_before_utc + wait, first.not_valid_after_utc + wait
    second = pki.altered(first, LOWER, begins=begins, ends=ends)

    told = [await refused(first, CLOCK.now()), await refused(second, CLOCK.now() + wait)]

    assert told[0].difference == told[1].difference
    assert (str(told[0]) == str(told[1])) == (not why.startswith("validity"))


async def test_other_lies_are_other_differences() -> None:
    told = {lie: (await refused(tell(await honest()), CLOCK.now())).difference for lie, (tell, _) in LIES.items()}
    validities = {told.pop(lie) for lie, (_, why) in LIES.items() if why.startswith("validity")}
    assert len(set(told.values()) | validities) == len(told) + 1


async def refused(leaf: x509.Certificate, now: datetime) -> WrongCertificate:
    with pytest.raises(WrongCertificate) as told:
        await VerifyingSigner(Scripted(Issued(pem(leaf))), StoppedClock(now)).sign(ORDER)
    return told.value


async def test_all_differences_are_told() -> None:
    leaf = pki.altered(await honest(), LOWER, subject=pki.name("evil"), extension=names("evil.test"))

    with pytest.raises(WrongCertificate, match=r"subject: .*; .*'evil\.test' was not asked for"):
        await verify(Issued(pem(leaf)))


@pytest.mark.parametrize("extension", [x509.BasicConstraints(ca=False, path_length=None), None])
async def test_a_leaf_instead_of_a_ca(extension: x509.BasicConstraints | None) -> None:
    asked = order(pki.csr(common_name="A CA"), is_ca=True)
    leaf = pki.altered(await honest(asked), LOWER, extension=extension, without=x509.BasicConstraints)

    with pytest.raises(WrongCertificate, match="isCA: asked True, got False"):
        await verify(Issued(pem(leaf)), asked)


NARROW = x509.NameConstraints([x509.DNSName("example.com")], None)


WIDER = "name constraints: asked for, but not got as asked"


@pytest.mark.parametrize(
    ("got", "critical", "why"),
    [
        (x509.BasicConstraints(ca=True, path_length=None), True, "path length: asked 1, got none"),
        (x509.BasicConstraints(ca=True, path_length=2), True, "path length: asked 1, got 2"),
        (x509.NameConstraints([x509.DNSName("com")], None), True, WIDER),
        (x509.NameConstraints([x509.DNSName("example.com")], [x509.DNSName("a.example.com")]), True, WIDER),
        (x509.NameConstraints(None, [x509.DNSName("example.com")]), True, WIDER),
        (NARROW, False, WIDER),
        (None, False, WIDER),
    ],
)
async def test_another_ca_than_asked(got: x509.ExtensionType | None, critical: bool, why: str) -> None:
    asked = order(narrow_ca(), is_ca=True)
    lie = pki.altered(await honest(asked), LOWER, extension=got, critical=critical, without=x509.NameConstraints)

    with pytest.raises(WrongCertificate, match=why):
        await verify(Issued(pem(lie)), asked)


@pytest.mark.parametrize("path_length", [0, 1])
async def test_a_ca_as_narrow_as_asked(path_length: int) -> None:
    asked = order(narrow_ca(), is_ca=True)
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    leaf = pki.altered(await honest(asked), LOWER, extension=constraints)

    assert await verify(Issued(pem(leaf)), asked) == Issued(pem(leaf))


async def test_a_ca_with_its_subtrees_in_another_order_and_critical() -> None:
    subtrees = [x509.DNSName("example.com"), x509.RFC822Name("example.com")]
    asked = order(narrow_ca(x509.NameConstraints(subtrees, None), critical=False), is_ca=True)
    got = x509.NameConstraints(subtrees[::-1], None)
    leaf = pki.altered(await honest(asked), LOWER, extension=got, critical=True)

    assert await verify(Issued(pem(leaf)), asked) == Issued(pem(leaf))


def narrow_ca(limits: x509.NameConstraints = NARROW, *, critical: bool = True) -> bytes:
    constraints = x509.BasicConstraints(ca=True, path_length=1)
    return pki.csr(common_name="A CA", extensions=[(constraints, True), (limits, critical)])


# Names that are no texts

PRINCIPAL, MAILBOX = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9")
OURS = x509.OtherName(PRINCIPAL, b"\x0c\x02us")


@pytest.mark.parametrize(
    ("got", "why"),
    [
        ([], r"otherName 1\.3\.6\.1\.4\.1\.311\.20\.2\.3 \(0c027573\) is missing$"),
        (
            [x509.OtherName(PRINCIPAL, b"\x0c\x04evil")],
            r"20\.2\.3 \(0c027573\) is missing; .*\(0c046576696c\) was not asked",
        ),
        ([x509.OtherName(PRINCIPAL, b"\x16\x02us")], r"\(0c027573\) is missing; .*\(16027573\) was not asked"),
        (
            [x509.OtherName(MAILBOX, b"\x0c\x02us")],
            r"20\.2\.3 .* is missing; .*otherName 1\.3\.6\.1\.5\.5\.7\.8\.9 .* was not",
        ),
        ([OURS, x509.DirectoryName(pki.name("evil"))], "directory name 'CN=evil' was not asked for$"),
        ([OURS, x509.RegisteredID(MAILBOX)], "RegisteredID.* was not asked for$"),
        ([OURS, x509.RFC822Name("a@evil.test")], "e-mail address 'a@evil.test' was not asked for$"),
        ([OURS, x509.UniformResourceIdentifier("x:evil")], "URI 'x:evil' was not asked for$"),
        ([OURS, x509.IPAddress(ip_address("192.0.2.66"))], r"IP address 192\.0\.2\.66 was not asked for$"),
    ],
)
async def test_another_name_than_asked(got: list[x509.GeneralName], why: str) -> None:
    asked = order(pki.csr(common_name="app", dns=["app.example.com"], others=[OURS]))
    alternative = x509.SubjectAlternativeName([x509.DNSName("app.example.com"), *got])

    with pytest.raises(WrongCertificate, match=why):
        await verify(Issued(pem(pki.altered(await honest(asked), LOWER, extension=alternative))), asked)


async def test_alternative_names_that_some_may_overlook() -> None:
    asked = order(pki.csr(dns=["app.example.com"]))
    leaf = pki.altered(await honest(asked), LOWER, extension=names("app.example.com"))

    with pytest.raises(WrongCertificate, match="subject alternative names: not critical, though the subject is empty"):
        await verify(Issued(pem(leaf)), asked)


@pytest.mark.parametrize(
    "make",
    [
        honest,
        lambda: altered(later(timedelta(minutes=5))),
        lambda: altered(later(timedelta(hours=-23))),
        lambda: altered(lambda leaf: pki.altered(leaf, LOWER, begins=CLOCK.now() - timedelta(days=30))),
        lambda: altered(with_extension(names("www.example.com", "app.example.com"))),
    ],
    ids=["as asked", "five minutes longer", "shorter", "backdated by a month", "names in another order"],
)
async def test_what_does_no_harm_is_passed_on(make: Callable[[], object]) -> None:
    leaf = await make()  # type: ignore[misc]

    answer = await verify(Issued(pem(leaf, LOWER, UPPER), ROOT.pem))

    assert answer == Issued(pem(leaf, LOWER, UPPER), ROOT.pem)


async def test_without_duration_the_signer_decides_the_end() -> None:
    asked = order(REQUEST, usages=SERVER, duration=None)

    leaf = await altered(later(timedelta(days=300)))

    assert await verify(Issued(pem(leaf)), asked) == Issued(pem(leaf))
