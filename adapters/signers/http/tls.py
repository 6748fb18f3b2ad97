"""TLS settings from an issuer's Secret: whom to trust (ca.crt), and the client certificate (tls.crt, tls.key).

ca.crt replaces the system's trust store. Verification is never turned off. Mistakes are IssuerFailed and name the key
of the Secret. Private keys are never written to a disk.
"""

from __future__ import annotations

import ssl
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.memfd_path import memfd_path
from adapters.signers.pki import keys, pem, private_keys
from domain.errors import IssuerFailed
from domain.model import Credentials, ObjectKey

CERTIFICATE, KEY, TRUSTED = "tls.crt", "tls.key", "ca.crt"


def context(secret: ObjectKey, credentials: Credentials, *, client_certificate: bool, now: datetime) -> ssl.SSLContext:
    """For connections to the CA. Reads files where the system's store is asked, so call it in a thread."""
    # As ssl.create_default_context makes it, but without VERIFY_X509_STRICT, which that sets from Python 3.13 on and
    # which refuses CA certificates without keyUsage or authorityKeyIdentifier; and without a key log.
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # An intermediate in ca.crt is trusted by itself, whatever Python's version: the Secret's owner put it there.
    made.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    if has_bundle(credentials):
        _trust(made, secret, credentials.data[TRUSTED])
    else:
        made.load_default_certs()
    if client_certificate:
        _identify(made, secret, credentials, now)
    return made


def has_bundle(credentials: Credentials) -> bool:
    """Whether the Secret says whom to trust; the system's store is used where it does not."""
    return bool(credentials.data.get(TRUSTED, b"").strip())


def bundle_warnings(secret: ObjectKey, credentials: Credentials) -> tuple[str, ...]:
    """A sentence for each certificate of ca.crt that cannot be read, and so is not trusted."""
    if not has_bundle(credentials):
        return ()
    _, unreadable = pem.readable_certificates(credentials.data[TRUSTED], pem.BUNDLE_LIMIT)
    return tuple(f"{secret}: {TRUSTED} {sentence}; it is left out" for sentence in unreadable.values())


def _trust(made: ssl.SSLContext, secret: ObjectKey, bundle: bytes) -> None:
    """Leaves out certificates that cannot be read, or loaded by OpenSSL, as long as there are others."""
    try:
        found, _ = pem.readable_certificates(bundle, pem.BUNDLE_LIMIT)
        if not [each for each in found if _load(made, each)]:
            raise ValueError("holds no certificate that OpenSSL can load")
    except ValueError as error:
        raise IssuerFailed(f"{secret}: {TRUSTED} {error}; correct that key of the Secret") from None


def _load(made: ssl.SSLContext, certificate: x509.Certificate) -> bool:
    try:
        made.load_verify_locations(cadata=certificate.public_bytes(Encoding.DER))
    except ssl.SSLError:
        return False
    return True


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
    key = private_keys.read(data)
    if not keys.is_held(key.public_key(), certificate):
        raise ValueError(f"is not the key of the first certificate in {CERTIFICATE}")
    return key


def _identify(made: ssl.SSLContext, secret: ObjectKey, credentials: Credentials, now: datetime) -> None:
    chain, key = key_pair(secret, credentials, now)
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with memfd_path(pem.encode(chain)) as certificate_path, memfd_path(plain) as key_path:
        try:
            made.load_cert_chain(certificate_path, key_path)
        except ssl.SSLError as error:
            reason = (error.reason or "no reason given").lower().replace("_", " ")
            raise IssuerFailed(
                f"{secret}: OpenSSL refuses {CERTIFICATE} and {KEY} as a client certificate ({reason}); store others"
            ) from None
