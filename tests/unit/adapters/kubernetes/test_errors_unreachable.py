"""A failure to reach the API server names the server and the reason."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.errors import Transient, UnknownOutcome
from tests.support import pki
from tests.unit.adapters.kubernetes.secure_api_server import leaf, read, serving, talking
from tests.unit.adapters.kubernetes.wire import CANARY, REQUESTS

USER = {"token": CANARY}
UNKNOWN = pki.authority("a CA that nobody knows")
EXPIRED = leaf("127.0.0.1", lasts=timedelta(minutes=1))  # began an hour ago
CERTIFICATES = {
    "of another CA": (
        leaf("127.0.0.1", by=UNKNOWN),
        "is issued by no CA of certificate-authority-data of the",
    ),
    "of another name": (leaf("api.example.com"), "is for another name (IP address mismatch"),
    "expired": (EXPIRED, "or one above it, has expired (certificate has expired)"),
}


async def failure(directory: Path, cluster: dict[str, Any]) -> str:
    async with talking(directory, cluster, USER) as api:
        with pytest.raises(Transient) as raised:
            await read(api)
        return str(raised.value)


@pytest.mark.parametrize("case", CERTIFICATES)
async def test_a_certificate_that_is_not_trusted_is_named_with_the_reason(case: str, tmp_path: Path) -> None:
    shown, why = CERTIFICATES[case]
    async with serving(shown=shown) as server:
        told = await failure(tmp_path, {"server": server.url})
    assert told.startswith(f"the API server 127.0.0.1:{server.port} cannot be reached: its certificate")
    assert why in told


async def test_the_file_of_the_ca_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(UNKNOWN.pem)
    async with serving() as server:
        told = await failure(tmp_path, {"server": server.url, "certificate-authority": "ca.crt"})
    assert f"by no CA of certificate-authority {tmp_path}/ca.crt (unable to get local issuer certificate)" in told


async def test_a_refused_connection_is_named(tmp_path: Path) -> None:
    async with serving() as server:
        pass
    told = await failure(tmp_path, {"server": server.url})
    assert told == f"the API server 127.0.0.1:{server.port} cannot be reached: connection refused"


async def test_a_name_that_does_not_resolve_is_named(tmp_path: Path) -> None:
    told = await failure(tmp_path, {"server": "https://nowhere.invalid"})
    assert told.startswith("the API server nowhere.invalid:443 cannot be reached: its name cannot be resolved (")


async def test_a_proxy_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    proxy = {"proxy-url": f"http://u:{CANARY}@127.0.0.1:1"}
    told = await failure(tmp_path, {"server": "https://api.example.com:6443"} | proxy)
    reason = "the proxy 127.0.0.1:1 cannot be reached: connection refused"
    assert told == f"the API server api.example.com:6443 cannot be reached: {reason}"


@asynccontextmanager
async def plain(answer: bytes) -> AsyncIterator[int]:
    """The port of a server that speaks no TLS."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1]


async def test_a_proxy_that_refuses_is_named_by_its_status(tmp_path: Path) -> None:
    async with plain(b"HTTP/1.1 407 No\r\n\r\n") as port:
        cluster = {"server": "https://api.example.com", "proxy-url": f"http://127.0.0.1:{port}"}
        assert await failure(tmp_path, cluster) == (
            "the API server api.example.com:443 cannot be reached: the proxy answered 407"
        )


async def test_a_server_that_speaks_no_tls_is_named(tmp_path: Path) -> None:
    async with plain(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        told = await failure(tmp_path, {"server": f"https://127.0.0.1:{port}"})
    assert told == f"the API server 127.0.0.1:{port} cannot be reached: TLS fails (wrong version number)"


async def test_a_write_without_an_answer_may_still_have_happened(tmp_path: Path) -> None:
    async with plain(b"") as port, talking(tmp_path, {"server": f"http://127.0.0.1:{port}"}, USER) as api:
        with pytest.raises(UnknownOutcome, match="the answer to a write was lost"):
            await api.apply_status(REQUESTS, "n", "x", "1", {})
