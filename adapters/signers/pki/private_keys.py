"""Reads the private key of a PEM file: PKCS#8, PKCS#1 or SEC 1, with what usual tools write around it.

- Text and other PEM blocks around the key are ignored (RFC 7468 section 2), as are white space and CRLF line ends.
- Sizes are limited before anything is decoded or checked, since checking a long RSA key takes hours.
- Every mistake is a ValueError that completes the caller's sentence ('tls.key ' + 'is encrypted') and quotes nothing.
"""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives import serialization

from adapters.signers.pki import keys, pem

FILE_LIMIT = 100_000
"""Bytes of the whole file: a key of 8192 bits that `openssl rsa -text` printed has 22,000, a chain may stand beside."""
KEY_LIMIT = 4_850
"""Bytes of the key in DER. RSA of 8192 bits, cert-manager's largest, has 4,678 in PKCS#8 and takes seconds to check;
twice the bits take ten times as long."""
_READ = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY")
_CONVERT = "convert it with `ssh-keygen -p -m PKCS8 -f FILE`"


def read(data: bytes) -> keys.PrivateKey:
    """The first private key of the file; of any size, and of the types of `keys.PrivateKey`."""
    label, body = _key_block(data)
    if label == "ENCRYPTED PRIVATE KEY" or b"4,ENCRYPTED" in body:  # of "Proc-Type: 4,ENCRYPTED" (RFC 1421)
        raise ValueError("is encrypted; store it without a passphrase")
    if label == "OPENSSH PRIVATE KEY":
        raise ValueError(f"is a private key in OpenSSH's own format; {_CONVERT}")
    if label not in _READ:
        raise ValueError("is a private key of an unsupported type; use RSA, ECDSA or Ed25519")
    der = pem.decode(body)
    if len(der) > KEY_LIMIT:
        raise ValueError(f"holds a private key of {len(der):,} bytes, more than the {KEY_LIMIT:,} allowed")
    return _load(label, der)


def _key_block(data: bytes) -> tuple[str, bytes]:
    """Label and body of the first block that is a private key."""
    others = set()
    for label, body in pem.blocks(data, FILE_LIMIT):
        if label.endswith("PRIVATE KEY"):
            return label, body
        others.add(label)
    if any(label.endswith("PUBLIC KEY") for label in others):
        raise ValueError("is a public key; store the private key that belongs to it")
    if others & {"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"}:
        raise ValueError("holds a certificate and no private key; store the private key that belongs to it")
    raise ValueError("is no private key in PEM")


def _load(label: str, der: bytes) -> keys.PrivateKey:
    clean = f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n".encode()
    try:
        key = serialization.load_pem_private_key(clean, password=None)
    except Exception:  # cryptography's words might quote the key
        raise ValueError("holds a private key that cannot be read: it is damaged, or of an unsupported type") from None
    if not isinstance(key, keys.PrivateKey):
        raise ValueError("is a private key of an unsupported type; use RSA, ECDSA or Ed25519")
    return key
