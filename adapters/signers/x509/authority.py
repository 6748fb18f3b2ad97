"""A CA that this process holds the key of: its certificate, its chain, and the signing itself.

Law: an Authority that exists can sign; what makes one impossible is found while it is read, as a ValueError that
goes on where the caller's sentence begins ('tls.key ' + 'is encrypted'). Profile of what it signs: RFC 5280 section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from adapters.signers.x509 import chains, constraints, extensions, keys, leaf, pem, private_keys
from adapters.signers.x509 import csr as requests
from domain.errors import IssuerFailed, IssuerUnhealthy
from domain.model import Issued, SigningOrder


@dataclass(frozen=True, slots=True)
class Authority:
    """`path` leads from the CA's own certificate upwards, `origin` says in messages where it comes from.

    `intermediates` and `trusted` are PEM: what stands behind each leaf, and what goes into status.ca.
    """

    origin: str
    path: tuple[x509.Certificate, ...]
    key: keys.PrivateKey
    intermediates: bytes
    trusted: bytes

    @property
    def certificate(self) -> x509.Certificate:
        return self.path[0]

    @property
    def expires(self) -> datetime:
        """When the first certificate of the path does."""
        return min(each.not_valid_after_utc for each in self.path)

    def require_valid(self, now: datetime) -> None:
        """IssuerFailed once a certificate of the path has expired, IssuerUnhealthy before all of them are valid."""
        for ca in self.path:
            begin, end = ca.not_valid_before_utc, ca.not_valid_after_utc
            told = f"{self.origin}: the CA certificate {ca.subject.rfc4514_string()!r}"
            if now < begin:
                raise IssuerUnhealthy(f"{told} is not valid before {begin}")
            if now >= end:
                raise IssuerFailed(f"{told} expired on {end}; replace it")

    def issue(self, order: SigningOrder, now: datetime) -> Issued:
        """Signs; RequestRejected for what the CSR or the CA's own constraints do not allow."""
        self.require_valid(now)
        csr = requests.read(order.csr)
        if order.is_ca:
            constraints.require_room(self.path)
        constraints.require_allowed(self.path, csr)
        certificate = leaf.sign(csr, order, self.certificate, self.key, now)
        return Issued(chain=pem.encode([certificate]) + self.intermediates, ca=self.trusted)


def authority(
    origin: str, path: Sequence[x509.Certificate], key: keys.PrivateKey, trusted: Sequence[x509.Certificate] = ()
) -> Authority:
    """What `read_path` and `read_key` found, put together; without `trusted`, the top of the path is what to trust."""
    intermediates = [ca for ca in path if not chains.is_self_signed(ca)]
    return Authority(origin, tuple(path), key, pem.encode(intermediates), pem.encode(trusted or path[-1:]))


def read_path(bundle: bytes) -> list[x509.Certificate]:
    """A CA certificate, optionally followed by those above it, from PEM."""
    first, *others = pem.certificates(bundle)
    path = chains.upward(first, others)
    for ca in path:
        _require_ca(ca)
    return path


def _require_ca(certificate: x509.Certificate) -> None:
    told = f"holds {certificate.subject.rfc4514_string()!r}, which is no CA certificate"
    limits = extensions.value(certificate.extensions, x509.BasicConstraints)
    if limits is None or not limits.ca:
        raise ValueError(f"{told}: basicConstraints with CA:TRUE are missing")
    usage = extensions.value(certificate.extensions, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:  # without keyUsage any use is allowed (RFC 5280 section 4.2.1.3)
        raise ValueError(f"{told}: its keyUsage lacks 'cert sign'")


def read_key(data: bytes, certificate: x509.Certificate) -> keys.PrivateKey:
    """The CA's private key from PEM (PKCS#8, PKCS#1 or SEC 1), if it is the certificate's."""
    key = private_keys.read(data)
    if not keys.is_held(keys.accepted(key.public_key()), certificate):
        raise ValueError("is not the key of the CA certificate")
    return key
