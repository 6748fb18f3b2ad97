"""Decrypts the private key of a step-ca JWK provisioner with its password.

Returns the JWK as JSON, or raises ValueError with a message that continues the caller's sentence, as in 'jwk ' + 'is no
JSON'. Format: RFC 7516, compact or flattened JSON, with PBES2 (RFC 7518 section 4.8) and AES-GCM, which is all that
`step` writes. Written by hand, since PyJWT has no JWE and other libraries refuse the 600,000 iterations of `step`.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

_LIMIT = 20_000
_MOST_ITERATIONS = 1_000_000
_PARTS = ("protected", "encrypted_key", "iv", "ciphertext", "tag")
_KEY_WRAPS = {
    "PBES2-HS256+A128KW": (hashes.SHA256(), 16),
    "PBES2-HS384+A192KW": (hashes.SHA384(), 24),
    "PBES2-HS512+A256KW": (hashes.SHA512(), 32),
}
_CONTENT_KEYS = {"A128GCM": 16, "A192GCM": 24, "A256GCM": 32}  # bytes


def decrypt(encrypted: bytes, password: bytes) -> bytes:
    """The decrypted key. Takes up to a second: call it in a thread."""
    protected, *others = _split(encrypted)
    try:
        algorithm, salt, iterations, size = _header(_decode(protected))
        wrapped, iv, ciphertext, tag = (_decode(part) for part in others)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise ValueError("is no key that `step` encrypted") from None
    if not 0 < iterations <= _MOST_ITERATIONS:
        raise ValueError(f"asks for {iterations:,} iterations; 1 to {_MOST_ITERATIONS:,} are allowed")
    digest, length = _KEY_WRAPS[algorithm]
    kdf = PBKDF2HMAC(digest, length, algorithm.encode() + b"\x00" + salt, iterations)
    try:
        key = keywrap.aes_key_unwrap(kdf.derive(password), wrapped)
        if len(key) != size:
            raise InvalidTag
        return AESGCM(key).decrypt(iv, ciphertext + tag, protected.encode())
    except (keywrap.InvalidUnwrap, InvalidTag, ValueError):
        raise ValueError("does not open with the password") from None


def _split(encrypted: bytes) -> list[str]:
    if len(encrypted) > _LIMIT:
        raise ValueError(f"has {len(encrypted):,} bytes, more than the {_LIMIT:,} allowed")
    try:
        text = encrypted.decode("ascii").strip()
        parts = [json.loads(text)[name] for name in _PARTS] if text.startswith("{") else text.split(".")
    except (ValueError, LookupError, RecursionError):
        parts = []
    if len(parts) != len(_PARTS) or not all(isinstance(part, str) for part in parts):
        raise ValueError("is no encrypted JWK (JWE, compact or JSON)")
    return parts


def _header(text: bytes) -> tuple[str, bytes, int, int]:
    """Algorithm, salt, iterations, and the length of the content's key."""
    header: dict[str, Any] = json.loads(text)
    if header.keys() & {"crit", "zip"} or header["alg"] not in _KEY_WRAPS:
        raise LookupError
    iterations = header["p2c"]
    if not isinstance(iterations, int):
        raise TypeError
    return header["alg"], _decode(header["p2s"]), iterations, _CONTENT_KEYS[header["enc"]]


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
