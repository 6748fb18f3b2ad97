"""URL, headers and body of EST requests, from an issuer's spec and Secret.

Mistakes are IssuerFailed and name the field, or the key of the Secret, and the remedy.
Format: RFC 7030 sections 3.2.2, 3.2.3, 4.2.1; RFC 8951.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlsplit

from adapters.signers.http import tls
from adapters.signers.http.client import HTTPRequest
from adapters.signers.http.pool import Endpoint
from adapters.spec_fields import SpecFields, described
from domain.errors import IssuerFailed
from domain.model import Credentials, IssuerSpec, ObjectKey

USERNAME, PASSWORD = "username", "password"
ENROL, TRUSTED = "simpleenroll", "cacerts"
"""The operations of EST that are used here."""
_PLACE = "/.well-known/est"
_OPERATIONS = (TRUSTED, ENROL, "simplereenroll", "fullcmc", "serverkeygen", "csrattrs")
_SEGMENT = f"must be one path segment of letters, digits and ._~-, and none of EST's own ({', '.join(_OPERATIONS)})"


class ESTSpec(SpecFields, frozen=True):
    """Asks an EST server (RFC 7030) at url, which has no path: EST is always found at /.well-known/est."""

    label: Annotated[
        str,
        described(
            "Which of several CAs of the server signs (RFC 7030 section 3.2.2).",
            (
                f"self.matches('^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$') && !(self in {[*_OPERATIONS]})",
                _SEGMENT,
            ),
            max_length=100,
        ),
    ] = ""


@dataclass(frozen=True, slots=True)
class Server:
    """One CA of one EST server. `shown` names the keys of the Secret by which it knows us."""

    endpoint: Endpoint
    path: str
    shown: str
    authorization: dict[str, str] = field(repr=False)

    @property
    def key(self) -> tuple[str, str, ObjectKey, str]:
        """Equal for the same CA with the same credentials."""
        return self.endpoint.url, self.path, self.endpoint.secret, self.endpoint.credentials.version

    def ask(self, operation: str) -> HTTPRequest:
        # With the authorization, although it need not be (section 4.1.1): a server that looks at it says early.
        return HTTPRequest("GET", f"{self.path}/{operation}", self.authorization)

    def enrol(self, csr: bytes) -> HTTPRequest:
        """Asks for a certificate for a CSR in DER, the first time and while it is pending (section 4.2.3)."""
        return self._enrol(base64.encodebytes(csr))

    def enrol_on_one_line(self, csr: bytes) -> HTTPRequest:
        """The same for servers that read no base64 in lines; those on OpenSSL's reader take no long line, so after it.

        Both are right, and all servers should read both (RFC 8951 section 3.1).
        """
        return self._enrol(base64.b64encode(csr))

    def _enrol(self, body: bytes) -> HTTPRequest:
        headers = {"Content-Type": "application/pkcs10", "Content-Transfer-Encoding": "base64"}
        return HTTPRequest("POST", f"{self.path}/{ENROL}", headers | self.authorization, body)


def server(issuer: IssuerSpec, credentials: Credentials) -> Server:
    """Raises IssuerFailed if spec or Secret cannot work."""
    _require_bare(issuer.url)
    by_name, by_certificate = _means(issuer.secret, credentials)
    shown = [*([USERNAME, PASSWORD] if by_name else []), *([tls.CERTIFICATE, tls.KEY] if by_certificate else [])]
    return Server(
        endpoint=Endpoint(issuer.url, issuer.secret, credentials, client_certificate=by_certificate),
        path=_PLACE + _segment(issuer.options_as(ESTSpec).label),
        shown=f"{', '.join(shown[:-1])} and {shown[-1]} of {issuer.secret}",
        authorization=_basic(issuer.secret, credentials) if by_name else {},
    )


def _require_bare(url: str) -> None:
    try:
        path = urlsplit(url).path
    except ValueError:
        return  # Clients says it better
    if path.strip("/"):
        raise IssuerFailed(
            f"spec.url: holds a path, but EST is always found at {_PLACE}; remove it, and put the label of a CA, "
            "if it has one, into spec.est.label"
        )


def _segment(label: str) -> str:
    if not label:
        return ""
    if not re.fullmatch(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,99}", label) or label in _OPERATIONS:
        raise IssuerFailed(f"spec.est.label: {_SEGMENT}")
    return f"/{label}"


def _means(secret: ObjectKey, credentials: Credentials) -> tuple[bool, bool]:
    """Whether by username and password, whether by certificate."""
    found = []
    for pair in ((USERNAME, PASSWORD), (tls.CERTIFICATE, tls.KEY)):
        missing = [name for name in pair if not credentials.data.get(name)]
        if len(missing) == 1:
            there = next(name for name in pair if name not in missing)
            raise IssuerFailed(f"{secret} has {there} but no {missing[0]}; add it, or remove {there}")
        found.append(not missing)
    by_name, by_certificate = found
    if not by_name and not by_certificate:
        raise IssuerFailed(
            f"{secret} has neither {USERNAME} and {PASSWORD} nor {tls.CERTIFICATE} and {tls.KEY}; "
            "store there what the EST server knows you by"
        )
    return by_name, by_certificate


def _basic(secret: ObjectKey, credentials: Credentials) -> dict[str, str]:
    """RFC 7617. A newline at the end is of the file that the Secret was made from, not of the password."""
    name, password = (credentials.data[key].rstrip(b"\r\n") for key in (USERNAME, PASSWORD))
    if b":" in name:
        raise IssuerFailed(f"{secret}: {USERNAME} holds a colon, which HTTP basic authentication cannot send")
    return {"Authorization": "Basic " + base64.b64encode(name + b":" + password).decode()}
