"""What cannot work is refused before anything starts.

In one sentence, that says what is wrong and where it can, what to do, and shows nothing of what a kubeconfig
keeps secret. No call goes over the network.
"""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
from pathlib import Path
from typing import Any

import pytest

from adapters.kubernetes import client as module
from adapters.kubernetes.client import load_client, pod_namespace
from adapters.kubernetes.kubeconfig import KubeconfigError
from adapters.memory.metrics import MemoryMetrics
from tests.support import pki
from tests.unit.adapters.kubernetes.wire import CANARY


@pytest.fixture(autouse=True)
def service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a pod would have its token; nothing is there, wherever the tests run."""
    folder = tmp_path / "serviceaccount"
    monkeypatch.setattr(module, "SERVICE_ACCOUNT", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    return folder


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(file))
    return file


GOOD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "here",
    "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "u", "user": {"token": CANARY}}],
}


def with_user(**user: Any) -> dict[str, Any]:
    return GOOD | {"users": [{"name": "u", "user": user}]}


def with_cluster(**cluster: Any) -> dict[str, Any]:
    return GOOD | {"clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"} | cluster}]}


def with_exec(version: str, **more: Any) -> dict[str, Any]:
    return with_user(
        exec={"apiVersion": f"client.authentication.k8s.io/{version}", "command": "sh", "args": [CANARY]} | more
    )


NO_CONTEXT = "the kubeconfig has no current-context; choose one with: kubectl config use-context"
CERTIFICATES = "the kubeconfig's certificates cannot be used: "
TEXTS = {
    "an open quote": (f"users:\n- token: '{CANARY}\n", "is not YAML: see line 3"),
    "two colons": (f"token: x: {CANARY}", "is not YAML: see line 1"),
    "an alias": (f"\ntoken: *{CANARY}", "is not YAML: see line 2"),
    "a tag": (f"token: !{CANARY} x", "is not YAML: see line 1"),
    "a control character": (f"token: {CANARY}\0", "is not YAML"),
    "a value that is not of its tag": (f"token: !!int '{CANARY}'", "is not YAML (ValueError)"),
    "a date that is none": (f"token: !!timestamp '{CANARY}'", "is not YAML (AttributeError)"),
    "nothing": ("", NO_CONTEXT),
    "a list": ("[]", "cannot be read: Expected `object`, got `array`"),
    "an entry without a name": (
        "users: [{}]",
        "cannot be read: Object missing required field `name` - at `$.users[0]`",
    ),
    "no lists": ("current-context: x\nclusters: null", "the kubeconfig has no context 'x'"),
}
V1 = {"interactiveMode": "Never"}
CONFIGS: dict[str, tuple[dict[str, Any], str]] = {
    "no current-context": ({name: GOOD[name] for name in GOOD if name != "current-context"}, NO_CONTEXT),
    "an empty current-context": (GOOD | {"current-context": ""}, NO_CONTEXT),
    "an unknown context": (GOOD | {"current-context": "there"}, "the kubeconfig has no context 'there'; see: kubectl"),
    "no clusters": ({name: GOOD[name] for name in GOOD if name != "clusters"}, "there is no cluster 'c'"),
    "an unknown user": (GOOD | {"users": []}, "there is no user 'u'; see: kubectl config get-users"),
    "no user": (GOOD | {"contexts": [{"name": "here", "context": {"cluster": "c"}}]}, "it names no user"),
    "a name that is there twice": (GOOD | {"users": GOOD["users"] * 2}, "user 'u' of the kubeconfig"),
    "a field of the user that is unknown": (with_user(token=CANARY, tokenfile="x"), "unknown field `tokenfile`"),
    "a field of the cluster that is unknown": (with_cluster(proxy="x"), "unknown field `proxy`"),
    "a field of the plugin that is unknown": (with_exec("v1", **V1, stdin=True), "unknown field `stdin` - at `$.exec`"),
    "a plugin of version v1alpha1": (
        with_exec("v1alpha1"),
        "exec.apiVersion is 'client.authentication.k8s.io/v1alpha1'",
    ),
    "a plugin of no version": (with_user(exec={"command": "sh"}), "exec.apiVersion is ''"),
    "a plugin without a command": (with_exec("v1", **V1, command=""), "exec.command is missing"),
    "a plugin that always asks": (with_exec("v1", interactiveMode="Always"), "exec.interactiveMode is Always"),
    "a plugin of v1 without a mode": (with_exec("v1"), "exec.interactiveMode is missing"),
    "a plugin with a mode of its own": (with_exec("v1", interactiveMode="x"), "at `$.exec.interactiveMode`"),
    "a plugin with a variable without a name": (with_exec("v1", **V1, env=[{"name": ""}]), "a variable without a name"),
    "a plugin that is not installed": (
        with_exec("v1", **V1, command="no-such-plugin", installHint="get it at\nexample.com"),
        "plugin 'no-such-plugin' of the kubeconfig is not installed, or not executable: get it at example.com",
    ),
    "an auth-provider": (with_user(**{"auth-provider": {"name": CANARY}}), "auth-provider is not supported"),
    "a token that is no text": (with_user(token=12345), "user 'u' of the kubeconfig"),
    "a token with a line break": (with_user(token=f"{CANARY}\n"), "token has a character that no HTTP header can hold"),
    "a token and a password": (with_user(token=CANARY, username="x", password=CANARY), "a token and a password"),
    "a token file that is not there": (with_user(tokenFile="nowhere"), "cannot be read (FileNotFoundError)"),
    "groups without a user": (with_user(token=CANARY, **{"as-groups": ["g"]}), "needs the user's name in `as`"),
    "a user with a line break": (with_user(token=CANARY, **{"as": "a\r\nb: c"}), "as has a character that no HTTP"),
    "a certificate without a key": (
        with_user(**{"client-certificate-data": "YWJj"}),
        "it has a certificate but no key",
    ),
    "a certificate twice": (
        with_user(**{"client-certificate-data": "YWJj", "client-certificate": "x", "client-key": "x"}),
        "it has client-certificate and client-certificate-data; delete one of them",
    ),
    "a key twice": (
        with_user(**{"client-certificate": "x", "client-key": "x", "client-key-data": "YWJj"}),
        "it has client-key and client-key-data; delete one of them",
    ),
    "a certificate that is no base64": (
        with_user(**{"client-certificate-data": f"!{CANARY}", "client-key-data": CANARY}),
        "at `$.client-certificate-data`",
    ),
    "a certificate that is none": (
        with_user(**{"client-certificate-data": "YWJj", "client-key-data": "YWJj"}),
        CERTIFICATES,
    ),
    "a certificate that is not there": (
        with_user(**{"client-certificate": "nowhere.pem", "client-key": "nowhere.key"}),
        CERTIFICATES,
    ),
    "a CA that is not there": (with_cluster(**{"certificate-authority": "nowhere.pem"}), CERTIFICATES),
    "a CA that is none": (with_cluster(**{"certificate-authority-data": "YWJj"}), CERTIFICATES),
    "a CA twice": (
        with_cluster(**{"certificate-authority": "x", "certificate-authority-data": "YWJj"}),
        "it has certificate-authority and certificate-authority-data; delete one of them",
    ),
    "a CA and no verification": (
        with_cluster(**{"certificate-authority": "x", "insecure-skip-tls-verify": True}),
        "it has a certificate-authority and insecure-skip-tls-verify; delete one of them",
    ),
    "no server": (with_cluster(server=""), "server is no URL that begins with https://"),
    "a server without a scheme": (with_cluster(server="x:6443"), "server is no URL that begins with https://"),
    "a server that is no URL": (with_cluster(server="https://x:port"), "server is no URL with a host and a port"),
    "a SOCKS proxy": (with_cluster(**{"proxy-url": f"socks5://u:{CANARY}@x:1"}), "proxy-url is no http or https proxy"),
    "a proxy that is no URL": (with_cluster(**{"proxy-url": f"http://u:{CANARY}@x:port"}), "proxy-url is no URL with"),
}
CASES = TEXTS | {name: (json.dumps(config), message) for name, (config, message) in CONFIGS.items()}


def refusal() -> str:
    with pytest.raises(KubeconfigError) as refused:
        load_client(MemoryMetrics())
    return str(refused.value)


@pytest.mark.parametrize("case", CASES)
def test_a_kubeconfig_that_cannot_work_is_refused_in_one_line(case: str, kubeconfig: Path) -> None:
    text, message = CASES[case]
    kubeconfig.write_text(text)
    told = refusal()
    assert message in told
    assert "\n" not in told
    assert CANARY not in told


def test_a_kubeconfig_that_is_no_text_is_refused(kubeconfig: Path) -> None:
    kubeconfig.write_bytes(b"\xff\xfe\x00")
    assert refusal() == f"the kubeconfig {kubeconfig} is not YAML"


def test_a_kubeconfig_that_is_a_folder_is_refused(kubeconfig: Path) -> None:
    kubeconfig.mkdir()
    assert refusal() == f"the kubeconfig {kubeconfig} cannot be read: Is a directory"


def test_a_kubeconfig_that_is_not_there_is_named(kubeconfig: Path) -> None:
    assert refusal() == f"no cluster to talk to: {kubeconfig} not found; set KUBECONFIG, or run in a pod"


def test_with_nothing_at_all_the_default_is_named(tmp_path: Path) -> None:
    assert f"no cluster to talk to: {tmp_path / '.kube/config'} not found; set KUBECONFIG, or run in a pod" in refusal()


def test_a_socks_proxy_of_the_environment_is_refused(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kubeconfig.write_text(json.dumps(with_cluster(server="https://api.example.com")))
    monkeypatch.setenv("HTTPS_PROXY", f"socks5://u:{CANARY}@127.0.0.1:1")
    assert refusal() == "HTTPS_PROXY is no http or https proxy; name an HTTP proxy, or set NO_PROXY"


@pytest.mark.parametrize("config", [GOOD, with_exec("v1beta1"), with_exec("v1", **V1), with_cluster(server="http://x")])
def test_what_can_work_connects_without_a_call(config: dict[str, Any], kubeconfig: Path) -> None:
    kubeconfig.write_text(json.dumps(config))
    assert load_client(MemoryMetrics()).config.cluster.server == config["clusters"][0]["cluster"]["server"]


def test_in_a_pod_the_service_account_wins_over_the_default_kubeconfig(service_account: Path, tmp_path: Path) -> None:
    service_account.mkdir()
    for name in ("token", "namespace"):
        (service_account / name).write_text(f"the {name}\n")
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(json.dumps(GOOD))
    told = refusal()  # for there is no ca.crt: it is the pod's configuration that was taken
    assert told.startswith(CERTIFICATES)
    assert "the token" not in told


def test_in_a_pod_a_kubeconfig_that_is_named_wins(service_account: Path, kubeconfig: Path) -> None:
    service_account.mkdir()
    (service_account / "token").write_text("the token\n")
    kubeconfig.write_text(json.dumps(GOOD))
    assert load_client(MemoryMetrics()).config.cluster.server == "https://127.0.0.1:1"


def test_certificates_of_a_kubeconfig_are_put_into_no_folder(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The root file system of the pod is read-only."""
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    authority = base64.b64encode(pki.authority("an API server's CA").pem).decode()
    kubeconfig.write_text(json.dumps(with_cluster(**{"certificate-authority-data": authority})))
    assert load_client(MemoryMetrics()).config.cluster.server == "https://127.0.0.1:1"


def test_a_pod_without_the_address_of_its_cluster_says_so(
    service_account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service_account.mkdir()
    for name in ("token", "namespace"):
        (service_account / name).write_text(CANARY)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")
    assert "lacks the variable 'KUBERNETES_SERVICE_HOST'" in refusal()


def test_a_pod_knows_its_namespace(service_account: Path) -> None:
    assert pod_namespace() is None
    service_account.mkdir()
    (service_account / "namespace").write_text("here\n")
    assert pod_namespace() == "here"


def test_tls_is_no_stricter_than_on_python_3_11(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From 3.13 on Python's default context refuses CA certificates that lack a key usage or key identifiers."""
    strict = ssl.create_default_context()
    strict.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    monkeypatch.setattr(ssl, "create_default_context", lambda *_, **__: strict)
    kubeconfig.write_text(json.dumps(GOOD))

    load_client(MemoryMetrics())

    assert not strict.verify_flags & ssl.VerifyFlags.VERIFY_X509_STRICT
    assert strict.verify_mode is ssl.CERT_REQUIRED
