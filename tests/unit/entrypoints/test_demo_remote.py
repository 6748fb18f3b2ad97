"""The demo with CAs that are reached by HTTP: its flags, and that it leaves nothing open whatever ends it."""

from __future__ import annotations

import asyncio
import signal
import threading
from pathlib import Path

import pytest
from aiohttp import web

from entrypoints.issuer import NAMES
from tests.support import pki
from tests.support.remote import https
from tests.support.remote.asking import PASSWORD, USERNAME
from tests.support.remote.est import ESTServer
from tests.unit.entrypoints.command import Run
from tests.unit.entrypoints.demo_process import begun, broken, demo, serving
from tests.unit.entrypoints.manifests import Manifest, issuer, request, secret, signing_request, written

CREDENTIALS = {"username": USERNAME.encode(), "password": PASSWORD.encode(), "ca.crt": https.ROOT.pem}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "it.yaml"


def est_of(server: https.Server, *more: Manifest) -> str:
    return written(secret(data=CREDENTIALS), issuer(url=server.url, est={}), *more)


@pytest.mark.parametrize("plain", [False, True], ids=["https", "http"])
def test_a_certificate_from_a_remote_ca_ends_well_and_leaves_nothing_open(
    plain: bool, file: Path, tmp_path: Path
) -> None:
    with serving(tmp_path, ESTServer().answer, plain=plain) as server:
        file.write_text(est_of(server, request(pki.csr())))
        result = demo("--allow-http", file)
    assert (result.status, result.err) == (0, "")
    assert "Chain:     verifies up to CN=EST root" in result.out
    assert PASSWORD not in result.out


@pytest.mark.usefixtures("hurried")
def test_without_the_flag_http_is_refused_by_the_name_of_the_flag(run: Run, file: Path, tmp_path: Path) -> None:
    with serving(tmp_path, ESTServer().answer, plain=True) as server:
        file.write_text(est_of(server))
        result = run("demo", file)
        asked = server.seen
    assert (result.status, result.err, asked) == (1, "", [])
    assert f"NOT AS EXPECTED: {NAMES.issuer} default/ca: Failed: " in result.out
    assert "start it with --allow-http" in result.out
    assert "\n  Stalled  True    Failed  Not retried until the spec or the Secret changes: " in result.out


@pytest.mark.usefixtures("hurried")
def test_the_managers_environment_changes_nothing(
    run: Run, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISSUER_ALLOW_HTTP", "true")
    monkeypatch.setenv("ISSUER_MAX_RETRY_DURATION", "soon")
    with serving(tmp_path, ESTServer().answer, plain=True) as server:
        file.write_text(est_of(server))
        assert "start it with --allow-http" in run("demo", file).out


@pytest.mark.usefixtures("hurried")
def test_the_retry_duration_is_the_flags(run: Run, file: Path, tmp_path: Path) -> None:
    ca = ESTServer()
    ca.next = [broken] * 100
    with serving(tmp_path, ca.answer) as server:
        file.write_text(est_of(server, request(pki.csr())))
        result = run("demo", "--max-retry-duration=100ms", file)
    assert (result.status, result.err) == (1, "")
    assert "NOT AS EXPECTED: CertificateRequest default/web: Failed: Given up after retrying for 0.1s: " in result.out


def test_an_est_server_that_fails_leaves_nothing_open(file: Path, tmp_path: Path) -> None:
    with serving(tmp_path, broken) as server:
        file.write_text(est_of(server))
        result = demo(file, seconds=0.2)
    assert (result.status, result.err) == (1, "")
    assert server.seen != []


def test_a_ca_that_never_answers_does_not_hold_up_the_verdict(file: Path, tmp_path: Path) -> None:
    ca = _Silent()
    with serving(tmp_path, ca.answer) as server:
        file.write_text(est_of(server))
        result = demo(file, seconds=0.5)
    assert (result.status, result.err) == (1, "")
    assert "stopped in the middle of work" not in result.out
    assert "0 of 1 objects ended as they should." in result.out


def test_ctrl_c_while_a_ca_is_asked_ends_in_one_line_and_leaves_nothing_open(file: Path, tmp_path: Path) -> None:
    ca = _Silent()
    with serving(tmp_path, ca.answer) as server:
        file.write_text(est_of(server))
        with begun(file, seconds=60) as process:
            assert ca.asked.wait(60)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped in the middle of work" not in out
    assert err.split("\n") == ["", "Interrupted.", ""]


def test_a_reader_that_goes_away_is_no_traceback(file: Path) -> None:
    file.write_text(written(secret(), issuer(), signing_request(pki.csr())))
    with begun(file, seconds=0.2) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


class _Silent:
    """A CA that takes a question and never answers it; `asked` is set by the first."""

    def __init__(self) -> None:
        self.asked = threading.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError("it waits without end")
