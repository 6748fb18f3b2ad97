"""What came back, found by name.

The cluster is asked again only while what is wanted is not there, and one look serves all rows. A test fails,
with the reason, as soon as what it waits for was refused.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import pytest

from tests.e2e.objects import Objects
from tests.e2e.shapes.compare import Answer
from tests.support.cluster.waiting import wait_until

SECONDS = 150
_CERTIFICATE, _REQUEST, _SIGNING_REQUEST = "Certificate", "CertificateRequest", "CertificateSigningRequest"
_KINDS = (
    "certificates.cert-manager.io,certificaterequests.cert-manager.io,secrets,"
    "certificatesigningrequests.certificates.k8s.io"
)
_OWNER = "cert-manager.io/certificate-name"
_Object = Mapping[str, Any]
_T = TypeVar("_T")


@dataclass
class Answers:
    objects: Objects
    _found: dict[tuple[str, str], _Object] = field(default_factory=dict)

    def certificate(self, name: str, after: int = 0) -> Answer:
        """From the Secret, once the Certificate is Ready as its spec is now, at a revision later than `after`.

        Which revision that is nobody knows: a busy cert-manager sometimes issues once more than it need.
        """
        what = f"Certificate {name} is Ready" + (f" after revision {after}" if after else "")
        return self._wait(what, lambda: self._certificate(name, after))

    def request(self, name: str) -> Answer:
        return self._wait(f"{_REQUEST} {name} is signed", lambda: self._signed(_REQUEST, name))

    def signing_request(self, name: str) -> Answer:
        return self._wait(f"{_SIGNING_REQUEST} {name} is signed", lambda: self._signed(_SIGNING_REQUEST, name))

    def refusal(self, name: str) -> str:
        """The message with which a CertificateSigningRequest was refused."""
        return self._wait(f"{name} is refused", lambda: _refusal(self._found.get((_SIGNING_REQUEST, name), {})))

    def _wait(self, what: str, find: Callable[[], _T | None]) -> _T:
        def probe() -> _T | None:
            if found := find():
                return found
            self._look()
            return find()

        answer = wait_until(probe, SECONDS, what)
        assert answer is not None
        return answer

    def _look(self) -> None:
        told = self.objects.server.kubectl("get", _KINDS, f"--namespace={self.objects.namespace}", "--output=json")
        self._found = {(each["kind"], each["metadata"]["name"]): each for each in json.loads(told)["items"]}

    def _certificate(self, name: str, after: int) -> Answer | None:
        certificate, secret = self._found.get((_CERTIFICATE, name)), self._found.get(("Secret", name))
        requests = [each for (kind, _), each in self._found.items() if kind == _REQUEST and _owner(each) == name]
        _require_none_refused(requests)
        if certificate is None or secret is None or not _is_ready(certificate, after):
            return None
        stored = secret["data"]["tls.crt"]
        request = next((each for each in requests if each.get("status", {}).get("certificate") == stored), None)
        return None if request is None else _answer(request, certificate["status"]["revision"], secret["data"])

    def _signed(self, kind: str, name: str) -> Answer | None:
        found = self._found.get((kind, name), {})
        _require_none_refused([found])
        status = found.get("status", {})
        if "certificate" not in status:
            return None
        names = {"certificate": "tls.crt", "ca": "ca.crt"}
        return _answer(found, 0, {names[key]: value for key, value in status.items() if key in names})


def _is_ready(certificate: _Object, after: int) -> bool:
    status = certificate.get("status", {})
    ready: _Object = next((each for each in status.get("conditions", ()) if each["type"] == "Ready"), {})
    is_current = ready.get("observedGeneration") == certificate["metadata"]["generation"]
    return ready.get("status") == "True" and is_current and status.get("revision", 0) > after


def _owner(request: _Object) -> str | None:
    owner: str | None = request["metadata"].get("annotations", {}).get(_OWNER)
    return owner


def _refusal(request: _Object) -> str:
    """Both kinds: a Ready condition with this reason, or a condition of this type."""
    conditions = request.get("status", {}).get("conditions", ())
    return next((each["message"] for each in conditions if "Failed" in (each["type"], each["reason"])), "")


def _require_none_refused(requests: Iterable[_Object]) -> None:
    for request in requests:
        if message := _refusal(request):
            pytest.fail(f"{request['metadata']['name']} was refused: {message}", pytrace=False)


def _answer(request: _Object, revision: int, data: Mapping[str, str]) -> Answer:
    asked_at = datetime.fromisoformat(request["metadata"]["creationTimestamp"])
    return Answer(
        asked_at=asked_at,
        csr=base64.b64decode(request["spec"]["request"]),
        data={name: base64.b64decode(value) for name, value in data.items()},
        revision=revision,
    )
