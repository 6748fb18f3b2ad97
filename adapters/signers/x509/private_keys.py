"""Reads the private key of a PEM file: PKCS#8, PKCS#1 or SEC 1, with what usual tools write around it.

- Text and other PEM blocks around the key are ignored (RFC 7468 section 2), as are white space and CRLF line ends.
- Sizes are limited before anything is decoded or checked, since checking a long RSA key takes hours.
- Every mistake is a ValueError that completes the caller's sentence ('tls.key ' + 'is encrypted') and quotes nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from cryptography.hazmat.primitives import serialization

from adapters.signers.x509 import keys

FILE_LIMIT = 100_000
"""Bytes of the whole file: a key of 8192 bits that `openssl rsa -text` printed has 22,000, a chain may stand beside."""
KEY_LIMIT = 4_850
"""Bytes of the key in DER. RSA of 8192 bits, cert-manager's largest, has 4,678 in PKCS#8 and takes seconds to check;
twice the bits take ten times as long."""
_READ = (b"PRIVATE KEY", b"RSA PRIVATE KEY", b"EC PRIVATE KEY")
_CONVERT = "convert it with `ssh-keygen -p -m PKCS8 -f FILE`"


def read(data: bytes) -> keys.PrivateKey:
    """The first private key of the file; it may be of any size and curve that `keys.PrivateKey` has."""
    if len(data) > FILE_LIMIT:
        raise ValueError(f"has {len(data):,} bytes, more than the {FILE_LIMIT:,} allowed for a file with a private key")
    label, body = _key_block(data)
    if label == b"ENCRYPTED PRIVATE KEY" or b"4,ENCRYPTED" in body:  # of "Proc-Type: 4,ENCRYPTED" (RFC 1421)
        raise ValueError("is encrypted; store it without a passphrase")
    if label == b"OPENSSH PRIVATE KEY":
        raise ValueError(f"is a private key in OpenSSH's own format; {_CONVERT}")
    if label not in _READ:
        raise ValueError("is a private key of an unsupported type; use RSA, ECDSA or Ed25519")
    return _load(label, _decode(body))


def _key_block(data: bytes) -> tuple[bytes, bytes]:
    """Label and body of the first block that is a private key."""
    others = set()
    for label, body in _blocks(data):
        if label.endswith(b"PRIVATE KEY"):
            return label, body
        others.add(label)
    if any(label.endswith(b"PUBLIC KEY") for label in others):
        raise ValueError("is a public key; store the private key that belongs to it")
    if others & {b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE"}:
        raise ValueError("holds a certificate and no private key; store the private key that belongs to it")
    raise ValueError("is no private key in PEM")


def _blocks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Label and body of each PEM block."""
    rest = data
    while True:
        _, begin, rest = rest.partition(b"-----BEGIN ")
        label, dashes, rest = rest.partition(b"-----")
        if not begin or not dashes:
            return
        body, end, rest = rest.partition(b"-----END " + label + b"-----")
        if not end:
            raise ValueError("is cut off: a PEM block in it has no end")
        yield label, body


def _decode(body: bytes) -> bytes:
    try:
        der = base64.b64decode(b"".join(body.split()), validate=True)
    except ValueError:
        raise ValueError("holds a private key that is not base64") from None
    if len(der) > KEY_LIMIT:
        raise ValueError(f"holds a private key of {len(der):,} bytes, more than the {KEY_LIMIT:,} allowed")
    return der


def _load(label: bytes, der: bytes) -> keys.PrivateKey:
    pem = b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label, base64.encodebytes(der), label)
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except Exception:  # cryptography's words might quote the key
        raise ValueError("holds a private key that cannot be read: it is damaged, or of an unsupported type") from None
    if not isinstance(key, keys.PrivateKey):
        raise ValueError("is a private key of an unsupported type; use RSA, ECDSA or Ed25519")
    return key
