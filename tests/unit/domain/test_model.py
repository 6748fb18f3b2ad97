"""How an object is named in messages and logs.

One line, whatever tenants call their objects.
"""

import pytest

from domain.model import ObjectKey
from entrypoints.issuer import NAMES


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (ObjectKey(NAMES.issuer, "team", "ca"), f"{NAMES.issuer} team/ca"),
        (ObjectKey(NAMES.cluster_issuer, "", "ca"), f"{NAMES.cluster_issuer} ca"),
        (ObjectKey("CertificateSigningRequest", "", "My_CSR:x ü"), "CertificateSigningRequest My_CSR:x ü"),
        (ObjectKey("CertificateSigningRequest", "", "a\nINFO forged"), r"CertificateSigningRequest 'a\nINFO forged'"),
    ],
)
def test_an_object_is_named_on_one_line(key: ObjectKey, text: str) -> None:
    assert str(key) == text
