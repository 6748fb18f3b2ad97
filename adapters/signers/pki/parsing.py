"""What cryptography's parser does that callers must know: its words, its warnings, its panics, and absent extensions.

- `reason` says in plain words what the parser refuses. The parser says, for example: error parsing asn1 value:
  ParseError { kind: EncodedDefault, location: ["BasicConstraints::ca"] }. Kinds:
  https://docs.rs/asn1/latest/asn1/enum.ParseErrorKind.html
- It warns of certificates that are readable though not to the letter of a standard. Users cannot act on that, and under
  `-W error` such a warning would be an exception.
- pyo3 raises panics of Rust code as a BaseException, which `except Exception` does not catch; a CSR that causes one
  must fail only its own request.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from domain.errors import SigningError

_KINDS = {
    "InvalidValue": "holds a value that its ASN.1 type does not allow",
    "InvalidTag": "has a tag that DER does not allow",
    "InvalidLength": "has a length that is not in DER's shortest form",
    "InvalidSize": "has too few or too many members",
    "UnexpectedTag": "has another ASN.1 type than it must have",
    "ShortData": "is cut off",
    "IntegerOverflow": "holds a number that is too large",
    "ExtraData": "is followed by bytes that belong to nothing",
    "InvalidSetOrdering": "is a SET that is not sorted, as DER demands",
    "EncodedDefault": "writes out a default value, which DER leaves out",
    "OidTooLong": "has an object identifier that is too long",
    "UnknownDefinedBy": "has an identifier that is not known there",
}
_OTHERS = {
    "duplicate attributes": "a set of attributes in its name holds the same type twice",
    "X500_UNIQUE_IDENTIFIER": "its name holds a BIT STRING where a text belongs",
    "path_length must be None": "its basicConstraints have a path length, but no CA:TRUE",
    "must not contain the '*' wildcard": "its name constraints hold a DNS name with a wildcard",
    "Invalid netmask": "its name constraints hold an IP address with an invalid mask",
    "Invalid IPNetwork": "its name constraints hold an IP address of the wrong length",
}
"""Beginnings, or parts, of what the parser says in words of its own."""


def reason(error: Exception) -> str:
    """One clause of plain ASCII that quotes nothing of what was parsed."""
    found = re.search(r"ParseError \{ kind: (\w+)", str(error))
    if found:
        fields = [each.replace("::", ".") for each in re.findall(r'"(\w+::\w+)"', str(error))]
        return f"{', '.join(fields[-2:]) or 'an element'} {_KINDS.get(found[1], 'is no valid DER')}"
    match error:
        case x509.DuplicateExtension():
            return f"the extension {error.oid.dotted_string} is there twice"
        case x509.InvalidVersion():
            return f"its version is {error.parsed_version}, which is not known"
        case x509.UnsupportedGeneralNameType():
            return "it holds an x400Address or ediPartyName, which is not supported"
        case UnsupportedAlgorithm():
            return "its public key is of a type that is not supported"
    for part, words in _OTHERS.items():
        if part in str(error):
            return words
    return f"the parser refuses it ({type(error).__name__})"


_ONE_AT_A_TIME = threading.Lock()
"""Of two threads at once, catch_warnings would leave the wrong filters behind."""


@contextmanager
def suppress_warnings() -> Iterator[None]:
    """Ignores warnings; for a few lines that do not block, since they hold up every other thread that reads."""
    with _ONE_AT_A_TIME, warnings.catch_warnings(action="ignore"):
        yield


class Panicked(SigningError):
    """cryptography panicked on its input."""


@contextmanager
def translate_panics() -> Iterator[None]:
    """Raises a panic of cryptography as Panicked."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # the class cannot be imported: pyo3 makes it when it is needed
            raise
        raise Panicked("cryptography broke on what it was given; the manager's log says where") from None


_Value = TypeVar("_Value", bound=x509.ExtensionType)


def extension(extensions: x509.Extensions, kind: type[_Value]) -> x509.Extension[_Value] | None:
    """The extension with its criticality."""
    try:
        return extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def extension_value(extensions: x509.Extensions, kind: type[_Value]) -> _Value | None:
    """What the extension says."""
    found = extension(extensions, kind)
    return None if found is None else found.value
