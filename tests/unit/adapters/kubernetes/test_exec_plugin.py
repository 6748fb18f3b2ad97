"""Credential plugins are real programs here, and the server that they give credentials for is a real one."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from adapters.kubernetes import exec_plugin
from adapters.kubernetes.credentials import CredentialUnavailable
from adapters.kubernetes.exec_plugin import ExecPlugin
from adapters.kubernetes.kubeconfig import Cluster, Exec
from domain.errors import Forbidden, Transient
from tests.unit.adapters.kubernetes.secure_api_server import CA, CLIENTS, Asked, base64_of, leaf, read, serving, talking
from tests.unit.adapters.kubernetes.wire import CANARY

VERSIONS = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
V1 = VERSIONS[0]
PROGRAM = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path

here = Path(__file__).parent
with open(here / "runs", "a") as runs:
    runs.write(json.dumps({{
        "args": sys.argv[1:], "more": os.environ.get("MORE"), "info": json.loads(os.environ["KUBERNETES_EXEC_INFO"]),
        "path": bool(os.environ.get("PATH")), "input": sys.stdin.read(),
    }}) + "\\n")
answers = sorted(here.glob("answer-*"))
print(answers[0].read_text())
print("{CANARY}", file=sys.stderr)
if len(answers) > 1:
    answers[0].unlink()
sys.exit(int((here / "status").read_text()) if (here / "status").exists() else 0)
"""


class Plugin:
    """A program in `directory`, which gives one answer after the other; the last one again and again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "plugin").write_text(PROGRAM)
        (directory / "plugin").chmod(0o755)

    def gives(self, *statuses: dict[str, Any], version: str = V1) -> dict[str, Any]:
        """The user of a kubeconfig with this plugin."""
        for number, status in enumerate(statuses):
            self.prints(json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status}), number)
        return self.user(version)

    def prints(self, text: str, number: int = 0) -> None:
        (self.directory / f"answer-{number}").write_text(text)

    def user(self, version: str = V1, **more: Any) -> dict[str, Any]:
        return {"exec": {"apiVersion": version, "command": "./plugin", "interactiveMode": "IfAvailable"} | more}

    @property
    def runs(self) -> list[dict[str, Any]]:
        file = self.directory / "runs"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    return Plugin(tmp_path)


def certificate(common_name: str) -> dict[str, str]:
    shown = leaf(by=CLIENTS, common_name=common_name)
    return {"clientCertificateData": shown.pem.decode(), "clientKeyData": shown.key_pem.decode()}


def sent(asked: list[Asked]) -> list[str]:
    return [value for each in asked for value in each.header("Authorization")]


@pytest.mark.parametrize("version", VERSIONS)
async def test_its_token_is_sent_and_it_is_asked_once(version: str, plugin: Plugin, tmp_path: Path) -> None:
    user = plugin.gives({"token": CANARY}, version=version)
    async with serving() as server, talking(tmp_path, {"server": server.url}, user) as api:
        await asyncio.gather(*(read(api) for _ in range(5)))
        assert sent(server.asked) == [f"Bearer {CANARY}"] * 5
    (run,) = plugin.runs
    assert run["info"] == {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    assert (run["path"], run["input"]) == (True, ""), "it has our environment, and nothing to read"


async def test_it_gets_its_arguments_and_variables_and_the_cluster(plugin: Plugin, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(CA.pem)
    plugin.gives({"token": CANARY})
    user = plugin.user(args=["get", "token"], env=[{"name": "MORE", "value": "more"}], provideClusterInfo=True)
    settings = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}
    async with serving() as server:
        cluster = {
            "server": server.url,
            "tls-server-name": "api.example.com",
            "certificate-authority": "ca.crt",
            "extensions": [{"name": "other", "extension": 1}, settings],
        }
        async with talking(tmp_path, cluster, user) as api:
            await read(api)
    (run,) = plugin.runs
    assert (run["args"], run["more"]) == (["get", "token"], "more")
    assert run["info"]["spec"]["cluster"] == {
        "server": server.url,
        "tls-server-name": "api.example.com",
        "certificate-authority-data": base64_of(CA.pem),
        "config": {"audience": "x"},
    }


async def test_its_client_certificate_is_shown(plugin: Plugin, tmp_path: Path) -> None:
    user = plugin.gives(certificate("jane"))
    async with serving() as server, talking(tmp_path, {"server": server.url}, user) as api:
        await read(api)
        assert [(asked.user, asked.header("Authorization")) for asked in server.asked] == [("jane", [])]


async def test_it_is_asked_again_when_its_credential_has_expired(plugin: Plugin, tmp_path: Path) -> None:
    expired = {"token": "one", "expirationTimestamp": "2020-01-01T00:00:00Z"}
    user = plugin.gives(expired, {"token": "two", "expirationTimestamp": "2999-01-01T00:00:00+02:00"})
    async with serving() as server, talking(tmp_path, {"server": server.url}, user) as api:
        for _ in range(3):
            await read(api)
        assert sent(server.asked) == ["Bearer one", "Bearer two", "Bearer two"]


async def test_it_is_asked_again_when_its_token_is_refused(plugin: Plugin, tmp_path: Path) -> None:
    user = plugin.gives({"token": "one"}, {"token": "two"})
    refuse_one = lambda asked: 401 if asked.header("Authorization") == ["Bearer one"] else 200  # noqa: E731
    async with serving(refuse_one) as server, talking(tmp_path, {"server": server.url}, user) as api:
        await read(api)
        assert sent(server.asked) == ["Bearer one", "Bearer two"]


async def test_it_is_asked_again_when_its_certificate_is_refused(plugin: Plugin, tmp_path: Path) -> None:
    user = plugin.gives(certificate("old"), certificate("new"))
    refuse_old = lambda asked: 401 if asked.user == "old" else 200  # noqa: E731
    async with serving(refuse_old) as server, talking(tmp_path, {"server": server.url}, user) as api:
        await read(api)
        assert [(asked.user, asked.connection) for asked in server.asked] == [("old", 1), ("new", 2)]


async def test_what_it_gives_again_is_not_sent_again(plugin: Plugin, tmp_path: Path) -> None:
    user = plugin.gives({"token": "one"})
    async with serving(lambda _: 401) as server, talking(tmp_path, {"server": server.url}, user) as api:
        with pytest.raises(Forbidden):
            await read(api)
        assert (len(server.asked), len(plugin.runs)) == (1, 2)


TOKEN = {"token": CANARY}
BAD_ANSWERS: dict[str, tuple[Any, str]] = {
    "no JSON": (CANARY, "printed no ExecCredential in JSON"),
    "another kind": ({"kind": CANARY}, f"printed no ExecCredential of {V1}, as exec.apiVersion says"),
    "another version": ({"apiVersion": VERSIONS[1]}, f"printed no ExecCredential of {V1}, as exec.apiVersion says"),
    "no status": ({"status": None}, "gave neither a token nor a client certificate"),
    "an empty token": ({"status": {"token": ""}}, "gave neither a token nor a client certificate"),
    "a token that is a number": ({"status": {"token": 1}}, "printed no ExecCredential in JSON"),
    "a token with a line break": ({"status": {"token": f"{CANARY}\n"}}, "gave a token that no HTTP header can hold"),
    "no key": ({"status": {"clientCertificateData": CANARY}}, "gave a client certificate or a key, and not both"),
    "an end without a zone": ({"status": TOKEN | {"expirationTimestamp": "2020-01-01T00:00:00"}}, "no ExecCredential"),
    "no certificate": (
        {"status": {"clientCertificateData": CANARY, "clientKeyData": CANARY}},
        "gave a client certificate that cannot be used (SSLError)",
    ),
}


@pytest.mark.parametrize("case", BAD_ANSWERS)
async def test_what_it_says_wrongly_is_told_and_not_shown(
    case: str, plugin: Plugin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer, told = BAD_ANSWERS[case]
    whole = {"apiVersion": V1, "kind": "ExecCredential", "status": TOKEN}
    plugin.prints(answer if isinstance(answer, str) else json.dumps(whole | answer))
    await refused(plugin, tmp_path, told)
    assert CANARY not in caplog.text


async def test_when_it_fails_its_status_is_told_and_nothing_that_it_printed(
    plugin: Plugin, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    plugin.gives(TOKEN)
    (tmp_path / "status").write_text("7")
    await refused(plugin, tmp_path, "ended with status 7; see what it says with: kubectl get namespaces")
    output = capfd.readouterr()
    assert CANARY not in caplog.text + output.out + output.err


async def refused(plugin: Plugin, directory: Path, told: str) -> None:
    async with serving() as server, talking(directory, {"server": server.url}, plugin.user()) as api:
        with pytest.raises(Transient) as raised:
            await read(api)
        assert told in str(raised.value)
        assert f"{directory}/plugin" in str(raised.value) or "certificate that cannot be used" in told
        assert CANARY not in str(raised.value)
        assert server.asked == []


async def test_when_it_is_removed_later_the_hint_is_told(plugin: Plugin, tmp_path: Path) -> None:
    user = plugin.user(installHint="get it at example.com")
    async with serving() as server, talking(tmp_path, {"server": server.url}, user) as api:
        (tmp_path / "plugin").unlink()
        with pytest.raises(Transient, match=r"is not installed, or not executable: get it at example\.com"):
            await read(api)


async def test_a_call_that_is_given_up_does_not_stop_it(plugin: Plugin, tmp_path: Path) -> None:
    plugin.gives(TOKEN)
    asked = ExecPlugin(Exec(command=f"{tmp_path}/plugin", api_version=V1), Cluster())
    call = asyncio.create_task(asked.current())
    await asyncio.sleep(0)
    call.cancel()
    assert (await asked.current()).authorization == f"Bearer {CANARY}"
    assert (call.cancelled(), len(plugin.runs)) == (True, 1)


async def test_one_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exec_plugin, "_SECONDS", 0.05)
    asked = ExecPlugin(Exec(command="sleep", api_version=V1, args=["1000"]), Cluster())
    with pytest.raises(CredentialUnavailable, match="did not end within"):
        await asked.current()


async def test_a_failure_is_not_remembered(plugin: Plugin, tmp_path: Path) -> None:
    plugin.prints("nonsense", 0)
    plugin.prints(json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": TOKEN}), 1)
    asked = ExecPlugin(Exec(command=f"{tmp_path}/plugin", api_version=V1), Cluster())
    with pytest.raises(CredentialUnavailable):
        await asked.current()
    assert (await asked.current()).authorization == f"Bearer {CANARY}"
