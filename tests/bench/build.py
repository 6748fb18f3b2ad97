"""The peer, an issuer for the same resources on issuer-lib, built once into the user's cache (tests/building.py).

By hand: python -m tests.bench.build
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

NAME = "peer"
MODULE = Path(__file__).parent / "peer"
SOURCES = ("go.mod", "go.sum", "main.go")


def ensure(env: Mapping[str, str]) -> Path:
    """The program; where it is not there yet it is built, which takes minutes. Raises NoToolchain, BuildFailed."""
    sources = hashlib.sha256(b"\0".join((MODULE / name).read_bytes() for name in SOURCES)).hexdigest()[:16]
    reason = toolchain.why_unusable(env)
    place = building.place(env, NAME, sources, None if reason else toolchain.version(env))
    if place is None:
        raise NoToolchain(reason)
    return building.once(NAME, place, lambda unfinished: _build(unfinished, env))


def _build(unfinished: Path, env: Mapping[str, str]) -> None:
    building.say(NAME, "building it from its Go module, once; cold, two to four minutes on two cores")
    building.run(
        NAME,
        "go build",
        toolchain.command(
            ["build", "-v", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", str(unfinished), "."], env
        ),
        directory=MODULE,
        env=toolchain.go_env(env),
        log=unfinished.with_suffix(".log"),
    )


if __name__ == "__main__":
    try:
        print(ensure(os.environ))
    except BuildFailed as failure:
        sys.exit(f"{NAME}: build failed\n{failure}")
