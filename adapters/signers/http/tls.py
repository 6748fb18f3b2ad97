"""TLS towards CAs elsewhere, from an issuer's Secret: trusted certificates, and the client certificate.

- ca.crt replaces the system's trust store; tls.crt and tls.key are the client certificate. Verification is never off.
- Mistakes are IssuerFailed and name the key of the Secret. Private keys are never written to a disk.
- Clients that trust the same and show no certificate share one context: it holds all trusted certificates in memory,
  and the system's store alone takes most of a megabyte.
- Trust explains, by OpenSSL's numbers X509_V_ERR_* (openssl/x509_vfy.h), why a server's certificate was refused.
"""

from __future__ import annotations

import hashlib
import ssl
import threading
import weakref
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.files import memfd_path
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
    """Whether the Secret has trusted certificates of its own; otherwise the system's store is used."""
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


_SYSTEM = b"system"


class Contexts:
    """Keeps no context alive by itself: one that no client uses any more is gone."""

    def __init__(self) -> None:
        self._shared: weakref.WeakValueDictionary[bytes, ssl.SSLContext] = weakref.WeakValueDictionary()
        self._guard = threading.Lock()

    def get(
        self, secret: ObjectKey, credentials: Credentials, *, client_certificate: bool, now: datetime
    ) -> ssl.SSLContext:
        """As tls.context, and like that to be called in a thread. Nothing may change the context."""
        if client_certificate:
            return context(secret, credentials, client_certificate=True, now=now)
        trusted = _trusted(credentials)
        with self._guard:  # of those who want the same at once, the first one makes it
            found = self._shared.get(trusted)
            if found is None:
                found = context(secret, credentials, client_certificate=False, now=now)
                self._shared[trusted] = found
            return found


def _trusted(credentials: Credentials) -> bytes:
    """What the connection trusts: the SHA-256 of ca.crt, or the system's store."""
    return hashlib.sha256(credentials.data[TRUSTED]).digest() if has_bundle(credentials) else _SYSTEM


def size(credentials: Credentials, *, client_certificate: bool) -> int:
    """About how many bytes of memory the context takes; 0 where it is that of the system's store, which all share."""
    if has_bundle(credentials):
        return 4 * len(credentials.data[TRUSTED])
    return 1024**2 if client_certificate else 0


_OTHER_NAME = (62, 64)  # HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH
_NO_ISSUER = (2, 7, 18, 19, 20, 21)  # UNABLE_TO_GET_ISSUER_CERT …, CERT_SIGNATURE_FAILURE, SELF_SIGNED_CERT …
_NOT_YET_VALID, _EXPIRED = 9, 10
_TOO_WEAK = (66, 67, 68)  # EE_KEY_TOO_SMALL, CA_KEY_TOO_SMALL, CA_MD_TOO_WEAK


@dataclass(frozen=True, slots=True)
class Trust:
    """Which issuer's Secret messages name; `bundle` says that its ca.crt replaces the system's trust store."""

    secret: str
    bundle: bool

    def explain(self, error: Exception) -> str:
        """Completes a sentence that begins with the host. Python does not tell which certificate OpenSSL means."""
        if not isinstance(error, ssl.SSLCertVerificationError):
            return "shows a certificate that cannot be read"
        said, code = error.verify_message.rstrip("."), error.verify_code
        if code in _OTHER_NAME:
            return f"shows a certificate for another name ({said}); write spec.url with a name that it is for"
        if code in _NO_ISSUER:
            return f"shows a certificate that is not trusted ({said}){self._no_issuer()}"
        if code == _EXPIRED:
            remedy = f", or replace the expired one in ca.crt of {self.secret}" if self.bundle else ""
            return f"shows a certificate that has expired, or one above it has ({said}); renew it there{remedy}"
        if code == _NOT_YET_VALID:
            clocks = "see that the clocks there and here show the same time"
            return f"shows a certificate that is not valid yet, or one above it is not ({said}); {clocks}"
        if code in _TOO_WEAK:
            return f"shows a certificate that is too weak, or one above it is ({said}); replace it there"
        return f"shows a certificate that does not pass, or one above it does not ({said}); have it issued anew there"

    def _no_issuer(self) -> str:
        if not self.bundle:
            return f"; put the CA certificate that it leads to into ca.crt of {self.secret}"
        return (
            f": no certificate in ca.crt of {self.secret} issued it; put the CA certificate that it leads to there, "
            "or have the server send the intermediate certificates too"
        )
