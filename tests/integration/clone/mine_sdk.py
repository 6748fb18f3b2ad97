"""A stand-in for a vendor's SDK, of the kind that blocks."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from http.client import HTTPSConnection
from urllib.parse import urlsplit


class Refused(Exception):
    pass


@dataclass
class Answer:
    chain: bytes
    root: bytes


class Client:
    def __init__(self, url: str, token: bytes, ca_certificate: bytes | None, *, timeout: float) -> None:
        context = ssl.create_default_context(cadata=ca_certificate.decode() if ca_certificate else None)
        self._connection = HTTPSConnection(urlsplit(url).netloc, timeout=timeout, context=context)
        self._headers = {"Authorization": f"Bearer {token.decode()}"}

    def ping(self) -> None:
        self._ask("GET", None)

    def sign(self, csr: bytes) -> Answer:
        answer = json.loads(self._ask("POST", csr))
        return Answer(answer["chain"].encode(), answer["root"].encode())

    def _ask(self, method: str, body: bytes | None) -> bytes:
        try:
            self._connection.request(method, "/", body, self._headers)
            with self._connection.getresponse() as response:
                if response.status != 200:
                    raise Refused
                return response.read()
        finally:
            self._connection.close()
