"""Subject alternative names: which of them a certificate can hold, and how messages tell them.

Law: a kind that cannot be read, or a text that its kind does not allow, is refused before anybody signs it; every
other kind is taken as it stands. Format: RFC 5280 section 4.2.1.6.
"""

from __future__ import annotations

from cryptography import x509

from adapters.signers.x509 import extensions

_TEXTS = (x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier)


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
