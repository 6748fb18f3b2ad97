"""What of a kubeconfig reaches a real TLS server: headers, client certificates, names and proxies."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.kubernetes.credentials import Authentication, Credential, CredentialUnavailable, Given
from adapters.kubernetes.kubeconfig import KubeconfigError, User
from domain.errors import Forbidden
from tests.support import pki
from tests.unit.adapters.kubernetes.secure_api_server import (
    CLIENTS,
    Asked,
    as_files,
    base64_of,
    leaf,
    read,
    server_context,
    serving,
    talking,
)
from tests.unit.adapters.kubernetes.wire import CANARY, REQUESTS

IMPERSONATED = {
    "token": CANARY,
    "as": "jane@exämple.com",
    "as-uid": "42",
    "as-groups": ["developers", "system:authenticated"],
    "as-user-extra": {"scopes": ["view", "edit"], "example.com/a%": ["x"]},
}


async def watch(api: Any) -> None:
    async with api.watch(REQUESTS, resource_version="1", seconds=1, metadata_only=False) as chunks:
        assert [chunk async for chunk in chunks] == []


async def write(api: Any) -> None:
    await api.apply_status(REQUESTS, "n", "x", "1", {})


@pytest.mark.parametrize("call", [read, watch, write])
async def test_every_call_is_made_as_the_impersonated_user(call: Callable[[Any], Any], tmp_path: Path) -> None:
    async with serving() as server, talking(tmp_path, {"server": server.url}, IMPERSONATED) as api:
        await call(api)
        (asked,) = server.asked
    assert asked.header("Authorization") == [f"Bearer {CANARY}"]
    assert asked.header("Impersonate-User") == ["jane@exämple.com"]
    assert asked.header("Impersonate-Uid") == ["42"]
    assert asked.header("Impersonate-Group") == ["developers", "system:authenticated"]
    assert asked.header("Impersonate-Extra-scopes") == ["view", "edit"]
    assert asked.header("Impersonate-Extra-example.com%2Fa%25") == ["x"]


async def test_who_impersonates_nobody_sends_no_such_header(tmp_path: Path) -> None:
    async with serving() as server, talking(tmp_path, {"server": server.url}, {"token": CANARY}) as api:
        await read(api)
        assert "impersonate" not in str(server.asked).lower()


async def test_a_name_and_a_password_are_sent_as_basic_authentication(tmp_path: Path) -> None:
    user = {"username": "jane", "password": CANARY}
    async with serving() as server, talking(tmp_path, {"server": server.url}, user) as api:
        await read(api)
        assert server.asked[0].header("Authorization") == [f"Basic {base64_of(f'jane:{CANARY}'.encode())}"]


async def test_a_token_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("old\n")
    user = {"tokenFile": "token", "token": "is not used"}
    async with serving() as server, talking(tmp_path, {"server": server.url}, user) as api:
        await read(api)
        replace(tmp_path / "token", "new\n")
        await read(api)
        (tmp_path / "token").unlink()
        await read(api)
        assert [asked.header("Authorization") for asked in server.asked] == [
            ["Bearer old"],
            ["Bearer new"],
            ["Bearer new"],
        ]


async def test_a_token_that_is_refused_is_read_again_and_sent_once_more(tmp_path: Path) -> None:
    """Even where the file does not look different."""
    file = tmp_path / "token"
    file.write_text("old")
    times = file.stat()

    def answer(asked: Asked) -> int:
        file.write_text("new")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
        return 200 if asked.header("Authorization") == ["Bearer new"] else 401

    async with serving(answer) as server, talking(tmp_path, {"server": server.url}, {"tokenFile": "token"}) as api:
        await read(api)
        assert [asked.header("Authorization") for asked in server.asked] == [["Bearer old"], ["Bearer new"]]


async def test_a_source_without_a_credential_counts_as_refused() -> None:
    class Empty(Given):
        async def current(self) -> Credential:
            raise CredentialUnavailable("the plugin failed")

    answered: list[int] = []
    flow = Authentication(Empty(), User(), lambda certificate: None, answered.append).async_auth_flow(
        httpx2.Request("GET", "https://127.0.0.1")
    )
    with pytest.raises(CredentialUnavailable):
        await anext(flow)
    assert answered == [401]


async def test_what_is_refused_without_another_credential_is_not_sent_again(tmp_path: Path) -> None:
    async with serving(lambda _: 401) as server, talking(tmp_path, {"server": server.url}, {"token": CANARY}) as api:
        with pytest.raises(Forbidden):
            await read(api)
        assert len(server.asked) == 1


async def test_a_client_certificate_of_the_kubeconfig_is_shown(tmp_path: Path) -> None:
    shown = leaf(by=CLIENTS, common_name="jane")
    user = {"client-certificate-data": base64_of(shown.pem), "client-key-data": base64_of(shown.key_pem)}
    async with serving() as server, talking(tmp_path, {"server": server.url}, user) as api:
        await read(api)
        assert (server.asked[0].user, server.asked[0].header("Authorization")) == ("jane", [])


async def test_a_client_certificate_that_expired_is_named_when_it_is_refused(tmp_path: Path) -> None:
    shown = leaf(by=CLIENTS, common_name="jane", lasts=timedelta(minutes=1))  # began an hour ago
    user = {"client-certificate-data": base64_of(shown.pem), "client-key-data": base64_of(shown.key_pem)}
    async with serving(lambda _: 401) as server, talking(tmp_path, {"server": server.url}, user) as api:
        with pytest.raises(Forbidden) as raised:
            await read(api)
    end = shown.certificate.not_valid_after_utc
    assert str(raised.value) == (
        "the API server does not accept the manager's credential (401): "
        f"its client certificate expired at {end:%Y-%m-%d %H:%M} UTC; renew the kubeconfig"
    )


async def test_client_certificates_that_are_replaced_are_shown_on_new_connections(tmp_path: Path) -> None:
    user = {"client-certificate": "tls.crt", "client-key": "tls.key"}
    put(tmp_path, leaf(by=CLIENTS, common_name="old"))
    async with serving() as server, talking(tmp_path, {"server": server.url}, user) as api:
        await read(api)
        put(tmp_path, leaf(by=CLIENTS, common_name="new"))
        await read(api)
        replace(tmp_path / "tls.crt", leaf(by=CLIENTS, common_name="half").pem.decode())  # its key is still to come
        await read(api)
        assert [(asked.user, asked.connection) for asked in server.asked] == [("old", 1), ("new", 2), ("new", 2)]


async def test_a_ca_that_is_replaced_is_trusted(tmp_path: Path) -> None:
    other = pki.authority("a new CA")
    (tmp_path / "ca.crt").write_bytes(pki.authority("an old CA").pem)
    async with serving(shown=leaf("127.0.0.1", by=other)) as server:
        cluster = {"server": server.url, "certificate-authority": "ca.crt"}
        async with talking(tmp_path, cluster, {"token": CANARY}) as api:
            replace(tmp_path / "ca.crt", other.pem.decode())
            await read(api)


async def test_the_name_of_the_servers_certificate_may_be_another_one(tmp_path: Path) -> None:
    async with serving(shown=leaf("api.example.com")) as server:
        cluster = {"server": server.url, "tls-server-name": "api.example.com"}
        async with talking(tmp_path, cluster, {"token": CANARY}) as api:
            await read(api)
        assert server.names == ["api.example.com"]


async def test_a_server_need_not_be_verified(tmp_path: Path) -> None:
    async with serving(shown=leaf("api.example.com", by=pki.authority("unknown"))) as server:
        cluster = {"server": server.url, "insecure-skip-tls-verify": True, "disable-compression": True}
        async with talking(tmp_path, cluster, {"token": CANARY}) as api:
            await read(api)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_calls_go_by_the_proxy_of_the_kubeconfig(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    heads: list[str] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        far, away = await asyncio.open_connection("127.0.0.1", server.port)
        await asyncio.gather(copied(reader, away), copied(far, writer))

    tls = server_context(leaf("127.0.0.1")) if scheme == "https" else None
    async with serving() as server, await asyncio.start_server(proxy, "127.0.0.1", 0, ssl=tls) as listening:
        port = listening.sockets[0].getsockname()[1]
        cluster = {"server": "https://api.example.com:6443", "proxy-url": f"{scheme}://u:{CANARY}@127.0.0.1:{port}"}
        async with talking(tmp_path, cluster, {"token": CANARY}) as api:
            await read(api)
    assert heads[0].startswith("CONNECT api.example.com:6443 ")
    assert f"Basic {base64_of(f'u:{CANARY}'.encode())}" in heads[0]


def test_an_encrypted_key_is_refused_and_its_password_not_asked_for(tmp_path: Path) -> None:
    pem = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
    user = {"client-certificate-data": base64_of(CLIENTS.pem), "client-key-data": base64_of(pem)}
    with pytest.raises(KubeconfigError, match="certificates cannot be used"):
        asyncio.run(talking(tmp_path, {"server": "https://127.0.0.1:1"}, user).__aenter__())


def put(directory: Path, shown: pki.Authority) -> None:
    with as_files(shown) as (certificate, key):
        replace(directory / "tls.crt", Path(certificate).read_text())
        replace(directory / "tls.key", Path(key).read_text())


def replace(file: Path, content: str) -> None:
    """As kubelets and cert-manager's CSI driver do: another file takes its place."""
    (new := file.with_suffix(".new")).write_text(content)
    new.replace(file)


async def copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()
