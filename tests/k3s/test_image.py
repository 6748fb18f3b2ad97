"""The image by itself: what is in it, as whom it runs, and that the same sources give the same layer again."""

from __future__ import annotations

import pytest

from entrypoints.issuer import NAMES
from tests.integration.deploy.manifests import VERSION
from tests.k3s.conftest import build
from tests.k3s.image import ROOT, inspect, own_layer, sizes
from tests.support.commands import run

HARDENED = ("--rm", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none")


@pytest.mark.parametrize(
    "command",
    [("--entrypoint=", "{image}", NAMES.controller, "--version"), ("{image}", "--version")],
    ids=["as the Deployment's command", "as arguments of the entrypoint"],
)
def test_it_starts_on_a_read_only_root_without_any_right(image: str, command: tuple[str, ...]) -> None:
    said = run("docker", "run", *HARDENED, *(word.format(image=image) for word in command))
    assert said.split()[-1] == VERSION


def test_it_runs_as_nobody_and_says_what_it_is(image: str) -> None:
    config = inspect(image)["Config"]
    assert config["User"] == "65532:65532", "by number: the kubelet cannot check runAsNonRoot against a name"
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()}
    assert labels["version"] == VERSION
    assert labels["licenses"] == "Apache-2.0"
    assert {"source", "revision"} <= labels.keys()


def test_our_layer_holds_neither_shell_nor_pip_nor_anything_outside_its_folder(image: str) -> None:
    entries = own_layer(image)
    names = {entry.name.rstrip("/") for entry in entries}
    assert [name for name in names if not f"{name}/".startswith(f"{ROOT}/") and name != "opt"] == []
    programs = {name.rpartition("/")[2] for name in names if name.startswith(f"{ROOT}/bin/")}
    assert programs == {"python", NAMES.controller}
    assert sizes(entries).keys().isdisjoint({"pip", "setuptools", "wheel"})
    assert [entry.name for entry in entries if entry.mode & 0o6022 and not entry.issym()] == [], "set-id, or writable"


def test_every_module_of_ours_is_byte_compiled(image: str) -> None:
    names = {entry.name for entry in own_layer(image)}
    ours = {
        name for name in names if name.endswith(".py") and name.partition("site-packages/")[2].startswith("domain/")
    }
    compiled = {f"{ROOT}/pycache/{name[:-3]}" for name in ours}
    assert ours
    assert compiled <= {name.rpartition(".cpython-")[0] for name in names}


@pytest.mark.timeout(900)  # everything is downloaded again
def test_the_same_sources_give_the_same_layers(image: str) -> None:
    again = build(f"{NAMES.controller}:again", "--no-cache")
    assert inspect(again)["RootFS"] == inspect(image)["RootFS"]
    run("docker", "image", "rm", again)
