"""Kubeconfig files are read and merged as kubectl does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.kubernetes.kubeconfig import Config, KubeconfigError, load
from tests.unit.adapters.kubernetes.wire import CANARY


def write(file: Path, **sections: Any) -> Path:
    """`current` names the context; the entries of the other sections are by name."""
    content: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "preferences": {}}
    if current := sections.pop("current", None):
        content["current-context"] = current
    for section, entries in sections.items():
        kind = section.removesuffix("s")
        content[section] = [{"name": name, kind: value} for name, value in entries.items()]
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(content))
    return file


CONTEXT = {"here": {"cluster": "c", "user": "u", "namespace": "n", "extensions": [{"name": "x"}]}}
CLUSTER = {"c": {"server": "https://one.example.com"}}
USER = {"u": {"token": CANARY}}


def test_the_first_file_that_has_a_value_wins(tmp_path: Path) -> None:
    one = write(tmp_path / "one", contexts=CONTEXT, users=USER)
    two = write(
        tmp_path / "two",
        current="here",
        contexts={"here": {"cluster": "other", "user": "other"}},
        clusters=CLUSTER,
        users={"u": {"token": "another", "as": "another"}},
    )
    three = write(tmp_path / "three", current="there", clusters={"c": {"server": "https://three.example.com"}})

    config = load([one, two, three])

    assert config.cluster.server == "https://one.example.com"
    assert (config.user.token, config.user.as_) == (CANARY, None), "an entry is taken whole, as kubectl does"


def test_files_that_do_not_exist_are_skipped(tmp_path: Path) -> None:
    file = write(tmp_path / "one", current="here", contexts=CONTEXT, clusters=CLUSTER, users=USER)
    assert load([tmp_path / "nowhere", file]).user.token == CANARY


def test_where_no_file_exists_all_are_named(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match=f"{tmp_path}/a, {tmp_path}/b not found"):
        load([tmp_path / "a", tmp_path / "b"])


def test_one_file_that_cannot_be_read_is_refused_though_another_could_do(tmp_path: Path) -> None:
    file = write(tmp_path / "one", current="here", contexts=CONTEXT, clusters=CLUSTER, users=USER)
    (tmp_path / "two").write_text("[")
    with pytest.raises(KubeconfigError, match="two is not YAML"):
        load([file, tmp_path / "two"])


def test_paths_are_relative_to_the_file_they_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths = {"client-certificate": "a.crt", "client-key": "/abs/a.key", "tokenFile": "../token"}
    write(tmp_path / "users/config", users={"u": paths | {"exec": EXEC | {"command": "./plugin"}}})
    cluster = {"server": "https://x", "certificate-authority": "ca.crt"}
    write(tmp_path / "clusters/config", current="here", contexts=CONTEXT, clusters={"c": cluster})

    config = load([Path("users/config"), Path("clusters/config")])

    user = config.user
    assert user.exec is not None
    assert config.cluster.certificate_authority == f"{tmp_path}/clusters/ca.crt"
    assert (user.client_certificate, user.client_key) == (f"{tmp_path}/users/a.crt", "/abs/a.key")
    assert user.token_file == f"{tmp_path}/users/../token"
    assert user.exec.command == f"{tmp_path}/users/plugin"


EXEC = {"apiVersion": "client.authentication.k8s.io/v1", "command": "plugin", "interactiveMode": "IfAvailable"}


def test_a_command_without_a_slash_is_left_to_the_path(tmp_path: Path) -> None:
    assert loaded(tmp_path, user={"exec": EXEC | {"env": None, "args": None}}).user.exec.command == "plugin"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "other",
    [
        {"token": "t"},
        {"tokenFile": "t"},
        {"username": "x", "password": "y"},
        {"client-certificate": "x", "client-key": "y"},
    ],
)
def test_a_plugin_is_not_asked_where_there_is_another_credential(tmp_path: Path, other: dict[str, str]) -> None:
    assert loaded(tmp_path, user={"exec": EXEC} | other).user.plugin is None
    assert loaded(tmp_path, user={"exec": EXEC}).user.plugin is not None


def test_entries_that_are_not_in_use_are_not_judged(tmp_path: Path) -> None:
    others: dict[str, Any] = {"v": {"auth-provider": {"name": "gcp"}}, "w": {"unknown": 1}}
    file = write(tmp_path / "one", current="here", contexts=CONTEXT, clusters=CLUSTER, users=USER | others)
    assert load([file]).user.token == CANARY


def test_base64_may_have_line_breaks(tmp_path: Path) -> None:
    cluster = {"server": "https://x", "certificate-authority-data": "YWJj\nZGVm\n"}
    sections: dict[str, Any] = {"contexts": CONTEXT, "clusters": {"c": cluster}, "users": USER}
    assert load([write(tmp_path / "one", current="here", **sections)]).cluster.certificate_authority_data == b"abcdef"


def test_no_value_of_a_kubeconfig_shows_itself(tmp_path: Path) -> None:
    secret = {"token": CANARY, "exec": EXEC | {"args": [CANARY], "env": [{"name": "X", "value": CANARY}]}}
    config = loaded(tmp_path, user=secret)
    assert CANARY not in repr(config) + str(config) + repr(config.user.exec)


def loaded(directory: Path, user: dict[str, Any]) -> Config:
    return load([write(directory / "one", current="here", contexts=CONTEXT, clusters=CLUSTER, users={"u": user})])
