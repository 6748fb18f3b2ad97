"""The control plane's programs, built once from Go modules into the user's cache (tests/support/building.py).

By hand: python -m tests.support.cluster.build
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support import building
from tests.support.building import BuildFailed, NoToolchain
from tests.support.cluster import toolchain

NAME = "control plane"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
CERT_MANAGER_MODULE = "github.com/cert-manager/cert-manager"


@dataclass(frozen=True)
class Build:
    """What a complete build holds."""

    directory: Path

    @property
    def programs(self) -> Path:
        """The directory of etcd, kube-apiserver, kube-controller-manager, kubectl, cert-manager and webhook."""
        return self.directory / "bin"

    @property
    def crds(self) -> Path:
        """The directory of cert-manager's CustomResourceDefinitions."""
        return self.directory / "crds"

    @property
    def chart(self) -> Path:
        """The directory of cert-manager's Helm chart."""
        return self.directory / "chart"


def find_warm(env: Mapping[str, str]) -> Build | None:
    """A build of the present sources; by the present Go, or where Go is missing or too old, by any."""
    place = _place(env)
    return Build(place) if place and place.is_dir() else None


def ensure(env: Mapping[str, str]) -> Build:
    """The warm build, or else a new one, which takes minutes. Raises NoToolchain, BuildFailed."""
    place = _place(env)
    if place is None:
        raise NoToolchain(toolchain.why_unusable(env))
    return Build(building.once(NAME, place, lambda unfinished: _build(unfinished, env)))


def _place(env: Mapping[str, str]) -> Path | None:
    by = None if toolchain.why_unusable(env) else toolchain.version(env)
    return building.place(env, "controlplane", toolchain.sources_key(env), by)


def _build(unfinished: Path, env: Mapping[str, str]) -> None:
    building.say(NAME, "building it from Go modules, once; cold, five to ten minutes on two cores")
    programs = unfinished / "bin"
    programs.mkdir(parents=True)
    try:
        _go_build("1/3 " + ", ".join(PROGRAMS), "controlplane", programs / "controlplane", env)
        _go_build("2/3 cert-manager's controllers", "certmanager", programs / "cert-manager", env)
        _go_build("3/3 cert-manager's webhook", "webhook", programs / "webhook", env)
        deploy = Path(toolchain.module(CERT_MANAGER_MODULE, "{{.Dir}}", env)) / "deploy"
    except subprocess.CalledProcessError as error:
        raise BuildFailed(f"go {' '.join(error.cmd[1:])}\n{error.stderr}") from None
    for name in PROGRAMS:
        (programs / name).symlink_to("controlplane")
    _copy(deploy / "crds", unfinished / "crds")
    _copy(deploy / "charts" / "cert-manager", unfinished / "chart")


def _copy(source: Path, target: Path) -> None:
    """Without the modes: modules are read-only."""
    for file in filter(Path.is_file, source.rglob("*")):
        copied = target / file.relative_to(source)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copied)


def _go_build(what: str, program: str, output: Path, env: Mapping[str, str]) -> None:
    options = ["-v", "-trimpath", "-buildvcs=false", f"-modfile={toolchain.module_file(env)}"]
    arguments = ["build", *options, "-ldflags", f"-s -w {_kubernetes_version(env)}"]
    building.run(
        NAME,
        what,
        toolchain.command([*arguments, "-o", str(output), f"./cmd/{program}"], env),
        directory=toolchain.MODULE,
        env=toolchain.go_env(env),
        log=output.with_name(f"{program}.log"),
    )


def _kubernetes_version(env: Mapping[str, str]) -> str:
    """Linker flags: without them the server would call itself v0.0.0."""
    version = toolchain.kubernetes_version(env)
    major, minor, _ = version.removeprefix("v").split(".", 2)
    facts = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in facts.items())


if __name__ == "__main__":
    try:
        print(ensure(os.environ).directory)
    except BuildFailed as failure:
        sys.exit(f"{NAME}: build failed\n{failure}")
