from __future__ import annotations

import traceback
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from adapters.signers.ca import signer as ca
from adapters.signers.ca.signer import CA
from adapters.signers.pki.local_ca import read_key
from domain.errors import IssuerFailed, IssuerUnhealthy, RequestRejected
from domain.model import Credentials, IssuerSpec, ObjectKey
from tests.contracts.clock import StoppedClock
from tests.contracts.signer_orders import quoted
from tests.support import pki
from tests.unit.adapters.signers.orders import ISSUER, order

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ROOT = pki.authority("Root CA", begins=NOW)
LOWER = pki.authority("Lower CA", parent=ROOT, begins=NOW)
STRANGER = pki.authority("Stranger CA", begins=NOW)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(NOW)


@pytest.fixture
def signer(clock: StoppedClock) -> CA:
    return CA(clock)


def secret(authority: pki.Authority, *above: pki.Authority, trusted: bytes = b"", version: str = "1") -> Credentials:
    chain = b"".join(member.pem for member in (authority, *above))
    data = {"tls.crt": chain, "tls.key": authority.key_pem}
    return Credentials(data | {"ca.crt": trusted} if trusted else data, version)


def plain(data: dict[str, bytes]) -> Credentials:
    return Credentials(data, "1")


def encoded(key: pki.Key, form: PrivateFormat, passphrase: bytes = b"") -> bytes:
    protection = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, protection)


ED448 = Ed448PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
WEAK = pki.authority("Weak CA", private=pki.key("rsa1024"), begins=NOW)
NO_CONSTRAINTS = pki.authority("CA", constraints=None, begins=NOW)
LEAF = pki.authority("CA", constraints=x509.BasicConstraints(ca=False, path_length=None), begins=NOW)
NO_CERT_SIGN = pki.authority("CA", bits=["digital_signature"], begins=NOW)
UPPER_LEAF = pki.authority("No CA", parent=ROOT, constraints=x509.BasicConstraints(False, None), begins=NOW)
BELOW_A_LEAF = pki.authority("Below it", parent=UPPER_LEAF, begins=NOW)

MISTAKES: dict[str, tuple[Credentials, str]] = {
    "no certificate": (plain({"tls.key": ROOT.key_pem}), "has no tls.crt; store"),
    "no key": (plain({"tls.crt": ROOT.pem}), "has no tls.key; store"),
    "an empty key": (plain({"tls.crt": ROOT.pem, "tls.key": b""}), "has no tls.key; store"),
    "nothing at all": (plain({}), "has no tls.crt; store"),
    "a certificate that is none": (
        plain({"tls.crt": b"canary-certificate", "tls.key": ROOT.key_pem}),
        "tls.crt holds no PEM",
    ),
    "a certificate in DER": (
        plain({"tls.crt": ROOT.certificate.public_bytes(Encoding.DER), "tls.key": ROOT.key_pem}),
        "tls.crt holds no PEM block",
    ),
    "a damaged certificate": (
        plain({"tls.crt": pki.armor(b"canary", "CERTIFICATE"), "tls.key": ROOT.key_pem}),
        "tls.crt cannot be read: certificate 1: an element",
    ),
    "swapped": (
        plain({"tls.crt": ROOT.key_pem, "tls.key": ROOT.pem}),
        "tls.crt holds no PEM block of type CERTIFICATE, bu",
    ),
    "a key that is none": (plain({"tls.crt": ROOT.pem, "tls.key": b"canary-of-a-key"}), "tls.key is no private key"),
    "a certificate for a key": (
        plain({"tls.crt": ROOT.pem, "tls.key": ROOT.pem}),
        "tls.key holds a certificate and no private key",
    ),
    "an encrypted key": (
        plain({"tls.crt": ROOT.pem, "tls.key": encoded(ROOT.key, PrivateFormat.PKCS8, b"secret")}),
        "tls.key is encrypted; store it without a passphrase",
    ),
    "an encrypted key of the old kind": (
        plain({"tls.crt": ROOT.pem, "tls.key": encoded(ROOT.key, PrivateFormat.TraditionalOpenSSL, b"secret")}),
        "tls.key is encrypted; store it without a passphrase",
    ),
    "another's key": (
        plain({"tls.crt": ROOT.pem, "tls.key": STRANGER.key_pem}),
        "tls.key is not the key of the CA certificate",
    ),
    "an Ed448 key": (plain({"tls.crt": ROOT.pem, "tls.key": ED448}), "tls.key is a private key of an unsupported type"),
    "a weak key": (secret(WEAK), "tls.key holds an RSA key of 1024 bits, which is too weak; use RSA with at least"),
    "a key that takes long to check": (
        plain({"tls.crt": ROOT.pem, "tls.key": pki.armor(bytes(4_851), "PRIVATE KEY")}),
        "tls.key holds a private key of 4,851 bytes, more than the 4,850 allowed",
    ),
    "no basicConstraints": (
        secret(NO_CONSTRAINTS),
        "tls.crt holds 'CN=CA', which is no CA certificate: basicConstraints with CA:TRUE are missing",
    ),
    "CA:FALSE": (
        secret(LEAF),
        "tls.crt holds 'CN=CA', which is no CA certificate: basicConstraints with CA:TRUE are missing",
    ),
    "no cert sign": (
        secret(NO_CERT_SIGN),
        "tls.crt holds 'CN=CA', which is no CA certificate: its keyUsage lacks 'cert sign'",
    ),
    "no CA in the chain": (
        secret(BELOW_A_LEAF, UPPER_LEAF, ROOT),
        "tls.crt holds 'CN=No CA', which is no CA certificate: basicConstraints with CA:TRUE are missing",
    ),
    "a stranger to trust": (
        secret(LOWER, trusted=STRANGER.pem),
        "ca.crt holds no certificate that tls.crt leads to: that ends with 'CN=Lower CA', issued by 'CN=Root CA'",
    ),
    "garbage to trust": (secret(LOWER, trusted=b"canary-garbage"), "ca.crt holds no PEM block"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_mistake_in_the_secret_is_named(signer: CA, mistake: str) -> None:
    credentials, why = MISTAKES[mistake]

    for attempt in (lambda: signer.check(ISSUER, credentials), lambda: signer.sign(order(credentials=credentials))):
        with pytest.raises(IssuerFailed) as failure:
            await attempt()

        told = str(failure.value)
        assert told.startswith("Secret team-a/my-ca")
        assert why in told
        assert not any(
            quoted(data, "".join(traceback.format_exception(failure.value))) for data in credentials.data.values()
        )


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("kind", ["rsa2048", "p384"])
async def test_keys_in_each_usual_format(signer: CA, kind: str, form: PrivateFormat) -> None:
    root = pki.authority("Root CA", private=pki.key(kind), begins=NOW)

    await signer.check(ISSUER, plain({"tls.crt": root.pem, "tls.key": encoded(root.key, form)}))


async def test_a_ca_certificate_without_key_usage_may_sign(signer: CA) -> None:
    await signer.check(ISSUER, secret(pki.authority("Old CA", bits=[], begins=NOW)))


# Time


async def test_from_its_first_to_its_last_second(signer: CA, clock: StoppedClock) -> None:
    begin, end = ROOT.certificate.not_valid_before_utc, ROOT.certificate.not_valid_after_utc
    second = timedelta(seconds=1)

    for time in (begin, end - second):
        clock.time = time
        await signer.check(ISSUER, secret(ROOT))

    clock.time = begin - second
    with pytest.raises(
        IssuerUnhealthy, match=r"Secret team-a/my-ca: tls\.crt: .* not valid before 2030-01-01"
    ) as early:
        await signer.check(ISSUER, secret(ROOT))
    assert not isinstance(early.value, IssuerFailed)

    clock.time = end
    with pytest.raises(IssuerFailed, match=r"Secret team-a/my-ca: tls\.crt: .* expired on 2031-01-01 .*; replace it"):
        await signer.check(ISSUER, secret(ROOT))
    with pytest.raises(IssuerFailed):
        await signer.sign(order(credentials=secret(ROOT)))


@pytest.mark.parametrize("above", [LOWER, ROOT], ids=["its issuer", "the root"])
async def test_a_chain_ends_with_the_first_of_it(signer: CA, clock: StoppedClock, above: pki.Authority) -> None:
    later = NOW + timedelta(days=200)
    young = pki.authority("Young CA", parent=above, begins=later)
    chain = secret(young, *([LOWER, ROOT] if above is LOWER else [ROOT]))
    clock.time = above.certificate.not_valid_after_utc

    name = above.certificate.subject.rfc4514_string()
    with pytest.raises(IssuerFailed, match=rf"tls\.crt: the CA certificate '{name}' expired on 2031-01-01"):
        await signer.check(ISSUER, chain)


# What it hands out


@pytest.mark.parametrize(
    ("credentials", "above", "trusted"),
    [
        (secret(ROOT), b"", ROOT.pem),
        (secret(LOWER), LOWER.pem, None),
        (secret(LOWER, ROOT), LOWER.pem, ROOT.pem),
        (secret(LOWER, trusted=ROOT.pem), LOWER.pem, ROOT.pem),
        (secret(LOWER, trusted=STRANGER.pem + ROOT.pem), LOWER.pem, STRANGER.pem + ROOT.pem),
        (secret(ROOT, trusted=b"\n"), b"", ROOT.pem),
    ],
    ids=["root", "lower alone", "lower and root", "root to trust", "two to trust", "nothing to trust"],
)
async def test_chain_and_ca(signer: CA, credentials: Credentials, above: bytes, trusted: bytes | None) -> None:
    answer = await signer.sign(order(credentials=credentials))

    leaf = x509.load_pem_x509_certificate(answer.chain).public_bytes(Encoding.PEM)
    assert answer.chain == leaf + above
    assert answer.ca == trusted


async def test_the_limits_of_the_ca_are_the_requests(signer: CA) -> None:
    limits = x509.NameConstraints([x509.DNSName("example.org")], None)
    narrow = secret(
        pki.authority(
            "Narrow CA",
            constraints=x509.BasicConstraints(ca=True, path_length=0),
            extensions=[(limits, True)],
            begins=NOW,
        )
    )

    with pytest.raises(RequestRejected, match=r"spec\.isCA: the CA certificate 'CN=Narrow CA' has path length 0"):
        await signer.sign(order(pki.csr(common_name="A CA"), is_ca=True, credentials=narrow))
    with pytest.raises(RequestRejected, match=r"do not allow the DNS name 'app\.example\.com'"):
        await signer.sign(order(pki.csr(dns=["app.example.com"]), credentials=narrow))
    await signer.sign(order(pki.csr(dns=["app.example.org"]), credentials=narrow))


# What it remembers


async def test_a_changed_secret_is_seen_at_once(signer: CA) -> None:
    first = await signer.sign(order(credentials=secret(ROOT, version="1")))
    second = await signer.sign(order(credentials=secret(STRANGER, version="2")))
    same_version = await signer.sign(order(credentials=secret(ROOT, version="2")))

    assert [first.ca, second.ca, same_version.ca] == [ROOT.pem, STRANGER.pem, ROOT.pem]


async def test_secrets_of_the_same_version_are_not_confused(signer: CA) -> None:
    other = IssuerSpec(url="", secret=ObjectKey("Secret", "team-b", "my-ca"), signer="ca")

    await signer.check(ISSUER, secret(ROOT))

    with pytest.raises(IssuerFailed, match=r"Secret team-b/my-ca has no tls\.crt"):
        await signer.check(other, plain({}))


async def test_a_secret_is_read_once_and_few_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Mock(wraps=read_key)
    monkeypatch.setattr(ca, "read_key", reader)
    monkeypatch.setattr(ca, "_BUDGET", 100_000)
    signer = CA(StoppedClock(NOW))
    specs = [IssuerSpec("", ObjectKey("Secret", "team-a", f"ca-{number}"), "ca") for number in range(12)]

    for spec in specs:
        await signer.check(spec, secret(ROOT))
        await signer.check(spec, secret(ROOT))
    assert reader.call_count == 12

    await signer.check(specs[0], secret(ROOT))  # the oldest had to go
    assert reader.call_count == 13
