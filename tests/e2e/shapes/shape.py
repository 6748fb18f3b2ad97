"""What a certificate holds, in words that a table can be written in.

A row writes a Shape down by hand from what it asks for; `read` finds a Shape in a certificate. Neither asks the
code under test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.e2e.shapes import subjects
from tests.support import der

ENDS_WITH_ITS_CA = None
_Value = TypeVar("_Value", bound=x509.ExtensionType)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The defaults are what an ECDSA Certificate for app.example.com gets that asks for nothing else."""

    key: str = "ECDSA 256"
    subject: tuple[str, ...] = ()
    names: tuple[str, ...] = ("DNS:app.example.com",)
    names_critical: bool | None = True
    """None where there are no names; True where the subject is empty (RFC 5280 section 4.2.1.6)."""
    usages: frozenset[str] = frozenset({"digital_signature", "key_encipherment"})
    """KeyUsage, by cryptography's names; no extension where there are none."""
    purposes: frozenset[str] = frozenset()
    """ExtendedKeyUsage, by OID; no extension where there are none."""
    is_ca: bool = False
    path_length: int | None = None
    constraints: tuple[str, ...] = ()
    constraints_critical: bool | None = None
    duration: timedelta | None = timedelta(days=90)
    """ENDS_WITH_ITS_CA where the CA would end before."""

    @property
    def extensions(self) -> dict[str, bool]:
        """The OID of each extension that must be there, and whether it is critical; no others may be there."""
        present = {
            "2.5.29.14": False,  # subject key identifier
            "2.5.29.35": False,  # authority key identifier
            "2.5.29.19": True,  # basic constraints
            "2.5.29.15": True if self.usages else None,
            "2.5.29.37": False if self.purposes else None,
            "2.5.29.17": self.names_critical,
            "2.5.29.30": self.constraints_critical,
        }
        return {oid: critical for oid, critical in present.items() if critical is not None}


@dataclass(frozen=True)
class Row:
    """`name` names the object and the test, `encoding` is the label of the private key's PEM.

    `csr` is what to make the request of with tests.support.pki.csr; empty where cert-manager makes it.
    """

    name: str
    shape: Shape
    issuer: str = "demo"
    encoding: str = "EC PRIVATE KEY"
    spec: Mapping[str, Any] = field(default_factory=dict)
    csr: Mapping[str, Any] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


def read(certificate: x509.Certificate, ca_ends: datetime) -> Shape:
    limits = _value(certificate, x509.BasicConstraints)
    names = _find(certificate, x509.SubjectAlternativeName)
    constraints = _find(certificate, x509.NameConstraints)
    usage = _value(certificate, x509.KeyUsage)
    purposes = _value(certificate, x509.ExtendedKeyUsage)
    ends = certificate.not_valid_after_utc
    return Shape(
        key=describe(certificate.public_key()),
        subject=subjects.rdns(der.subject(certificate)),
        names=tuple(_name(name) for name in names.value) if names else (),
        names_critical=names.critical if names else None,
        usages=_bits(usage) if usage else frozenset(),
        purposes=frozenset(purpose.dotted_string for purpose in purposes or ()),
        is_ca=limits is not None and limits.ca,
        path_length=limits.path_length if limits else None,
        constraints=_constraints(constraints.value) if constraints else (),
        constraints_critical=constraints.critical if constraints else None,
        duration=ENDS_WITH_ITS_CA if ends == ca_ends else ends - certificate.not_valid_before_utc,
    )


def describe(key: object) -> str:
    match key:
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey():
            return f"ECDSA {key.curve.key_size}"
        case ed25519.Ed25519PublicKey():
            return "Ed25519"
    return type(key).__name__


def _find(certificate: x509.Certificate, kind: type[_Value]) -> x509.Extension[_Value] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def _value(certificate: x509.Certificate, kind: type[_Value]) -> _Value | None:
    found = _find(certificate, kind)
    return found.value if found else None


def _name(name: x509.GeneralName) -> str:
    match name:
        case x509.DNSName():
            return f"DNS:{name.value}"
        case x509.IPAddress():
            return f"IP:{name.value}"
        case x509.UniformResourceIdentifier():
            return f"URI:{name.value}"
        case x509.RFC822Name():
            return f"email:{name.value}"
        case x509.OtherName():
            return f"{name.type_id.dotted_string}:{subjects.text(name.value)}"
    return repr(name)


def _bits(usage: x509.KeyUsage) -> frozenset[str]:
    """cryptography raises when asked for the last two of a key that agrees on nothing."""
    bits = [
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign",
    ]  # fmt: skip
    if usage.key_agreement:
        bits += ["encipher_only", "decipher_only"]
    return frozenset(bit for bit in bits if getattr(usage, bit))


def _constraints(constraints: x509.NameConstraints) -> tuple[str, ...]:
    permitted = [f"permitted {_name(name)}" for name in constraints.permitted_subtrees or ()]
    return (*permitted, *(f"excluded {_name(name)}" for name in constraints.excluded_subtrees or ()))
