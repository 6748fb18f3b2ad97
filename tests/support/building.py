"""Programs that tests run, built from source once into the user's cache.

A build is complete or absent. It is made beside its place, under a lock, and renamed when it is done. While it
runs, stderr tells what is being built and for how long.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from tests.support.cluster.process import leashed
from tests.support.cluster.waiting import wait_until

REPORT_SECONDS = 10
ERROR_LINES = 40
_PROGRESS = re.compile(r"\S*$|go: downloading |\s*(Compiling|Downloaded|Downloading|Locking|Updating) ")
"""Lines of `go build -v` and of cargo that are no part of an error."""


class BuildFailed(Exception):
    """There is no build and none could be made; the message says why, in the compiler's words where it failed."""


class NoToolchain(BuildFailed):
    """There is no build, and nothing that could make one."""


def place(env: Mapping[str, str], program: str, sources: str, toolchain: str | None) -> Path | None:
    """Where the build of these sources by this toolchain is or would be; without a toolchain, any that is there.

    None where there is neither.
    """
    cache = Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "external-issuer-tests" / program
    if toolchain is not None:
        return cache / f"{sources}-{toolchain}"
    return next(iter(sorted(cache.glob(f"{sources}-*"))), None)


def once(name: str, where: Path, make: Callable[[Path], None]) -> Path:
    """`where`, after `make` has made it if it was not there: `make` is given the path beside it that is renamed."""
    if where.exists():
        return where
    where.parent.mkdir(parents=True, exist_ok=True)
    with _locked(name, where.with_name(f".{where.name}.lock")):
        if not where.exists():  # else another run has built it while we waited for the lock
            started, unfinished = time.monotonic(), where.with_name(f".{where.name}.unfinished")
            _remove(unfinished)
            make(unfinished)
            unfinished.rename(where)
            say(name, f"built in {time.monotonic() - started:.0f} s: {where}")
    return where


def run(name: str, what: str, command: Sequence[str], *, directory: Path, env: Mapping[str, str], log: Path) -> None:
    """Runs a compiler that writes a line for each package; `log` is gone afterwards. Raises BuildFailed."""
    say(name, what)
    with log.open("w") as file, _running(command, directory, env, file) as compiler:
        _report_until_done(name, what, compiler, log)
    lines = log.read_text(errors="replace").splitlines()
    log.unlink()
    if compiler.returncode:
        words = [line for line in lines if not _PROGRESS.match(line)]
        raise BuildFailed("\n".join([" ".join(command), *words[-ERROR_LINES:]]))


def say(name: str, line: str) -> None:
    print(f"{name}: {line}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _running(
    command: Sequence[str], directory: Path, env: Mapping[str, str], output: IO[str]
) -> Iterator[subprocess.Popen[bytes]]:
    compiler = subprocess.Popen(
        leashed(command, signal.SIGINT), cwd=directory, env=env, stdout=output, stderr=subprocess.STDOUT
    )
    try:
        yield compiler
    except BaseException:
        compiler.send_signal(signal.SIGINT)  # it then ends its children too
        compiler.wait()
        raise


def _report_until_done(name: str, what: str, compiler: subprocess.Popen[bytes], log: Path) -> None:
    started = time.monotonic()
    while True:
        try:
            compiler.wait(REPORT_SECONDS)
            return
        except subprocess.TimeoutExpired:
            lines = log.read_text(errors="replace").splitlines()
            now = lines[-1].strip() if lines else "starting"
            say(name, f"{what}: {time.monotonic() - started:.0f} s, {len(lines)} packages, now {now}")


@contextlib.contextmanager
def _locked(name: str, path: Path) -> Iterator[None]:
    """The kernel frees the lock however its holder ends."""
    started = time.monotonic()
    with path.open("w") as file:
        while True:
            try:
                wait_until(functools.partial(_try_lock, file), REPORT_SECONDS, "the lock")
                break
            except TimeoutError:
                say(name, f"another run is building, waiting for it: {time.monotonic() - started:.0f} s")
        yield


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


def _remove(path: Path) -> None:
    """What a run left that was ended in the middle."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
