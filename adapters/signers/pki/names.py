"""Subject alternative names (RFC 5280 section 4.2.1.6): which of them can be signed, and how messages show them.

A name of a kind or with a text that Go's crypto/x509 cannot read is refused; every other name is taken as it stands.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address

from cryptography import x509
from cryptography.x509.oid import NameOID

from adapters.signers.pki import parsing

_TEXTS = (x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier)
_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:"
    r"(//(?!$|[?#])([A-Za-z0-9._~!$&'()*+,;=-]+(:[A-Za-z0-9._~!$&'()*+,;=-]*)?@)?"  # user information
    r"(\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|[A-Za-z0-9_~-]+(\.[A-Za-z0-9_~-]+)*)?(:[0-9]*)?(?=[/?#]|$))?"  # host and port
    r"(?!//)([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*(#([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})+)?"
)
"""The generic syntax of RFC 3986, with hosts as Go's crypto/x509 takes them."""
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$)(?!.*\.[0-9]+$)(?:\*\.)?(?:{_LABEL}\.)*{_LABEL}")  # RFC 1123; no IPv4 address


def asked(said: x509.Extensions) -> x509.SubjectAlternativeName | None:
    """The names that a request asks for, None if there are none; ValueError for a text that its kind does not allow."""
    names = parsing.extension_value(said, x509.SubjectAlternativeName)
    for name in names or ():
        if isinstance(name, _TEXTS) and not _is_sound(name.value):
            raise ValueError(
                f"asks for the {text(name)}, which no certificate can hold: DNS names, e-mail addresses and URIs are "
                "of printable ASCII characters alone; write what is international as IDNA (xn--) or percent-encoded"
            )
        if isinstance(name, x509.UniformResourceIdentifier) and not is_absolute_uri(name.value):
            raise ValueError(f"asks for the {text(name)}, which is no absolute URI (RFC 3986); correct it")
    return names or None


def _is_sound(value: str) -> bool:
    return bool(value) and value.isascii() and value.isprintable()


def is_absolute_uri(value: str) -> bool:
    """Whether Go's crypto/x509 accepts it and reads the same."""
    found = _URI.fullmatch(value)
    try:
        return found is not None and (found["ipv6"] is None or bool(IPv6Address(found["ipv6"])))
    except ValueError:
        return False


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
