"""Accepted key types and sizes, for certificates and for CAs, and the hash that a CA key signs with.

They are those of cert-manager: RSA from 2048 bits, P-256, P-384, P-521, Ed25519.
"""

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey
SignatureHash = hashes.SHA256 | hashes.SHA384 | hashes.SHA512

_RSA_BITS = 2048
_RSA_EXPONENTS = 2**31
_CURVE_HASHES: dict[str, SignatureHash] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}
_REMEDY = "use RSA with at least 2048 bits, ECDSA on P-256, P-384 or P-521, or Ed25519"


class NotAccepted(ValueError):
    """A key that is not accepted; the message says which are."""


def accepted(key: object) -> PublicKey:
    """The key itself where it is good enough; NotAccepted, with the remedy, otherwise."""
    match key:
        case Ed25519PublicKey():
            return key
        case RSAPublicKey():
            if key.key_size < _RSA_BITS:
                raise NotAccepted(f"holds an RSA key of {key.key_size} bits, which is too weak; {_REMEDY}")
            if key.public_numbers().e >= _RSA_EXPONENTS:
                raise NotAccepted(
                    "holds an RSA key whose public exponent is 2**31 or more, with which Go verifies nothing"
                )
            return key
        case EllipticCurvePublicKey():
            if key.curve.name not in _CURVE_HASHES:
                raise NotAccepted(f"holds a key on the curve {key.curve.name}, which is not accepted; {_REMEDY}")
            return key
    raise NotAccepted(f"holds a key of a type that is not accepted; {_REMEDY}")


def is_held(key: PublicKey, certificate: x509.Certificate) -> bool:
    """Whether the certificate is for this key."""
    try:
        return certificate.public_key() == key
    except Exception:  # a key of a type that cryptography does not know
        return False


def signature_hash(key: PrivateKey) -> SignatureHash | None:
    """As strong as the key (RFC 5480 section 4); None for Ed25519, which hashes by itself (RFC 8410)."""
    match key:
        case EllipticCurvePrivateKey():
            return _CURVE_HASHES[key.curve.name]
        case Ed25519PrivateKey():
            return None
    return hashes.SHA256()
