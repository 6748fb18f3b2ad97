"""Every usage of cert-manager's and of Kubernetes' list, which are the same, and what it becomes in a certificate.

Sources: the KeyUsage types of cert-manager.io/v1 and certificates.k8s.io/v1; RFC 5280 sections 4.2.1.3 and 4.2.1.12.
"""

from __future__ import annotations

BITS = (
    (("signing",), frozenset({"digital_signature"})),
    (("digital signature",), frozenset({"digital_signature"})),
    (("content commitment",), frozenset({"content_commitment"})),
    (("key encipherment",), frozenset({"key_encipherment"})),
    (("key agreement",), frozenset({"key_agreement"})),
    (("data encipherment",), frozenset({"data_encipherment"})),
    (("crl sign",), frozenset({"crl_sign"})),
    (("encipher only", "key agreement"), frozenset({"encipher_only", "key_agreement"})),
    (("decipher only", "key agreement"), frozenset({"decipher_only", "key_agreement"})),
)
"""Each alone, but for those that mean nothing alone; 'cert sign' is for CAs, which Kubernetes' CSRs cannot ask for."""

PURPOSES = (
    ("any", "2.5.29.37.0"),
    ("server auth", "1.3.6.1.5.5.7.3.1"),
    ("client auth", "1.3.6.1.5.5.7.3.2"),
    ("code signing", "1.3.6.1.5.5.7.3.3"),
    ("email protection", "1.3.6.1.5.5.7.3.4"),
    ("s/mime", "1.3.6.1.5.5.7.3.4"),
    ("ipsec end system", "1.3.6.1.5.5.7.3.5"),
    ("ipsec tunnel", "1.3.6.1.5.5.7.3.6"),
    ("ipsec user", "1.3.6.1.5.5.7.3.7"),
    ("timestamping", "1.3.6.1.5.5.7.3.8"),
    ("ocsp signing", "1.3.6.1.5.5.7.3.9"),
    ("microsoft sgc", "1.3.6.1.4.1.311.10.3.3"),
    ("netscape sgc", "2.16.840.1.113730.4.1"),
)

CA_USAGES = frozenset({"digital_signature", "key_encipherment", "key_cert_sign"})
"""Those that are meant where none are said, and the one that isCA brings along."""
SERVER_AUTH, CLIENT_AUTH = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"


def named(usage: str) -> str:
    """As a part of an object's name."""
    return usage.replace(" ", "-").replace("/", "-")
