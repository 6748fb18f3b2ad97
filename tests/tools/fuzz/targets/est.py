"""EST: spec.url, which must have no path, and spec.est.label."""

from __future__ import annotations

from adapters.signers.est.server import ESTSpec, server
from domain.errors import IssuerFailed
from domain.model import Credentials, IssuerSpec
from tests.tools.fuzz import parties
from tests.tools.fuzz.targets import refusals

_BASIC = Credentials({"username": b"us", "password": b"it"})


def url(data: bytes) -> bool:
    """The bytes as URL, and as label."""
    text = data.decode(errors="surrogateescape")
    return any([_is_read(text, ""), _is_read("https://ca.example.com", text)])


def _is_read(url: str, label: str) -> bool:
    try:
        server(IssuerSpec(url, parties.SECRET, "est", ESTSpec(label)), _BASIC)
    except IssuerFailed as refusal:
        refusals.check(refusal, IssuerFailed, begins="spec.")
        return False
    return True
