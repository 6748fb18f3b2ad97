"""Requests for a manager under faults, and the books about them: what came in must come out, once.

The books are kept by those who are asked, the CA and the proxy before the API server, and by what is stored; the
manager is asked nothing.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.e2e.objects import Objects
from tests.faults.proxy import Proxy
from tests.support import pki
from tests.support.cluster.api_server import KubectlFailed
from tests.support.cluster.waiting import wait_until
from tests.support.remote.est import ESTServer

SECONDS = 150  # for whatever must come at last; twice the silence of a watch; how long it took is told
KIND = "certificaterequests"


@dataclass(frozen=True)
class Figures:
    """`in_window` are those that were asked twice because the manager was killed before the write."""

    requests: int
    issued: int
    overwritten: int
    asked_twice: int
    in_window: int
    seconds: float

    @property
    def lost(self) -> int:
        return self.requests - self.issued

    def __str__(self) -> str:
        counted = f"{self.requests} in, {self.issued} issued, {self.lost} lost, {self.overwritten} overwritten"
        window = f" (and {self.in_window} killed before the write)" if self.in_window else ""
        return f"{counted}, CA asked twice {self.asked_twice}{window}, {self.seconds:.1f} s to converge"


@dataclass
class Load:
    """Requests of one namespace, each for a name of its own, approved as soon as they are there."""

    objects: Objects
    ca: ESTServer
    proxy: Proxy
    names: set[str] = field(default_factory=set)
    _csrs: dict[str, bytes] = field(default_factory=dict)
    _window: set[bytes] = field(default_factory=set)
    _numbers: count[int] = field(default_factory=count)
    _stored: dict[str, set[str]] = field(default_factory=dict)

    def put(self, number: int, issuer: str = "issuer") -> list[str]:
        """Puts in so many more; returns their names. The API server must be there."""
        names = [f"request-{next(self._numbers)}" for _ in range(number)]
        self.put_again(*names, issuer=issuer)
        return names

    def put_again(self, *names: str, issuer: str = "issuer") -> None:
        csrs = {name: pki.csr(dns=[f"{name}.example.com"]) for name in names}
        self._csrs.update({name: _der(csr) for name, csr in csrs.items()})
        self.objects.apply(*(self.objects.request(name, csrs[name], issuer) for name in names))
        self.names.update(names)
        self.objects.approve(*names)

    def delete(self, *names: str) -> None:
        self.objects.server.kubectl("delete", KIND, *names, f"--namespace={self.objects.namespace}")
        self.forget(*names)

    def forget(self, *names: str) -> None:
        """They are there no longer."""
        self.names.difference_update(names)
        for name in names:
            self._stored.pop(name, None)
            self.proxy.forget(f"{self.objects.namespace}/{name}")

    def killed(self) -> None:
        """The manager is dead: whatever is not written by now the CA may be asked for a second time."""
        written = self.proxy.accepted()
        self._window |= {csr for name, csr in self._csrs.items() if f"{self.objects.namespace}/{name}" not in written}

    def issued(self) -> set[str]:
        """Those of `names` that hold a certificate now; nothing where the API server does not answer."""
        for item in self._items():
            if certificate := item.get("status", {}).get("certificate"):
                self._stored.setdefault(item["metadata"]["name"], set()).add(certificate)
        return self.names & set(self._stored)

    def converge(self, since: float) -> Figures:
        """Waits until every request is issued, and tells the figures then: complete or at the deadline."""
        with suppress(TimeoutError):
            wait_until(lambda: self.issued() == self.names, SECONDS, "every request is issued")
        return self.figures(time.monotonic() - since)

    def figures(self, seconds: float = 0.0) -> Figures:
        prefix = f"{self.objects.namespace}/"
        written = {name.removeprefix(prefix) for name, times in self.proxy.accepted().items() if times > 1}
        changed = {name for name, certificates in self._stored.items() if len(certificates) > 1}
        twice = {csr for csr, times in Counter(self.ca.signed).items() if times > 1}
        return Figures(
            requests=len(self.names),
            issued=len(self.issued()),
            overwritten=len(written | changed),
            asked_twice=len(twice - self._window),
            in_window=len(twice & self._window),
            seconds=seconds,
        )

    def _items(self) -> list[dict[str, Any]]:
        try:
            found = self.objects.server.kubectl(
                "get", KIND, f"--namespace={self.objects.namespace}", "--output=json", "--request-timeout=5s"
            )
        except KubectlFailed:
            return []
        items: list[dict[str, Any]] = json.loads(found)["items"]
        return items


def _der(csr: bytes) -> bytes:
    return x509.load_pem_x509_csr(csr).public_bytes(Encoding.DER)
