"""Where fuzzing of StepCA begins; see seeds.py."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.utils import to_base64url_uint

from tests.integration.step_ca.provisioner import encrypt
from tests.support import pki
from tests.tools.fuzz import parties

Seeds = dict[str, bytes]
_KEYS = ("rsa2048", "p256", "p384", "p521", "ed25519")
_ENCRYPTED = encrypt(b"{}", b"password", iterations=1)


def good(bundle: str, requests: Sequence[bytes]) -> dict[str, Seeds]:
    """`bundle` is a certificate with its CA, in PEM; `requests` are bodies of CSRs."""
    return {
        "step": {name: json.dumps(said).encode() for name, said in _step(bundle).items()},
        "step-jwe": {"compact": _ENCRYPTED.encode(), "json": _flattened(), "header": _decode(_ENCRYPTED.split(".")[0])},
        "step-jwk": {name: json.dumps(key).encode() for name, key in _jwks().items()},
        "step-token": {f"request-{number}": body for number, body in enumerate(requests)},
    }


def bad() -> dict[str, Seeds]:
    return {"step-jwk": {"no-primes": _prime_jwk()}}


def _step(bundle: str) -> dict[str, Any]:
    provisioner = {"type": "JWK", "name": "us", "key": {"kid": "kid"}, "encryptedKey": _ENCRYPTED}
    return {
        "health": {"status": "ok"},
        "provisioners": {"provisioners": [{"type": "X5C", "name": "other"}, provisioner], "nextCursor": "a/b"},
        "roots": {"crts": [parties.CA.pem.decode()]},
        "sign": {"crt": bundle, "certChain": [bundle]},
    }


def _flattened() -> bytes:
    names = ("protected", "encrypted_key", "iv", "ciphertext", "tag")
    return json.dumps(dict(zip(names, _ENCRYPTED.split("."), strict=True))).encode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


def _jwks() -> dict[str, dict[str, str]]:
    made = {kind: json.loads(_JWK_MAKERS[kind.rstrip("0123456789")].to_jwk(pki.key(kind))) for kind in _KEYS}
    return {kind: key | {"kid": "kid"} for kind, key in made.items()}


_JWK_MAKERS: dict[str, Any] = {"rsa": RSAAlgorithm, "p": ECAlgorithm, "ed": OKPAlgorithm}


def _prime_jwk() -> bytes:
    """RSA with a prime for its modulus, so that looking for its factors comes to no end."""
    modulus = 2**4423 - 1
    numbers = {"n": modulus, "e": 65537, "d": pow(65537, -1, modulus - 1)}
    text = {name: to_base64url_uint(number).decode() for name, number in numbers.items()}
    return json.dumps({"kty": "RSA", "kid": "kid"} | text).encode()
