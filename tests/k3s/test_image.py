"""The image by itself: what is in it, as whom it runs, and that the same sources give the same layer again."""

from __future__ import annotations

import os

import pytest

from entrypoints.issuer import NAMES
from tests.integration.deploy.manifests import VERSION
from tests.k3s.conftest import build
from tests.k3s.image import ROOT, argument_of_the_dockerfile, inspect, own_layer, sizes, with_symbols
from tests.support.commands import run

BASE_IMAGE = argument_of_the_dockerfile("BASE_IMAGE")
SHIPPED = argument_of_the_dockerfile("BUILD_IMAGE").removeprefix("python:").partition("-")[0]
LARGEST = 40_000_000  # bytes; measured: 37.1 MB
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
    user = inspect(image)["Config"]["User"]
    assert user == "65532:65532", "by number: the kubelet cannot check runAsNonRoot against a name"
    found = labels(image)
    assert found["version"] == VERSION
    assert found["licenses"] == "Apache-2.0"
    assert {"source", "revision"} <= found.keys()


def test_it_says_what_it_is_built_on_and_a_release_by_digest(image: str) -> None:
    base, digest = os.environ.get("BASE_IMAGE") or BASE_IMAGE, f"sha256:{'a' * 64}"
    assert labels(image)["base.name"] == base

    given = f"--build-arg=BASE_NAME=me/base:1 --build-arg=BASE_DIGEST={digest}"
    released = build(f"{NAMES.controller}:released", given)
    found = labels(released)
    run("docker", "image", "rm", released)

    assert (found["base.name"], found["base.digest"]) == ("me/base:1", digest)


def labels(image: str) -> dict[str, str]:
    found = inspect(image)["Config"]["Labels"]
    return {name.removeprefix("org.opencontainers.image."): value for name, value in found.items()}


def test_our_layer_holds_neither_shell_nor_pip_nor_anything_outside_its_folder(image: str) -> None:
    entries = own_layer(image)
    names = {entry.name.rstrip("/") for entry in entries}
    assert [name for name in names if not f"{name}/".startswith(f"{ROOT}/") and name != "opt"] == []
    programs = {name.rpartition("/")[2] for name in names if name.startswith(f"{ROOT}/bin/")}
    assert programs == {"python", NAMES.controller}
    assert sizes(entries).keys().isdisjoint({"pip", "setuptools", "wheel"})
    assert [entry.name for entry in entries if entry.mode & 0o6022 and not entry.issym()] == [], "set-id, or writable"


def test_our_layer_is_small_and_its_shared_objects_are_stripped(image: str) -> None:
    assert sizes(own_layer(image)).total() < LARGEST
    found = with_symbols(image)
    assert any("_rust" in name for name in found)
    assert [name for name, has_symbols in found.items() if has_symbols] == []


def test_its_python_is_the_one_that_the_dockerfile_names_and_ci_tests(image: str) -> None:
    said = run("docker", "run", *HARDENED, "--entrypoint=python", image, "--version")
    assert said.split()[1].rpartition(".")[0] == SHIPPED


@pytest.mark.timeout(900)  # everything is downloaded again
def test_the_same_sources_give_the_same_layers(image: str) -> None:
    again = build(f"{NAMES.controller}:again", "--no-cache")
    assert inspect(again)["RootFS"] == inspect(image)["RootFS"]
    run("docker", "image", "rm", again)
