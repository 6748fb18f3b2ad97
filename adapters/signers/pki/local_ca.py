"""A CA whose key this process holds: its certificate, its chain, and signing with it.

Reading one raises ValueError where it cannot sign, with a message that continues the caller's sentence, as in
'tls.key ' + 'is encrypted'. Profile of what it signs: RFC 5280 section 4.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from adapters.signers.pki import bundle, chains, constraints, go_readable, keys, parsing, pem, private_keys
from adapters.signers.pki import certificate_builder as leaf
from adapters.signers.pki import csr as csrs
from domain.errors import IssuerFailed, IssuerUnhealthy, RequestRejected
from domain.model import Issued, SignRequest


@dataclass(frozen=True, slots=True)
class Authority:
    """`path` leads from the CA's own certificate upwards, `origin` says in messages where it comes from.

    `intermediates` is PEM: what stands behind each leaf. `trusted` goes into status.ca, except what has expired.
    """

    origin: str
    path: chains.Path
    key: keys.PrivateKey
    intermediates: bytes
    trusted: tuple[x509.Certificate, ...]

    @property
    def certificate(self) -> x509.Certificate:
        return self.path[0]

    @property
    def expires(self) -> datetime:
        """When the first certificate of the path expires."""
        return min(each.not_valid_after_utc for each in self.path)

    def roots(self, now: datetime) -> bytes:
        """PEM of what to trust."""
        return pem.encode(bundle.unexpired(self.trusted, now))

    def is_valid(self, now: datetime) -> bool:
        return all(chains.is_valid(ca, now) for ca in self.path)

    def require_valid(self, now: datetime) -> None:
        """IssuerFailed once a certificate of the path has expired, IssuerUnhealthy before all of them are valid."""
        for ca in self.path:
            begin, end = ca.not_valid_before_utc, ca.not_valid_after_utc
            subject = f"{self.origin}: the CA certificate {ca.subject.rfc4514_string()!r}"
            if now < begin:
                raise IssuerUnhealthy(f"{subject} is not valid before {begin}")
            if chains.is_expired(ca, now):
                raise IssuerFailed(f"{subject} expired on {end}; replace it")

    def issue(self, order: SignRequest, now: datetime) -> Issued:
        """Signs; RequestRejected for what the CSR or the CA's own constraints do not allow."""
        self.require_valid(now)
        csr = csrs.asked(order)
        if order.is_ca:
            constraints.require_room(self.path)
        constraints.require_allowed(self.path, csr)
        certificate = leaf.sign(csr, order, self.certificate, self.key, now)
        if order.is_ca and (problem := go_readable.problem([certificate])):
            raise RequestRejected(f"spec.request: asks for a CA certificate that is of no use: {problem}")
        return Issued(chain=pem.encode([certificate]) + self.intermediates, ca=self.roots(now) or None)


def authority(
    origin: str, path: chains.Path, key: keys.PrivateKey, anchors: Sequence[x509.Certificate] = ()
) -> Authority:
    """What `best_path` and `read_key` found, put together; without `anchors`, the root of the path is what to trust."""
    roots = [ca for ca in path if chains.is_self_signed(ca)]
    intermediates = [ca for ca in path if ca not in roots]
    return Authority(origin, path, key, pem.encode(intermediates), tuple(anchors or roots))


def best_path(bundle: Sequence[x509.Certificate], anchors: Collection[x509.Certificate], now: datetime) -> chains.Path:
    """From the CA whose certificate is the first of the bundle, or from another certificate of the same CA, upwards."""
    known = [*bundle, *anchors]
    return chains.Graph(known).best(own(known), anchors, now)


def own(certificates: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """Those of the same CA as the first."""
    return [each for each in dict.fromkeys(certificates) if chains.is_same_ca(each, certificates[0])]


def require_ca(certificate: x509.Certificate) -> None:
    """ValueError if this certificate may not issue others."""
    if certificate.version is x509.Version.v1 and chains.is_self_signed(certificate):
        return  # version 1 has no extensions: it is a CA where people trust it as a root
    subject = f"holds {certificate.subject.rfc4514_string()!r}, which is no CA certificate"
    limits = parsing.extension_value(certificate.extensions, x509.BasicConstraints)
    if limits is None or not limits.ca:
        raise ValueError(f"{subject}: basicConstraints with CA:TRUE are missing")
    usage = parsing.extension_value(certificate.extensions, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:  # without keyUsage any use is allowed (RFC 5280 section 4.2.1.3)
        raise ValueError(f"{subject}: its keyUsage lacks 'cert sign'")


def read_key(data: bytes, certificate: x509.Certificate) -> keys.PrivateKey:
    """The CA's private key from PEM (PKCS#8, PKCS#1 or SEC 1), if it is the certificate's."""
    key = private_keys.read(data)
    if not keys.is_held(keys.accepted(key.public_key()), certificate):
        raise ValueError("is not the key of the CA certificate")
    return key
