"""The key of a JWK provisioner, made as `step` makes it, by cryptography alone."""

from __future__ import annotations

import base64
import json
import os

from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

PASSWORD = "canary-0c8d5e7f21"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provisioner:
    """A JWK provisioner's key: the public part for the CA, the private one as `step` writes it into Secrets."""

    def __init__(self, kid: str, password: str = PASSWORD, *, iterations: int = 600_000) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        numbers = key.private_numbers()
        point = numbers.public_numbers
        named = {"use": "sig", "kty": "EC", "kid": kid, "crv": "P-256", "alg": "ES256"}
        self.public = named | {"x": _base64url(point.x.to_bytes(32)), "y": _base64url(point.y.to_bytes(32))}
        self.private = self.public | {"d": _base64url(numbers.private_value.to_bytes(32))}
        self.encrypted = encrypt(json.dumps(self.private).encode(), password.encode(), iterations=iterations)


def encrypt(content: bytes, password: bytes, *, iterations: int = 600_000, enc: str = "A256GCM") -> str:
    """A compact JWE with PBES2 and AES-GCM (RFC 7518 sections 4.8 and 5.3), as `step` makes them."""
    salt, key, iv = os.urandom(16), os.urandom(32), os.urandom(12)
    header = {
        "alg": "PBES2-HS256+A128KW",
        "cty": "jwk+json",
        "enc": enc,
        "p2c": iterations,
        "p2s": _base64url(salt),
    }
    protected = _base64url(json.dumps(header).encode())
    kdf = PBKDF2HMAC(hashes.SHA256(), 16, header["alg"].encode() + b"\x00" + salt, iterations)  # type: ignore[attr-defined]
    wrapped = keywrap.aes_key_wrap(kdf.derive(password), key)
    sealed = AESGCM(key).encrypt(iv, content, protected.encode())
    return ".".join([protected, *map(_base64url, (wrapped, iv, sealed[:-16], sealed[-16:]))])
