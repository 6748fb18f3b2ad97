"""step-ca itself, built once from its Go module into the user's cache (tests/building.py).

`program/` holds no code, only which version of which module (go.mod) with which content (go.sum).
By hand: python -m tests.step_ca.build
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tests import building
from tests.building import BuildFailed, NoToolchain
from tests.cluster import toolchain

NAME = "step-ca"
MODULE = Path(__file__).parent / "program"
PROGRAM = "github.com/smallstep/certificates/cmd/step-ca"


def ensure(env: Mapping[str, str]) -> Path:
    """The program; where it is not there yet it is built, which takes minutes. Raises NoToolchain, BuildFailed."""
    sources = hashlib.sha256((MODULE / "go.mod").read_bytes() + (MODULE / "go.sum").read_bytes()).hexdigest()[:16]
    reason = toolchain.why_unusable(env)
    place = building.place(env, NAME, sources, None if reason else toolchain.version(env))
    if place is None:
        raise NoToolchain(reason)
    return building.once(NAME, place, lambda unfinished: _build(unfinished, env))


def _build(unfinished: Path, env: Mapping[str, str]) -> None:
    building.say(NAME, "building it from its Go module, once; cold, about three minutes on two cores")
    arguments = ["build", "-v", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", str(unfinished), PROGRAM]
    building.run(
        NAME,
        "go build",
        toolchain.command(arguments, env),
        directory=MODULE,
        env=toolchain.go_env(env),
        log=unfinished.with_suffix(".log"),
    )


if __name__ == "__main__":
    try:
        print(ensure(os.environ))
    except BuildFailed as failure:
        sys.exit(f"{NAME}: build failed\n{failure}")
