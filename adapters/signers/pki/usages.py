"""Key usages as Kubernetes and cert-manager name them, and the two certificate extensions that hold them.

Sources: cert-manager API reference, KeyUsage; RFC 5280 sections 4.2.1.3 and 4.2.1.12; RFC 4945 section 5.1.3.12.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from adapters.signers.pki import parsing
from domain.errors import RequestRejected

CERT_SIGN = "key_cert_sign"
DEFAULT = ("digital signature", "key encipherment")
"""What cert-manager takes where spec.usages is empty."""

_BITS = {
    "signing": "digital_signature",  # the older word; messages use the one that comes later
    "digital signature": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "key agreement": "key_agreement",
    "data encipherment": "data_encipherment",
    "cert sign": CERT_SIGN,
    "crl sign": "crl_sign",
    "encipher only": "encipher_only",
    "decipher only": "decipher_only",
}
_PURPOSES = {
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "s/mime": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "email protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "ipsec end system": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5"),
    "ipsec tunnel": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.6"),
    "ipsec user": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.7"),
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp signing": ExtendedKeyUsageOID.OCSP_SIGNING,
    "microsoft sgc": x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),
    "netscape sgc": x509.ObjectIdentifier("2.16.840.1.113730.4.1"),
}
NAMES = (*_BITS, *_PURPOSES)
_BIT_NAMES = {bit: name for name, bit in _BITS.items()}
_PURPOSE_NAMES = {purpose: name for name, purpose in _PURPOSES.items()}


@dataclass(frozen=True, slots=True)
class Usages:
    """KeyUsage bits by their names in cryptography, and the purposes of ExtendedKeyUsage."""

    bits: frozenset[str]
    purposes: frozenset[x509.ObjectIdentifier]

    def __str__(self) -> str:
        bits = sorted(_BIT_NAMES[bit] for bit in self.bits)
        purposes = sorted(_PURPOSE_NAMES.get(oid, oid.dotted_string) for oid in self.purposes)
        return ", ".join(bits + purposes) or "none"


def key_usage(bits: Collection[str]) -> x509.KeyUsage:
    return x509.KeyUsage(**{bit: bit in bits for bit in _BIT_NAMES})


def extended_key_usage(purposes: Collection[x509.ObjectIdentifier]) -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage(sorted(purposes, key=lambda oid: oid.dotted_string))


def requested(names: Iterable[str], is_ca: bool) -> Usages:
    """What spec.usages and spec.isCA ask for; as cert-manager does, isCA adds 'cert sign'.

    RequestRejected for words that are no usage and for what RFC 5280 forbids.
    """
    names = tuple(names) or DEFAULT
    for name in names:
        if name not in NAMES:
            raise RequestRejected(f"spec.usages: {name!r} is no usage; there are: {', '.join(NAMES)}")
    bits = {_BITS[name] for name in names if name in _BITS}
    if is_ca:
        bits.add(CERT_SIGN)
    elif CERT_SIGN in bits:
        raise RequestRejected(
            "spec.usages: 'cert sign' is for CA certificates alone (RFC 5280 section 4.2.1.9); remove it, or ask for "
            "isCA: true"
        )
    if bits & {"encipher_only", "decipher_only"} and "key_agreement" not in bits:
        raise RequestRejected(
            "spec.usages: 'encipher only' and 'decipher only' mean nothing without 'key agreement' (RFC 5280 "
            "section 4.2.1.3); add it or remove them"
        )
    return Usages(frozenset(bits), frozenset(_PURPOSES[name] for name in names if name in _PURPOSES))


def stated(said: x509.Extensions) -> Usages:
    """What a certificate's extensions say."""
    return Usages(stated_bits(said) or frozenset(), stated_purposes(said) or frozenset())


def stated_bits(said: x509.Extensions) -> frozenset[str] | None:
    """None where there is no KeyUsage extension."""
    usage = parsing.extension_value(said, x509.KeyUsage)
    if usage is None:
        return None
    # cryptography raises when asked for the last two of a key that agrees on nothing
    agreement_only = {"encipher_only", "decipher_only"} if not usage.key_agreement else set()
    return frozenset(bit for bit in _BIT_NAMES if bit not in agreement_only and getattr(usage, bit))


def stated_purposes(said: x509.Extensions) -> frozenset[x509.ObjectIdentifier] | None:
    """None where there is no ExtendedKeyUsage extension."""
    purposes = parsing.extension_value(said, x509.ExtendedKeyUsage)
    return None if purposes is None else frozenset(purposes)
