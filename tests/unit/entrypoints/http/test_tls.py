"""The certificate of /metrics: made at the start, or from files, which may change at any moment.

A real TLS connection each time; what is seen is what a client sees.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509

from entrypoints.http import tls
from entrypoints.http.serving import CannotListen
from tests.support import pki

OLD, NEW = pki.authority("old"), pki.authority("new", private=pki.key("p384"))


def store(folder: Path, certificate: bytes, key: bytes) -> None:
    """As a kubelet does it: a new folder behind a symbolic link, which is then put in the place of the old one."""
    version = folder / f"..{len(list(folder.iterdir()))}"
    version.mkdir()
    (version / "tls.crt").write_bytes(certificate)
    (version / "tls.key").write_bytes(key)
    (folder / "..new").symlink_to(version.name)
    os.replace(folder / "..new", folder / "..data")
    for name in ("tls.crt", "tls.key"):
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(Path("..data", name))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store(tmp_path, OLD.pem, OLD.key_pem)
    return tmp_path


@asynccontextmanager
async def served(context: ssl.SSLContext) -> AsyncIterator[Callable[..., Awaitable[x509.Certificate]]]:
    """A server, and a way to see which certificate it shows."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]

    async def shown(name: str | None = None) -> x509.Certificate:
        client = ssl.create_default_context()
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=name or "")
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        return x509.load_der_x509_certificate(der)

    async with server:
        yield shown


async def test_a_certificate_of_its_own_is_another_one_each_time() -> None:
    seen = set()
    for _ in range(2):
        async with served(tls.self_signed("issuer")) as shown:
            seen.add(await shown())
    assert [each.subject.rfc4514_string() for each in seen] == ["CN=issuer"] * 2


async def test_the_certificate_of_the_folder_is_shown(folder: Path) -> None:
    async with served(tls.from_folder(folder)) as shown:
        assert await shown() == OLD.certificate


@pytest.mark.parametrize("name", [None, "issuer.example.com"])
async def test_a_rotated_certificate_is_shown_from_the_next_connection_on(
    folder: Path, name: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with served(tls.from_folder(folder)) as shown:
        assert await shown(name) == OLD.certificate
        store(folder, NEW.pem, NEW.key_pem)
        assert await shown(name) == NEW.certificate
        assert await shown(name) == NEW.certificate
    assert caplog.text.count("new certificate") == 1


@pytest.mark.parametrize(
    ("certificate", "key"),
    [(NEW.pem, OLD.key_pem), (b"", b""), (b"no PEM", NEW.key_pem), (NEW.pem, b"no PEM")],
    ids=["half a rotation", "empty", "no certificate", "no key"],
)
async def test_what_cannot_be_used_leaves_the_last_good_one_in_service_and_is_told_once(
    folder: Path, certificate: bytes, key: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(tls.from_folder(folder)) as shown:
        store(folder, certificate, key)
        assert [await shown(), await shown()] == [OLD.certificate] * 2
        assert caplog.text.count("the last good certificate goes on serving") == 1
        assert "PRIVATE KEY" not in caplog.text
        store(folder, NEW.pem, NEW.key_pem)
        assert await shown() == NEW.certificate


async def test_files_that_are_gone_leave_the_last_good_one_in_service(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(tls.from_folder(folder)) as shown:
        (folder / "..data").unlink()
        assert await shown() == OLD.certificate
    assert "tls.crt: No such file or directory" in caplog.text


def test_at_the_start_a_folder_without_them_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CannotListen) as caught:
        tls.from_folder(tmp_path)
    assert str(caught.value) == f"--metrics-cert-path: {tmp_path}/tls.crt: No such file or directory"


def test_at_the_start_files_that_cannot_be_used_are_one_line(tmp_path: Path) -> None:
    store(tmp_path, NEW.pem, OLD.key_pem)
    with pytest.raises(CannotListen) as caught:
        tls.from_folder(tmp_path)
    assert str(caught.value) == (
        f"--metrics-cert-path: {tmp_path}: tls.crt and tls.key are no certificate in PEM and its key without passphrase"
    )
