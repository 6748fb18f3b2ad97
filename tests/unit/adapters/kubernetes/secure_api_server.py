"""An API server on a TLS socket, that notes headers and TLS details, and what connects to it."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509

from adapters.kubernetes.api import Api
from adapters.kubernetes.client import client_of
from adapters.kubernetes.kubeconfig import load
from adapters.kubernetes.schema import SECRETS
from adapters.memory.metrics import MemoryMetrics
from tests.support import pki
from tests.support.cluster.pki import write_kubeconfig

CA = pki.authority("API server's CA")
CLIENTS = pki.authority("clients' CA")
_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)  # X509_V_FLAG_NO_CHECK_TIME of openssl/x509_vfy.h
SECRET = b'{"metadata": {"name": "x", "namespace": "n"}}'


@dataclass(frozen=True)
class Asked:
    """A request; `user` is the common name of the client certificate, `connection` counts from 1."""

    head: list[str]
    user: str | None
    connection: int

    def header(self, name: str) -> list[str]:
        """The values of a header, in order."""
        pairs = (line.partition(": ") for line in self.head[1:])
        return [value for found, _, value in pairs if found.lower() == name.lower()]


@dataclass
class SecureApiServer:
    """`answer` gives the status of each request; `names` are those that clients asked for by SNI."""

    answer: Callable[[Asked], int] = lambda asked: 200
    asked: list[Asked] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    port: int = 0
    connections: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.connections += 1
        number, user = self.connections, _user(writer.get_extra_info("peercert"))
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
                asked = Asked(head, user, number)
                self.asked.append(asked)
                writer.write(_reply(self.answer(asked), "watch=true" in head[0]))
        writer.close()


@asynccontextmanager
async def serving(
    answer: Callable[[Asked], int] = lambda asked: 200, shown: pki.Authority | None = None
) -> AsyncIterator[SecureApiServer]:
    """A server for 127.0.0.1 and api.example.com, or one that shows another certificate."""
    server = SecureApiServer(answer)
    context = server_context(shown or leaf("127.0.0.1", "api.example.com"))

    def named(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        server.names.append(name)

    context.sni_callback = named
    listening = await asyncio.start_server(server.connected, "127.0.0.1", 0, ssl=context)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in server.tasks:
            task.cancel()
        await asyncio.gather(*server.tasks, return_exceptions=True)


def server_context(shown: pki.Authority) -> ssl.SSLContext:
    """Asks for a client certificate, and does without."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=CLIENTS.pem.decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= _NO_CHECK_TIME  # kube-apiserver looks at the dates later, and answers 401
    with as_files(shown) as (certificate, key):
        context.load_cert_chain(certificate, key)
    return context


def leaf(
    *names: str, by: pki.Authority = CA, common_name: str = "leaf", lasts: timedelta = timedelta(days=1)
) -> pki.Authority:
    """A certificate for these DNS names and addresses."""
    shown = [x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names]
    extensions = [(x509.SubjectAlternativeName(shown), False)] if shown else []
    return pki.authority(
        common_name, parent=by, lasts=lasts, constraints=None, bits=("digital_signature",), extensions=extensions
    )


@contextmanager
def as_files(shown: pki.Authority) -> Iterator[tuple[str, str]]:
    with TemporaryDirectory() as folder:
        certificate, key = Path(folder, "tls.crt"), Path(folder, "tls.key")
        certificate.write_bytes(shown.pem)
        key.write_bytes(shown.key_pem)
        yield str(certificate), str(key)


@asynccontextmanager
async def talking(directory: Path, cluster: dict[str, Any], user: dict[str, Any]) -> AsyncIterator[Api]:
    """The choke point to the API server, by such a kubeconfig; CA is trusted where it says nothing else."""
    if not {"certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify"} & cluster.keys():
        cluster = cluster | {"certificate-authority-data": base64_of(CA.pem)}
    write_kubeconfig(directory / "kubeconfig", cluster, user)
    api = Api(client_of(load([directory / "kubeconfig"]), MemoryMetrics()), "tester")
    try:
        yield api
    finally:
        await api.close()


async def read(api: Api) -> None:
    await api.get(SECRETS, "n", "x")


def base64_of(data: bytes) -> str:
    return b64encode(data).decode()


def _user(certificate: dict[str, Any] | None) -> str | None:
    """The common name of a subject, as ssl gives it."""
    parts = (part for name in (certificate or {}).get("subject", ()) for part in name)
    return dict(parts).get("commonName")


def _reply(status: int, watch: bool) -> bytes:
    body = SECRET if status == 200 else b'{"kind": "Status", "message": "Unauthorized"}'
    body = b"" if watch else body
    return b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        status,
        len(body),
        body,
    )
