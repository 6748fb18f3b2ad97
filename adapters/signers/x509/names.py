"""Subject alternative names: which of them a certificate can hold, and how messages tell them.

Law: a kind that cannot be read, or a text that its kind does not allow, is refused before anybody signs it; every
other kind is taken as it stands. Format: RFC 5280 section 4.2.1.6.
"""

from __future__ import annotations

import re

from cryptography import x509
from cryptography.x509.oid import NameOID

from adapters.signers.x509 import extensions

_TEXTS = (x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier)
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$)(?!.*\.[0-9]+$)(?:\*\.)?(?:{_LABEL}\.)*{_LABEL}")  # RFC 1123; no IPv4 address


def asked(said: x509.Extensions) -> x509.SubjectAlternativeName | None:
    """What a request asks for, None where that is nothing; ValueError for a text that is no IA5String."""
    names = extensions.value(said, x509.SubjectAlternativeName)
    for name in names or ():
        if isinstance(name, _TEXTS) and not _is_sound(name.value):
            raise ValueError(
                f"asks for the {text(name)}, which no certificate can hold: DNS names, e-mail addresses and URIs are "
                "of printable ASCII characters alone; write what is international as IDNA (xn--) or percent-encoded"
            )
    return names or None


def _is_sound(value: str) -> bool:
    return bool(value) and value.isascii() and value.isprintable()


def is_common_name(name: x509.GeneralName, subject: x509.Name) -> bool:
    """Whether it is a DNS name, and the subject's only common name, in whatever case."""
    found = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not isinstance(name, x509.DNSName) or len(found) != 1 or not _HOST.fullmatch(name.value):
        return False
    return name.value.lower() == str(found[0].value).lower()


def text(name: x509.GeneralName) -> str:
    """The name with its kind, on one line."""
    match name:
        case x509.DNSName():
            return f"DNS name {name.value!r}"
        case x509.RFC822Name():
            return f"e-mail address {name.value!r}"
        case x509.UniformResourceIdentifier():
            return f"URI {name.value!r}"
        case x509.IPAddress():
            return f"IP address {name.value}"
        case x509.DirectoryName():
            return f"directory name {name.value.rfc4514_string()!r}"
        case x509.OtherName():
            return f"otherName {name.type_id.dotted_string} ({name.value.hex()})"
    return repr(name)
