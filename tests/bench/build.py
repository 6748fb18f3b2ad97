"""The peer, an issuer for the same resources on issuer-lib, built once from its Go module into the user's cache.

A build is complete or absent. While it is made, stderr says so. By hand: python -m tests.bench.build
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.cluster import toolchain
from tests.cluster.build import BuildFailed, NoToolchain
from tests.cluster.process import leashed

NAME = "peer"
MODULE = Path(__file__).parent / "peer"
SOURCES = ("go.mod", "go.sum", "main.go")


def ensure(env: Mapping[str, str]) -> Path:
    """The program; where it is not there yet it is built, which takes minutes. Raises NoToolchain, BuildFailed."""
    sources = hashlib.sha256(b"\0".join((MODULE / name).read_bytes() for name in SOURCES)).hexdigest()[:16]
    cache = Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sample-external-issuer" / NAME
    reason = toolchain.why_unusable(env)
    found = sorted(cache.glob(f"{sources}-*")) if reason else [cache / f"{sources}-{toolchain.version(env)}"]
    if found and found[0].exists():
        return found[0]
    if reason:
        raise NoToolchain(reason)
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel frees it however its holder ends
        if not found[0].exists():
            _build(found[0], env)
    return found[0]


def _build(place: Path, env: Mapping[str, str]) -> None:
    print(f"{NAME}: building it from its Go module, once; cold, two to four minutes on two cores", file=sys.stderr)
    unfinished = place.with_name(f".{place.name}.unfinished")
    arguments = ["build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", str(unfinished), "."]
    command = leashed(toolchain.command(arguments, env), signal.SIGINT)
    done = subprocess.run(command, cwd=MODULE, env=toolchain.go_env(env), capture_output=True, text=True)
    if done.returncode:
        raise BuildFailed(done.stderr[-4000:])
    unfinished.rename(place)


if __name__ == "__main__":
    try:
        print(ensure(os.environ))
    except BuildFailed as failure:
        sys.exit(f"{NAME}: build failed\n{failure}")
