"""Private keys as the usual tools write them, most of all openssl; and what is none."""

from __future__ import annotations

import re
import subprocess
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)

from adapters.signers.http import tls
from adapters.signers.pki import private_keys
from adapters.signers.pki.local_ca import read_key
from domain.model import Credentials, ObjectKey
from tests.contracts.signer_orders import quoted
from tests.support import pki

OWNER = pki.authority("Owner", private=pki.key("rsa2048"))
ELLIPTIC = pki.authority("Elliptic owner", private=pki.key("p256", "elliptic"))
PASSPHRASE = "canary-7f3a"


def openssl(*arguments: str, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True).stdout


def pkcs1(pem: bytes) -> bytes:
    return openssl("rsa", "-traditional", given=pem)


def printed(pem: bytes) -> bytes:
    """The numbers of the key as text, 22,000 bytes for 8192 bits, before the PEM."""
    return openssl("rsa", "-text", given=pem)


def sec1(pem: bytes) -> bytes:
    return openssl("ec", given=pem)


def with_parameters(pem: bytes) -> bytes:
    """As `openssl ecparam -genkey` writes it."""
    return openssl("ecparam", "-name", "prime256v1") + sec1(pem)


def from_pkcs12(pem: bytes) -> bytes:
    """With the lines "Bag Attributes" and "Key Attributes"."""
    owner = next(each for each in (OWNER, ELLIPTIC) if each.key_pem == pem)
    bag = pkcs12.serialize_key_and_certificates(b"ours", owner.key, owner.certificate, None, NoEncryption())
    text = openssl("pkcs12", "-passin", "pass:", "-nodes", given=bag)
    assert b"Bag Attributes" in text
    return text


def windows(pem: bytes) -> bytes:
    return b"\xef\xbb\xbf" + pem.replace(b"\n", b"\r\n")


def indented(pem: bytes) -> bytes:
    return b"".join(b"    " + line + b"\n" for line in pem.splitlines())


WRAPPINGS: dict[str, tuple[pki.Authority, Callable[[bytes], bytes]]] = {
    "PKCS#8": (OWNER, lambda pem: pem),
    "PKCS#1": (OWNER, pkcs1),
    "PKCS#8, printed": (OWNER, printed),
    "PKCS#1, with CRLF": (OWNER, lambda pem: windows(pkcs1(pem))),
    "PKCS#8, with CRLF": (OWNER, windows),
    "from PKCS#12": (OWNER, from_pkcs12),
    "indented": (OWNER, indented),
    "after its certificate": (OWNER, lambda pem: OWNER.pem + pem),
    "SEC 1": (ELLIPTIC, sec1),
    "SEC 1, after its parameters": (ELLIPTIC, with_parameters),
    "elliptic, from PKCS#12": (ELLIPTIC, from_pkcs12),
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_every_usual_file_is_read_by_ca_and_by_tls(wrapping: str) -> None:
    owner, wrap = WRAPPINGS[wrapping]
    file = wrap(owner.key_pem)

    credentials = Credentials({"tls.crt": owner.pem, "tls.key": file})
    _, by_tls = tls.key_pair(ObjectKey("Secret", "team-a", "my-ca"), credentials, datetime.now(UTC))

    for key in (read_key(file, owner.certificate), by_tls):
        assert pki.key_pem(key) == owner.key_pem


@pytest.fixture(scope="module")
def largest() -> bytes:
    """PKCS#8 of 8192 bits, of two public primes (RFC 7919, RFC 3526): openssl takes half a minute to find others."""
    p, q = prime("ffdhe4096"), prime("modp_4096")
    d = pow(65537, -1, (p - 1) * (q - 1))
    crt = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, *crt, rsa.RSAPublicNumbers(65537, p * q))
    return pki.key_pem(numbers.private_key(unsafe_skip_rsa_key_validation=True))


def prime(group: str) -> int:
    parameters = openssl("genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", f"group:{group}")
    found = re.search(rb"INTEGER +:([0-9A-F]+)", openssl("asn1parse", given=parameters))
    assert found
    return int(found[1], 16)


@pytest.mark.parametrize("wrap", [printed, windows])
def test_rsa_of_8192_bits_is_read_in_its_longest_wrappings(
    largest: bytes, wrap: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether its primes are any, which cryptography tries for seconds, is not asked."""
    load = partial(serialization.load_pem_private_key, unsafe_skip_rsa_key_validation=True)
    monkeypatch.setattr(serialization, "load_pem_private_key", load)

    key = private_keys.read(wrap(largest))

    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 8192


DSA = dsa.generate_private_key(1024)  # noqa: S505  # weak on purpose
OPENSSH = OWNER.key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
NO_KEYS: dict[str, tuple[bytes, str]] = {
    "text": (b"canary-of-a-key", "is no private key in PEM"),
    "PKCS#8 with a passphrase": (
        openssl("pkcs8", "-topk8", "-passout", f"pass:{PASSPHRASE}", given=OWNER.key_pem),
        "is encrypted; store it without a passphrase",
    ),
    "PKCS#1 with a passphrase": (
        openssl("rsa", "-traditional", "-aes128", "-passout", f"pass:{PASSPHRASE}", given=OWNER.key_pem),
        "is encrypted; store it without a passphrase",
    ),
    "a public key": (
        OWNER.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "is a public key; store the private key that belongs to it",
    ),
    "a certificate": (
        OWNER.pem,
        "holds a certificate and no private key; store the private key that belongs to it",
    ),
    "parameters alone": (openssl("ecparam", "-name", "prime256v1"), "is no private key in PEM"),
    "OpenSSH's format": (OPENSSH, "is a private key in OpenSSH's own format; convert it with `ssh-keygen -p -m PKCS8"),
    "DSA of the old kind": (
        DSA.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        "is a private key of an unsupported type; use RSA, ECDSA or Ed25519",
    ),
    "DSA": (
        DSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "is a private key of an unsupported type; use RSA, ECDSA or Ed25519",
    ),
    "cut off": (OWNER.key_pem[:-20], "is cut off: its PRIVATE KEY block has no end"),
    "no base64": (pki.armor(b"x", "PRIVATE KEY").replace(b"eA==", b"%%%%"), "holds a PEM block that is not base64"),
    "damaged": (pki.armor(b"canary-of-a-key", "RSA PRIVATE KEY"), "holds a private key that cannot be read"),
    "too long a key": (pki.armor(bytes(4_851), "PRIVATE KEY"), "a private key of 4,851 bytes, more than the 4,850 all"),
    "too long a file": (OWNER.key_pem.ljust(100_001), "has 100,001 bytes, more than the 100,000 allowed"),
}


@pytest.mark.parametrize("case", NO_KEYS)
def test_what_is_no_usable_key_is_named_and_not_quoted(case: str) -> None:
    file, told = NO_KEYS[case]

    with pytest.raises(ValueError, match=r"^(is|has|holds) ") as caught:
        private_keys.read(file)

    assert told in str(caught.value)
    assert not quoted(file, "".join(traceback.format_exception(caught.value, chain=False)))


def test_a_key_is_not_checked_before_its_size_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checking one that is too long could stop the process for hours."""
    monkeypatch.setattr(serialization, "load_pem_private_key", pytest.fail)

    with pytest.raises(ValueError, match="more than the 4,850 allowed"):
        private_keys.read(pki.armor(bytes(50_000), "RSA PRIVATE KEY"))
