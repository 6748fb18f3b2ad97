"""What an issuer's Secret says about TLS: whom to trust (ca.crt) and who we are (tls.crt and tls.key).

Law: ca.crt replaces the system's store, which holds where there is no ca.crt; verification is never off. Mistakes are
IssuerFailed and name the key of the Secret, quoting nothing of it. Private keys touch no disk.
"""

from __future__ import annotations

import ssl
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.nameless import nameless
from adapters.signers.x509 import keys, pem
from domain.errors import IssuerFailed
from domain.model import Credentials, ObjectKey

CERTIFICATE, KEY, TRUSTED = "tls.crt", "tls.key", "ca.crt"


def context(secret: ObjectKey, credentials: Credentials, *, client_certificate: bool, now: datetime) -> ssl.SSLContext:
    """For connections to the CA. Reads files where the system's store is asked, so call it in a thread."""
    made = ssl.create_default_context(cadata=_trusted(secret, credentials))
    # An intermediate in ca.crt is trusted by itself, whatever Python's version: the Secret's owner put it there.
    made.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    if client_certificate:
        _identify(made, secret, credentials, now)
    return made


def _trusted(secret: ObjectKey, credentials: Credentials) -> str | None:
    """The PEM of ca.crt, of certificates alone; None where there is none."""
    bundle = credentials.data.get(TRUSTED, b"")
    if not bundle.strip():
        return None
    try:
        return pem.encode(pem.certificates(bundle, pem.BUNDLE_LIMIT)).decode()
    except ValueError as error:
        raise IssuerFailed(f"{secret}: {TRUSTED} {error}; correct that key of the Secret") from None


def key_pair(
    secret: ObjectKey, credentials: Credentials, now: datetime
) -> tuple[list[x509.Certificate], keys.PrivateKey]:
    """tls.crt, whose first certificate is ours, and tls.key. Both keys of the Secret must be there."""
    subject = CERTIFICATE  # of the sentence that the ValueError completes
    try:
        chain = pem.certificates(credentials.data[CERTIFICATE])
        end = chain[0].not_valid_after_utc
        if now >= end:
            raise ValueError(f"expired on {end}, renew it")
        subject = KEY
        return chain, _key(credentials.data[KEY], chain[0])
    except ValueError as error:
        raise IssuerFailed(f"{secret}: {subject} {error}; correct that key of the Secret") from None


def _key(data: bytes, certificate: x509.Certificate) -> keys.PrivateKey:
    keys.require_small(data)
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except Exception:  # cryptography's words might quote the key
        raise ValueError("is no private key in PEM without passphrase") from None
    if not isinstance(key, keys.PrivateKey):
        raise ValueError("is a private key of an unsupported type, use RSA, ECDSA or Ed25519")
    if not keys.is_held(key.public_key(), certificate):
        raise ValueError(f"is not the key of the first certificate in {CERTIFICATE}")
    return key


def _identify(made: ssl.SSLContext, secret: ObjectKey, credentials: Credentials, now: datetime) -> None:
    chain, key = key_pair(secret, credentials, now)
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with nameless(pem.encode(chain)) as certificate_path, nameless(plain) as key_path:
        made.load_cert_chain(certificate_path, key_path)
