"""What cannot work is refused before anything starts.

Law: in one sentence, that says what is wrong and where it can, what to do, and shows nothing of what a kubeconfig
keeps secret. No call goes over the network.
"""

from __future__ import annotations

import gc
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lightkube import KubeConfig

from adapters.kubernetes import connect as module
from adapters.kubernetes.connect import NoCluster, connect, pod_namespace
from tests.adapters.kubernetes.wire import CANARY

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


@pytest.fixture(autouse=True)
def service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a pod would have its token; nothing is there, wherever the tests run."""
    folder = tmp_path / "serviceaccount"
    monkeypatch.setattr(module, "SERVICE_ACCOUNT", str(folder))
    monkeypatch.setattr(KubeConfig.from_env.__func__, "__defaults__", (str(folder), str(tmp_path / "default")))  # type: ignore[attr-defined]
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    return folder


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    file = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(file))
    yield file
    gc.collect()  # now, while it is ignored that lightkube leaves its temporary files open


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


def with_exec(version: str) -> dict[str, Any]:
    return with_user(exec={"apiVersion": f"client.authentication.k8s.io/{version}", "command": CANARY})


NO_CONTEXT = "the kubeconfig has no current-context; choose one with: kubectl config use-context"
CERTIFICATES = "the kubeconfig's certificates cannot be used: "
TEXTS = {
    "an open quote": (f"users:\n- token: '{CANARY}\n", "the kubeconfig is not YAML: see line 3"),
    "two colons": (f"token: x: {CANARY}", "the kubeconfig is not YAML: see line 1"),
    "an alias": (f"\ntoken: *{CANARY}", "the kubeconfig is not YAML: see line 2"),
    "a tag": (f"token: !{CANARY} x", "the kubeconfig is not YAML: see line 1"),
    "a control character": (f"token: {CANARY}\0", "the kubeconfig is not YAML"),
    "nothing": ("", "the kubeconfig cannot be read (AttributeError"),
    "a list": ("[]", "the kubeconfig cannot be read (AttributeError"),
    "no lists": ("current-context: x\nclusters: null", "the kubeconfig cannot be read (TypeError"),
}
CONFIGS: dict[str, tuple[dict[str, Any], str]] = {
    "no current-context": ({name: GOOD[name] for name in GOOD if name != "current-context"}, NO_CONTEXT),
    "an empty current-context": (GOOD | {"current-context": ""}, NO_CONTEXT),
    "an unknown context": (GOOD | {"current-context": "there"}, "no cluster to talk to: Context 'there' not found"),
    "no clusters": ({name: GOOD[name] for name in GOOD if name != "clusters"}, "the kubeconfig lacks 'clusters'"),
    "an unknown cluster": (GOOD | {"clusters": []}, "the kubeconfig lacks 'c', which it should define"),
    "an unknown user": (GOOD | {"users": []}, "the kubeconfig lacks 'u', which it should define"),
    "no user": (
        GOOD | {"contexts": [{"name": "here", "context": {"cluster": "c"}}]},
        "context 'here' of the kubeconfig names no user",
    ),
    "a plugin of version v1": (
        with_exec("v1"),
        "the kubeconfig's credential plugin speaks client.authentication.k8s.io/v1, lightkube only v1alpha1 and",
    ),
    "an auth-provider": (with_user(**{"auth-provider": {"name": CANARY}}), "auth-provider not supported"),
    "a token that is no text": (with_user(token=12345), "the kubeconfig cannot be read (ValidationError: Expected"),
    "a certificate without a key": (
        with_user(**{"client-certificate-data": "YWJj"}),
        "the user of context 'here' of the kubeconfig has a certificate but no key",
    ),
    "a certificate that is no base64": (
        with_user(**{"client-certificate-data": f"!{CANARY}", "client-key-data": CANARY}),
        CERTIFICATES,
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
    "a server that is no URL": (with_cluster(server="https://x:port"), "the kubeconfig cannot be used: Invalid port"),
}
CASES = TEXTS | {name: (json.dumps(config), message) for name, (config, message) in CONFIGS.items()}


def refusal() -> str:
    with pytest.raises(NoCluster) as refused:
        connect()
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
    assert "the kubeconfig cannot be read (UnicodeDecodeError" in refusal()


def test_a_kubeconfig_that_is_not_there_is_named(kubeconfig: Path) -> None:
    assert refusal() == (
        f"no cluster to talk to: Configuration file {kubeconfig} not found; set KUBECONFIG, or run in a pod"
    )


def test_with_nothing_at_all_the_default_is_named(tmp_path: Path) -> None:
    assert f"Configuration file {tmp_path / 'default'} not found; set KUBECONFIG, or run in a pod" in refusal()


@pytest.mark.parametrize("config", [GOOD, with_exec("v1beta1"), with_exec("v1alpha1"), with_cluster(server="http://x")])
def test_what_can_work_connects_without_a_call(config: dict[str, Any], kubeconfig: Path) -> None:
    kubeconfig.write_text(json.dumps(config))
    assert connect().config.cluster.server == config["clusters"][0]["cluster"]["server"]


def test_in_a_pod_the_service_account_wins(service_account: Path, kubeconfig: Path) -> None:
    service_account.mkdir()
    for name in ("token", "namespace"):
        (service_account / name).write_text(f"the {name}\n")
    kubeconfig.write_text(json.dumps(GOOD))
    told = refusal()  # for there is no ca.crt: it is the pod's configuration that was taken
    assert told.startswith(CERTIFICATES)
    assert "the token" not in told


def test_a_pod_without_the_address_of_its_cluster_says_so(
    service_account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service_account.mkdir()
    for name in ("token", "namespace"):
        (service_account / name).write_text(CANARY)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")
    assert "lacks 'KUBERNETES_SERVICE_HOST'" in refusal()


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

    connect()

    assert not strict.verify_flags & ssl.VerifyFlags.VERIFY_X509_STRICT
    assert strict.verify_mode is ssl.CERT_REQUIRED
