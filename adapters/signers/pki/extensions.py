"""Extensions are found here, and absence is a value: None, never an exception."""

from typing import TypeVar

from cryptography import x509

_Value = TypeVar("_Value", bound=x509.ExtensionType)


def find(extensions: x509.Extensions, kind: type[_Value]) -> x509.Extension[_Value] | None:
    """The extension with its criticality."""
    try:
        return extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def value(extensions: x509.Extensions, kind: type[_Value]) -> _Value | None:
    """What the extension says."""
    extension = find(extensions, kind)
    return None if extension is None else extension.value
