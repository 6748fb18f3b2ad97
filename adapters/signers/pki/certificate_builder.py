"""Builds the certificate that a local CA signs.

Names come from the CSR unchanged, those of a pod from the order; usages and isCA from the request's spec; all other
extensions from this file: none of the CSR is copied. Profile: RFC 5280 section 4.2.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509

from adapters.signers.pki import keys, parsing, usages
from adapters.signers.pki.csr import CSR
from domain import pods
from domain.errors import RequestRejected
from domain.model import SignRequest

DEFAULT_DURATION = timedelta(days=90)
"""cert-manager's, where spec.duration is empty."""
_LONGEST_BACKDATING = timedelta(minutes=5)


def backdating(duration: timedelta) -> timedelta:
    """How long before the time of signing a certificate of this duration becomes valid.

    Clocks of clients may be behind. 5 minutes, or a twelfth of the duration where that is less.
    """
    return min(_LONGEST_BACKDATING, duration / 12)


def backdated(order: SignRequest, duration: timedelta) -> timedelta:
    """As `backdating`; that of a pod at most by what still is near the present when the API server stores it."""
    return backdating(duration) if order.names is None else min(pods.LONGEST_BACKDATING, duration / 12)


def sign(
    csr: CSR, order: SignRequest, ca: x509.Certificate, ca_key: keys.PrivateKey, now: datetime
) -> x509.Certificate:
    """A certificate whose notAfter - notBefore is the order's duration, to the second.

    notBefore lies `backdating` before `now`, and not before the CA's own; it ends with the CA at the latest.
    """
    duration = order.duration if order.duration is not None else DEFAULT_DURATION
    if duration <= timedelta(0):
        raise RequestRejected("spec.duration: must be positive")
    # X.509 counts whole seconds (RFC 5280 section 4.1.2.5).
    begins = max((now - backdated(order, duration)).replace(microsecond=0), ca.not_valid_before_utc)
    builder = (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .issuer_name(ca.subject)
        .subject_name(csr.subject)
        .public_key(csr.public_key)
        .not_valid_before(begins)
        .not_valid_after(begins + min(duration, ca.not_valid_after_utc - begins))
    )
    for extension, critical in _extensions(csr, order, ca):
        builder = builder.add_extension(extension, critical)
    return builder.sign(ca_key, keys.signature_hash(ca_key))


def _extensions(csr: CSR, order: SignRequest, ca: x509.Certificate) -> list[tuple[x509.ExtensionType, bool]]:
    """The extensions, each with whether it is critical."""
    path_length = csr.constraints.path_length if order.is_ca and csr.constraints else None
    wanted = usages.requested(order.usages, order.is_ca)
    found: list[tuple[x509.ExtensionType | None, bool]] = [
        (x509.BasicConstraints(order.is_ca, path_length), True),
        # Neither may be there and empty (sections 4.2.1.3 and 4.2.1.12).
        (usages.key_usage(wanted.bits) if wanted.bits else None, True),
        (usages.extended_key_usage(wanted.purposes) if wanted.purposes else None, False),
        (csr.names, not csr.subject.rdns),  # critical where nothing else names the subject (section 4.2.1.6)
        (x509.SubjectKeyIdentifier.from_public_key(csr.public_key), False),
        (_authority_key_identifier(ca), False),
    ]
    if order.is_ca and csr.name_constraints:
        found.append((csr.name_constraints.value, csr.name_constraints.critical))
    return [(extension, critical) for extension, critical in found if extension is not None]


def _authority_key_identifier(ca: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """The CA's own identifier as it stands in its certificate, since chains are built by comparing the two."""
    identifier = parsing.extension_value(ca.extensions, x509.SubjectKeyIdentifier)
    if identifier is None:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(keys.accepted(ca.public_key()))
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
