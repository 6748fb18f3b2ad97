"""approver-policy, trust-manager and cainjector, built once from one Go module into the user's cache, with the charts.

By hand: python -m tests.integration.neighbours.build
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support import building
from tests.support.building import BuildFailed
from tests.support.cluster import toolchain
from tests.support.cluster.go_program import built_once

NAME = "neighbours"
MODULE = Path(__file__).parent / "program"
SOURCES = ("go.mod", "go.sum", "cainjector/main.go")
CHARTS = {"approver-policy": "deploy/charts/approver-policy", "trust-manager": "deploy/charts/trust-manager"}
"""By the last part of the module's path."""
PACKAGES = {
    "approver-policy": "github.com/cert-manager/approver-policy/cmd",
    "trust-manager": "github.com/cert-manager/trust-manager/cmd/trust-manager",
    "cainjector": "./cainjector",
}


def ensure(env: Mapping[str, str]) -> Path:
    """The directory of the programs and of the charts, each packed as NAME.tar.gz. Raises NoToolchain, BuildFailed."""
    return built_once(NAME, [MODULE / name for name in SOURCES], env, lambda unfinished: _build(unfinished, env))


def _build(unfinished: Path, env: Mapping[str, str]) -> None:
    building.say(NAME, "building them from their Go modules, once; cold, about three minutes on two cores")
    unfinished.mkdir()
    for name, package in PACKAGES.items():
        options = ["-v", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", str(unfinished / name)]
        command = toolchain.command(["build", *options, package], env)
        log = unfinished / f"{name}.log"
        building.run(NAME, f"go build of {name}", command, directory=MODULE, env=toolchain.go_env(env), log=log)
    for name, path in CHARTS.items():
        chart = _directory(f"github.com/cert-manager/{name}", env) / path
        shutil.make_archive(str(unfinished / name), "gztar", chart.parent, chart.name)


def _directory(module: str, env: Mapping[str, str]) -> Path:
    """Where Go has unpacked a module that it has built from."""
    command = toolchain.command(["list", "-m", "-f", "{{.Dir}}", module], env)
    done = subprocess.run(command, cwd=MODULE, env=toolchain.go_env(env), capture_output=True, text=True)
    if done.returncode:
        raise BuildFailed(f"{' '.join(command)}\n{done.stderr}")
    return Path(done.stdout.strip())


if __name__ == "__main__":
    try:
        print(ensure(os.environ))
    except BuildFailed as failure:
        sys.exit(f"{NAME}: build failed\n{failure}")
