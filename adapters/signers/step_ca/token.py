"""Creates one-time tokens of step-ca's JWK and X5C provisioners from the issuer's Secret, each for one CSR.

The token holds all that the CA learns about a request, signed, and the fingerprint of the CSR: it is of no use for
another CSR. Format: RFC 7519, and step-ca's authority/provisioner/{jwk,x5c}.go.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from adapters.signers.http import tls
from adapters.signers.pki import keys, usages
from adapters.signers.pki.csr import CSR
from adapters.signers.step_ca import jwe
from domain.errors import IssuerFailed
from domain.model import Credentials, ObjectKey, SignRequest

JWK, PASSWORD = "jwk", "password"  # of the Secret
_LIFETIME = timedelta(minutes=5)
_LONGEST_PRIME = 350  # characters of base64, for 2048 bits and a few
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_NAMED: dict[type[x509.GeneralName], str] = {
    x509.DNSName: "dns",
    x509.RFC822Name: "email",
    x509.UniformResourceIdentifier: "uri",
    x509.IPAddress: "ip",
}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Makes tokens for provisioners of one `type`; `shown` says in messages by what we are known.

    `header` names the key: by its `kid` (JWK) or its certificate (X5C). `begins` is when that certificate becomes
    valid: step-ca signs nothing that is valid earlier.
    """

    type: str
    shown: str
    header: dict[str, Any]
    key: keys.PrivateKey = field(repr=False)
    begins: datetime | None = None

    def make(self, provisioner: str, host: str, order: SignRequest, csr: CSR, now: datetime) -> str:
        """A token for this order alone, at a CA that has `host` among its dnsNames."""
        names = [str(name.value) for name, _ in _typed(csr)]
        claims = {
            "iss": provisioner,
            "aud": f"https://{host}/1.0/sign" + (f"#x5c/{provisioner}" if self.type == "X5C" else ""),
            "sub": _common_name(csr) or next(iter(names), order.uid),
            "sans": names,
            "iat": math.ceil(now.timestamp()),  # rounded up: step-ca takes no token from before its own start
            "nbf": int(now.timestamp()),
            "exp": int((now + _LIFETIME).timestamp()),
            "jti": secrets.token_hex(32),  # not the order's uid: a second attempt needs a second token
            "cnf": {"x5rt#S256": _base64url(hashlib.sha256(csr.der).digest())},
            "request": _request(order, csr),
        }
        return jwt.encode(claims, self.key, algorithm=_algorithm(self.key), headers=self.header)


def read_tokens(secret: ObjectKey, credentials: Credentials, now: datetime) -> Tokens:
    """From what the Secret holds; IssuerFailed where that cannot work. Takes its time: call it in a thread."""
    by_jwk = [key for key in (JWK, PASSWORD) if credentials.data.get(key)]
    by_certificate = [key for key in (tls.CERTIFICATE, tls.KEY) if credentials.data.get(key)]
    match len(by_jwk), len(by_certificate):
        case 2, 0:
            return _read_jwk(secret, credentials)
        case 0, 2:
            return _read_x5c(secret, credentials, now)
    found = ", ".join(by_jwk + by_certificate) or "none of them"
    raise IssuerFailed(
        f"{secret} must hold {JWK} and {PASSWORD} for a JWK provisioner, or {tls.CERTIFICATE} and {tls.KEY} for an X5C "
        f"provisioner, but holds {found}; add what is missing, or remove what is too much"
    )


def _read_jwk(secret: ObjectKey, credentials: Credentials) -> Tokens:
    # A newline at the end is of the file that the Secret was made from, not of the password.
    password = credentials.data[PASSWORD].rstrip(b"\r\n")
    try:
        kid, key = _parse(jwe.decrypt(credentials.data[JWK], password))
    except ValueError as error:
        raise IssuerFailed(f"{secret}: {JWK} {error}; store the provisioner's encryptedKey and its password") from None
    return Tokens("JWK", f"{JWK} and {PASSWORD} of {secret}", {"kid": kid}, key)


def _parse(text: bytes) -> tuple[str, keys.PrivateKey]:
    try:
        values = json.loads(text)
        if values["kty"] == "RSA":
            _require_quick(values)
        kid, key = values["kid"], jwt.PyJWK(values).key
    except Exception:  # their words might quote the key
        raise ValueError("holds no JWK with a kid (and p and q where it is RSA, of 4096 bits at most)") from None
    if not isinstance(key, keys.PrivateKey) or not isinstance(kid, str):
        raise ValueError("holds no private key of a type that step-ca uses")
    keys.accepted(key.public_key())
    return kid, key


def _require_quick(rsa: dict[str, Any]) -> None:
    """Raises where reading the key could stop the whole process for long: it lacks its primes, or they are too long."""
    if max(len(rsa["p"]), len(rsa["q"])) > _LONGEST_PRIME:
        raise ValueError


def _read_x5c(secret: ObjectKey, credentials: Credentials, now: datetime) -> Tokens:
    chain, key = tls.key_pair(secret, credentials, now)
    certificates = [base64.b64encode(certificate.public_bytes(Encoding.DER)).decode() for certificate in chain]
    shown = f"{tls.CERTIFICATE} and {tls.KEY} of {secret}"
    return Tokens("X5C", shown, {"x5c": certificates}, key, chain[0].not_valid_before_utc)


def _algorithm(key: keys.PrivateKey) -> str:
    """RFC 7518 section 3.1, RFC 8037 section 3.1."""
    match key:
        case EllipticCurvePrivateKey():
            return _CURVES[key.curve.name]
        case Ed25519PrivateKey():
            return "EdDSA"
    return "RS256"


def _request(order: SignRequest, csr: CSR) -> dict[str, Any]:
    """What the request's spec says, in the words of step-ca's templates: there it is {{ .Token.request }}."""
    wanted = usages.requested(order.usages, order.is_ca)
    length = csr.constraints.path_length if order.is_ca and csr.constraints else None
    return {
        # Templates do not mind underscores, but call this one bit otherwise.
        "keyUsage": sorted("cert_sign" if bit == usages.CERT_SIGN else bit for bit in wanted.bits),
        "extKeyUsage": sorted(purpose.dotted_string for purpose in wanted.purposes),
        "sans": [{"type": kind, "value": str(name.value)} for name, kind in _typed(csr)],
        "basicConstraints": {"isCA": order.is_ca, "maxPathLen": -1 if length is None else length},
        "extensions": _extensions(order, csr),
    }


def _typed(csr: CSR) -> Iterator[tuple[x509.GeneralName, str]]:
    """The names that templates have words for, each with its type there."""
    for name in csr.names or ():
        if kind := _NAMED.get(type(name)):
            yield name, kind


def _extensions(order: SignRequest, csr: CSR) -> list[dict[str, Any]]:
    """What templates have no words for: names of other kinds, and all that name constraints can say.

    Only then are the names sent like this: step-ca's policy for names does not look into extensions.
    """
    found = []
    if csr.names and not all(type(name) in _NAMED for name in csr.names):
        found.append(_extension(csr.names, critical=not csr.subject.rdns))  # as x509/leaf.py has it
    if order.is_ca and csr.name_constraints:
        found.append(_extension(csr.name_constraints.value, csr.name_constraints.critical))
    return found


def _extension(value: x509.ExtensionType, critical: bool) -> dict[str, Any]:
    der = base64.b64encode(value.public_bytes()).decode()
    return {"id": value.oid.dotted_string, "critical": critical, "value": der}


def _common_name(csr: CSR) -> str:
    """The last common name: step-ca, as all Go programs, compares that one with the token's subject."""
    found = csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[-1].value) if found else ""


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
