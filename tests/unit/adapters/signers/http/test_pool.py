"""What the HTTP client of remote CAs sends, and to whom, against a real TLS server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from adapters.signers.http.client import HTTPRequest
from adapters.signers.http.pool import ClientPool
from domain.errors import IssuerFailed, IssuerUnhealthy
from tests.contracts.clock import StoppedClock
from tests.support import pki
from tests.support.remote.asking import CANARY, PLAIN, US, endpoint, made, refusal
from tests.support.remote.https import CLIENTS, ROOT, client_certificate, server_certificate, serving


@pytest.fixture
async def clients() -> AsyncIterator[ClientPool]:
    made = ClientPool(StoppedClock())
    yield made
    await made.close()


# What it sends


async def test_it_asks_and_answers(clients: ClientPool, tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        question = HTTPRequest("POST", "/some/path", {"Content-Type": "text/plain"}, b"body")
        answer = await clients.exchange(endpoint(server.url + "/"), question)

    assert (answer.status, answer.body) == (200, b"fine")
    [seen] = server.seen
    assert (seen.method, seen.path, seen.body, seen.peer) == ("POST", "/some/path", b"body", "")
    assert seen.headers["Content-Type"] == "text/plain"


async def test_nothing_of_the_environment_is_sent(
    clients: ClientPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxies, netrc and cookies are the manager's or another CA's, and this CA's address is chosen by a tenant."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine localhost login us password {CANARY}\ndefault login us password {CANARY}\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://us:{CANARY}@127.0.0.1:1")

    async def cookie(request: web.Request) -> web.Response:
        answer = web.Response()
        answer.set_cookie("session", CANARY)
        return answer

    async with serving(tmp_path, cookie) as server:
        await clients.exchange(endpoint(server.url), PLAIN)
        await clients.exchange(endpoint(server.url), PLAIN)

    assert len(server.seen) == 2
    assert all(set(seen.headers) == {"Host", "Accept", "Accept-Encoding", "User-Agent"} for seen in server.seen)


async def test_a_client_certificate(clients: ClientPool, tmp_path: Path) -> None:
    us = client_certificate("us")
    asked = {"tls.crt": us.pem + CLIENTS.pem, "tls.key": us.key_pem}
    async with serving(tmp_path, require_client=True) as server:
        await clients.exchange(endpoint(server.url, asked, client_certificate=True), PLAIN)
        told = await refusal(clients.exchange(endpoint(server.url, asked), PLAIN))

    assert [seen.peer for seen in server.seen] == ["us"]
    assert "it may want a client certificate" in told


async def test_a_key_leaves_no_file_behind(
    tmp_path: Path, clients: ClientPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))  # as with a read-only root file system
    us = client_certificate()
    async with serving(tmp_path, require_client=True) as server:
        asked = endpoint(server.url, {"tls.crt": us.pem, "tls.key": us.key_pem}, client_certificate=True)
        assert (await clients.exchange(asked, PLAIN)).status == 200


# Whom it trusts


async def test_whom_it_does_not_trust(clients: ClientPool, tmp_path: Path) -> None:
    other = pki.authority("Another root").pem
    async with serving(tmp_path) as server:
        for without in (endpoint(server.url, {"ca.crt": other}), endpoint(server.url, {"ca.crt": b"\n"})):
            told = await refusal(clients.exchange(without, PLAIN))
            assert "that is not trusted" in told
            assert "ca.crt of Secret team-a/my-ca" in told
            assert told.startswith(server.url.removeprefix("https://"))

    assert server.seen == []


async def test_a_certificate_for_another_name(clients: ClientPool, tmp_path: Path) -> None:
    async with serving(tmp_path, certificate=server_certificate("ca.example.com")) as server:
        told = await refusal(clients.exchange(endpoint(server.url), PLAIN))

    assert "certificate for another name" in told
    assert "spec.url" in told


async def test_the_certificate_of_the_server_itself_may_be_trusted(clients: ClientPool, tmp_path: Path) -> None:
    certificate = server_certificate()
    async with serving(tmp_path, certificate=certificate) as server:
        assert (await clients.exchange(endpoint(server.url, {"ca.crt": certificate.pem}), PLAIN)).status == 200


ENCRYPTED = US.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase"))
EXPIRED = pki.authority("Expired", begins=StoppedClock().now() - timedelta(days=2), lasts=timedelta(days=1))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"ca.crt": b"garbage"}, "ca.crt holds no PEM block of type CERTIFICATE"),
        ({"ca.crt": pki.armor(CANARY.encode(), "CERTIFICATE")}, "ca.crt cannot be read"),
        ({"ca.crt": ROOT.key_pem}, "ca.crt holds no PEM block of type CERTIFICATE, but PRIVATE KEY"),
        ({"tls.crt": CANARY.encode()}, "tls.crt holds no PEM block"),
        ({"tls.crt": EXPIRED.pem, "tls.key": EXPIRED.key_pem}, "tls.crt expired on"),
        ({"tls.key": CLIENTS.key_pem}, "tls.key is not the key of the first certificate in tls.crt"),
        ({"tls.key": CANARY.encode()}, "tls.key is no private key in PEM"),
        ({"tls.key": ENCRYPTED}, "tls.key is encrypted; store it without a passphrase"),
    ],
)
async def test_a_secret_that_cannot_work(clients: ClientPool, data: dict[str, bytes], told: str) -> None:
    given = {"tls.crt": US.pem, "tls.key": US.key_pem} | data
    asked = endpoint("https://localhost:1", given, client_certificate=True)

    said = await refusal(clients.exchange(asked, PLAIN), IssuerFailed)

    assert said.startswith("Secret team-a/my-ca: ")
    assert told in said


# Where it goes


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "must begin with https://"),
        ("ca.example.com", "must begin with https://"),
        ("ftp://ca.example.com", "must begin with https://"),
        ("https://", "must begin with https://"),
        ("https://:443", "must begin with https://"),
        ("https://ca.example.com:0", "must begin with https://"),
        ("http://ca.example.com", "does not allow; use https://"),
        (f"https://us:{CANARY}@ca.example.com", "credentials belong into the Secret"),
        ("https://ca.example.com@evil.example.com", "credentials belong into the Secret"),
        (f"https://ca.example.com?token={CANARY}", "query or fragment"),
        ("https://ca.example.com#a", "query or fragment"),
        ("https://[::1", "is no URL"),
        ("https://ca.example.com:port", "is no URL"),
        ("https://ca.example.com/a b", "characters that no URL has"),
        ("https://ca.example.com/\r\nX-Header: 1", "characters that no URL has"),
        ("https://münchen.example.com", "characters that no URL has"),
    ],
)
async def test_a_url_that_cannot_work(clients: ClientPool, url: str, told: str) -> None:
    said = await refusal(clients.exchange(endpoint(url), PLAIN), IssuerFailed)

    assert said.startswith("spec.url: ")
    assert told in said


NO_HOSTS = ["..", "a..b", "-", "%zz", "x" * 300]


@pytest.mark.parametrize(("host", "kind"), [*((host, IssuerUnhealthy) for host in NO_HOSTS), ("[::g]", IssuerFailed)])
async def test_a_host_that_is_none(clients: ClientPool, host: str, kind: type[Exception]) -> None:
    said = await refusal(clients.exchange(endpoint(f"https://{host}"), PLAIN), kind)

    assert "spec.url" in said


async def test_plain_http_is_a_decision(tmp_path: Path) -> None:
    async with serving(tmp_path, plain=True) as server, made(allow_http=True) as clients:
        assert (await clients.exchange(endpoint(server.url), PLAIN)).body == b"fine"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(clients: ClientPool, tmp_path: Path, status: int) -> None:
    async with serving(tmp_path) as target:
        location = f"{target.url}/?token={CANARY}"

        async def redirect(request: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": location})

        (tmp_path / "2").mkdir()
        async with serving(tmp_path / "2", redirect) as server:
            told = await refusal(clients.exchange(endpoint(server.url), PLAIN))

    assert f"redirects (HTTP {status}), which is not followed" in told
    assert target.seen == []
