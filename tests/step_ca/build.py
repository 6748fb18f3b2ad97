"""step-ca itself, built once from its Go module into the user's cache: a build is complete or absent.

`program/` holds no code, only which version of which module (go.mod) with which content (go.sum). While it is built,
stderr tells for how long. By hand: python -m tests.step_ca.build
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.cluster import toolchain
from tests.cluster.build import BuildFailed, NoToolchain
from tests.cluster.process import leashed

MODULE = Path(__file__).parent / "program"
PROGRAM = "github.com/smallstep/certificates/cmd/step-ca"
REPORT_SECONDS = 10
ERROR_LINES = 40


def ensure(env: Mapping[str, str]) -> Path:
    """The program; where it is not there yet it is built, which takes minutes. Raises NoToolchain, BuildFailed."""
    key = hashlib.sha256((MODULE / "go.mod").read_bytes() + (MODULE / "go.sum").read_bytes()).hexdigest()[:16]
    cache = Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sample-external-issuer" / "step-ca"
    reason = toolchain.why_unusable(env)
    found = sorted(cache.glob(f"{key}-*")) if reason else [cache / f"{key}-{toolchain.version(env)}"]
    if found and found[0].exists():
        return found[0]
    if reason:
        raise NoToolchain(reason)
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / ".lock"):
        if not found[0].exists():  # else another run has built it while we waited for the lock
            _build(found[0], env)
    return found[0]


def _build(place: Path, env: Mapping[str, str]) -> None:
    unfinished = place.with_name(f".{place.name}.unfinished")
    arguments = ["build", "-C", str(MODULE), "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", str(unfinished)]
    started = time.monotonic()
    _say("building it from its Go module, once; cold, about three minutes on two cores")
    with tempfile.TemporaryFile() as words:
        command = toolchain.command([*arguments, PROGRAM], env)
        go = subprocess.Popen(
            leashed(command, signal.SIGINT), env=toolchain.go_env(env), stdout=words, stderr=subprocess.STDOUT
        )
        try:
            while go.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    go.wait(REPORT_SECONDS)
                _say(f"{time.monotonic() - started:.0f} s")
        except BaseException:
            go.send_signal(signal.SIGINT)  # Go then ends its compilers too
            go.wait()
            raise
        words.seek(0)
        lines = words.read().decode(errors="replace").splitlines()
    if go.returncode:
        raise BuildFailed("\n".join([f"go {' '.join(command[1:])}", *lines[-ERROR_LINES:]]))
    unfinished.rename(place)
    _say(f"built: {place}")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """The kernel frees the lock however its holder ends."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another run is building, waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _say(line: str) -> None:
    print(f"step-ca: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        print(ensure(os.environ))
    except BuildFailed as failure:
        sys.exit(f"step-ca: build failed\n{failure}")
