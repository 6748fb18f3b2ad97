"""Certificates as CAs elsewhere hand them out: a set, in no order, with others among them.

Law: the leaf is known by its key, its issuers by their signatures; what does not belong to the way up is left out.
Every mistake is a ValueError that goes on where the caller's sentence begins ('the answer ' + 'is no PKCS#7 …').
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from adapters.signers.x509 import chains, keys, pem
from adapters.signers.x509.quiet import quiet
from domain.model import Issued

_LIMIT = 64
"""Certificates in one answer."""


def read_pkcs7(data: bytes) -> list[x509.Certificate]:
    """The certificates of a certs-only PKCS#7 structure (RFC 7030 section 4.2.3), whatever Content-Type it came with.

    It may be base64 with or without line ends (RFC 8951), PEM, or plain DER, as some servers send it. A certificate
    whose names or extensions cannot be read is left out, since the others may be all that a chain needs.
    """
    der = _der(data)
    try:
        with quiet():  # of BER, which much of Java writes
            found = list(dict.fromkeys(pkcs7.load_der_pkcs7_certificates(der)))
    except Exception:  # which errors hostile bytes lead to is nowhere documented
        kind = "a bare certificate, " if _is_certificate(der) else ""
        raise ValueError(f"is {kind}no PKCS#7 with certificates that can be read") from None
    readable = [certificate for certificate in _counted(found) if _is_readable(certificate)]
    if not readable:
        raise ValueError("holds only certificates that cannot be read")
    return readable


def _der(data: bytes) -> bytes:
    if data[:1] == b"\x30" and data[1:2] >= b"\x80":  # a SEQUENCE and its length, which is no ASCII
        return data
    text = data.strip()
    _, begin, armored = text.partition(b"-----BEGIN ")
    if begin:
        label, _, armored = armored.partition(b"-----")
        text, end, _ = armored.partition(b"-----END " + label + b"-----")
        if not end:
            raise ValueError("is no complete PEM block of PKCS#7")
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except ValueError:
        kind = "an HTML page, " if text[:14].lower().startswith((b"<!doctype html", b"<html")) else ""
        raise ValueError(f"is {kind}no PKCS#7 in base64, PEM or DER") from None


def _is_certificate(der: bytes) -> bool:
    try:
        x509.load_der_x509_certificate(der)
    except Exception:  # which errors hostile bytes lead to is nowhere documented
        return False
    return True


def _is_readable(certificate: x509.Certificate) -> bool:
    try:
        pem.read_through(certificate)
    except Exception:  # which errors hostile bytes lead to is nowhere documented
        return False
    return True


def _counted(found: list[x509.Certificate]) -> list[x509.Certificate]:
    if not found:
        raise ValueError("holds no certificate")
    if len(found) > _LIMIT:
        raise ValueError(f"holds {len(found)} certificates, more than the {_LIMIT} allowed")
    return found


def read_pem(texts: Iterable[str]) -> list[x509.Certificate]:
    """The certificates of several PEM texts."""
    found = pem.certificates("\n".join(texts).encode(), pem.BUNDLE_LIMIT)
    return _counted(list(dict.fromkeys(found)))


def leaf(bag: Iterable[x509.Certificate], key: keys.PublicKey) -> x509.Certificate:
    """The certificate for this key."""
    found = next((certificate for certificate in bag if keys.is_held(key, certificate)), None)
    if found is None:
        raise ValueError("holds no certificate for the public key of spec.request")
    return found


def path(leaf: x509.Certificate, bag: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    """The leaf, then each one's issuer as far as the bag goes, a root included."""
    found, _ = chains.climb(leaf, bag)
    return found


def is_complete(path: Sequence[x509.Certificate], trusted: Iterable[x509.Certificate]) -> bool:
    """Whether it ends where trust begins."""
    return path[-1] in trusted or chains.is_self_signed(path[-1])


def expiry(cas: Sequence[x509.Certificate]) -> datetime | None:
    """When the CA that signs, or one above it, expires; None where there is none.

    Those who issued no other sign. Where there are several, as in a roll-over, the way up that lasts longest counts.
    """
    issuing = [ca for ca in cas if not any(chains.issued(ca, other) for other in cas if other != ca)]
    return max((min(each.not_valid_after_utc for each in path(ca, cas)) for ca in issuing), default=None)


def issued(path: Sequence[x509.Certificate], trusted: Sequence[x509.Certificate]) -> Issued:
    """What a signer returns: no root in the chain, and the end of the path as `ca` where it is one to trust."""
    chain = [certificate for certificate in path if not chains.is_self_signed(certificate)]
    return Issued(pem.encode(chain), pem.encode(path[-1:]) if is_complete(path, trusted) else None)
