"""Which way to an API server is taken, from an environment given as a dictionary; nothing is started or built."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cluster import build, fixtures, toolchain
from tests.support.cluster.providers import Provider, Unavailable, choose

Environment = dict[str, str]


@pytest.fixture
def empty(tmp_path: Path) -> Environment:
    """No variables, no programs, a cold cache."""
    return {"PATH": str(tmp_path / "bin"), "XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.fixture
def install(tmp_path: Path) -> Callable[[str, str], None]:
    """Puts a program on the PATH of `empty` that prints one line."""

    def write(name: str, says: str) -> None:
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\necho '{says}'\n")
        program.chmod(0o755)

    return write


def test_without_any_way_every_reason_is_told_in_order(empty: Environment) -> None:
    choice = choose(empty)

    assert choice == Unavailable(
        (
            "KUBECONFIG_FOR_TESTS is not set",
            "KUBEBUILDER_ASSETS is not set",
            "no Go toolchain: no `go` on PATH",
        )
    )


def test_the_first_way_wins(empty: Environment, install: Callable[[str, str], None], tmp_path: Path) -> None:
    for name in ("etcd", "kube-apiserver", "kubectl"):
        install(name, "")
    install("go", "go version go1.99.0 linux/amd64")
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch()
    go = empty
    envtest = {**go, "KUBEBUILDER_ASSETS": empty["PATH"]}
    named = {**envtest, "KUBECONFIG_FOR_TESTS": str(kubeconfig)}

    chosen = [_description(env) for env in (named, envtest, go)]

    assert [words.split("=")[0] for words in chosen] == [
        "the cluster of KUBECONFIG_FOR_TESTS",
        "the programs of KUBEBUILDER_ASSETS",
        f"Kubernetes {toolchain.kubernetes_version(go)}, to be built from Go modules: the first run takes minutes",
    ]


@pytest.mark.parametrize("variable", ["KUBECONFIG_FOR_TESTS", "KUBEBUILDER_ASSETS", "KUBERNETES_FOR_TESTS"])
def test_a_wrong_variable_is_never_replaced_by_a_later_way(
    variable: str, empty: Environment, install: Callable[[str, str], None]
) -> None:
    install("go", "go version go1.99.0 linux/amd64")

    choice = choose({**empty, variable: "/nowhere"})

    assert isinstance(choice, Unavailable)
    assert choice.reasons[-1].startswith(f"{variable}=/nowhere")


def test_the_oldest_kubernetes_is_built_apart(empty: Environment, install: Callable[[str, str], None]) -> None:
    install("go", "go version go1.99.0 linux/amd64")
    oldest = {**empty, "KUBERNETES_FOR_TESTS": "oldest"}

    assert _description(oldest).startswith("Kubernetes v1.36.")
    assert toolchain.sources_key(oldest) != toolchain.sources_key(empty)


def test_an_old_go_is_passed_over(empty: Environment, install: Callable[[str, str], None]) -> None:
    install("go", "go version go1.19.8 linux/amd64")

    choice = choose(empty)

    assert isinstance(choice, Unavailable)
    assert "go1.19.8-linux-amd64 is older than go.mod's go" in choice.reasons[-1]


def test_a_warm_cache_needs_no_go(empty: Environment) -> None:
    cache = Path(empty["XDG_CACHE_HOME"]) / "external-issuer-tests" / "controlplane"
    warm = cache / f"{toolchain.sources_key(empty)}-go1.99.0-linux-amd64"
    warm.mkdir(parents=True)

    assert isinstance(choose(empty), Provider)
    assert build.ensure(empty) == build.Build(warm)


def test_without_a_cluster_tests_skip_and_say_why(empty: Environment) -> None:
    with pytest.raises(pytest.skip.Exception, match=r"no Go toolchain.*install Go"):
        fixtures.give_up(str(choose(empty)), empty)
    assert "SKIPPED" in fixtures.header(empty)[0]


def test_where_a_cluster_is_required_they_fail(empty: Environment) -> None:
    required = {**empty, "REQUIRE_CLUSTER": "1"}

    with pytest.raises(pytest.fail.Exception, match="no Go toolchain"):
        fixtures.give_up(str(choose(required)), required)
    assert "FAIL" in fixtures.header(required)[0]


def _description(env: Environment) -> str:
    choice = choose(env)
    assert isinstance(choice, Provider), choice
    return choice.description
