"""The control plane's programs, built once from Go modules into the user's cache.

A build is complete or absent: it is made beside its place, under a lock, and renamed when it is done. While it runs,
stderr tells what is being built and for how long. By hand: python -m tests.cluster.build
"""

import contextlib
import fcntl
import functools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.cluster import toolchain
from tests.cluster.process import leashed
from tests.cluster.waiting import wait_until

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
CERT_MANAGER_MODULE = "github.com/cert-manager/cert-manager"
REPORT_SECONDS = 10
ERROR_LINES = 40


class BuildFailed(Exception):
    """There is no build and none could be made; the message says why, in Go's words where Go failed."""


class NoToolchain(BuildFailed):
    """There is no build, and no Go that could make one."""


@dataclass(frozen=True)
class Build:
    """What a complete build holds."""

    directory: Path

    @property
    def programs(self) -> Path:
        """The directory of etcd, kube-apiserver, kube-controller-manager, kubectl and cert-manager."""
        return self.directory / "bin"

    @property
    def crds(self) -> Path:
        """The directory of cert-manager's CustomResourceDefinitions."""
        return self.directory / "crds"


def find_warm(env: Mapping[str, str]) -> Build | None:
    """A build of the present sources; by the present Go, or where Go is missing or too old, by any."""
    if toolchain.why_unusable(env) is None:
        wanted = [_place(env)]
    else:
        wanted = sorted(_cache(env).glob(f"{toolchain.sources_key()}-go*"))
    return next((Build(place) for place in wanted if place.is_dir()), None)


def ensure(env: Mapping[str, str]) -> Build:
    """The warm build, or else a new one, which takes minutes. Raises NoToolchain, BuildFailed."""
    if warm := find_warm(env):
        return warm
    if reason := toolchain.why_unusable(env):
        raise NoToolchain(reason)
    place = _place(env)
    place.parent.mkdir(parents=True, exist_ok=True)
    with _locked(place.with_name(f".{place.name}.lock")):
        if not place.exists():  # else another run has built it while we waited for the lock
            _build(place, env)
    return Build(place)


def _cache(env: Mapping[str, str]) -> Path:
    root = Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "sample-external-issuer" / "controlplane"


def _place(env: Mapping[str, str]) -> Path:
    return _cache(env) / f"{toolchain.sources_key()}-{toolchain.version(env)}"


def _build(place: Path, env: Mapping[str, str]) -> None:
    started = time.monotonic()
    _say("building etcd, Kubernetes and cert-manager from Go modules, once; cold, five to ten minutes on two cores")
    unfinished = place.with_name(f".{place.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    programs = unfinished / "bin"
    programs.mkdir(parents=True)
    try:
        _go_build("1/2 " + ", ".join(PROGRAMS), "controlplane", programs / "controlplane", env)
        _go_build("2/2 cert-manager's controllers", "certmanager", programs / "cert-manager", env)
        crds = Path(toolchain.module(CERT_MANAGER_MODULE, "{{.Dir}}", env)) / "deploy" / "crds"
    except subprocess.CalledProcessError as error:
        raise BuildFailed(f"go {' '.join(error.cmd[1:])}\n{error.stderr}") from None
    for name in PROGRAMS:
        (programs / name).symlink_to("controlplane")
    (unfinished / "crds").mkdir()
    for file in crds.glob("*.yaml"):
        shutil.copyfile(file, unfinished / "crds" / file.name)  # not its mode: modules are read-only
    unfinished.rename(place)
    _say(f"built in {time.monotonic() - started:.0f} s: {place}")


def _go_build(what: str, program: str, output: Path, env: Mapping[str, str]) -> None:
    """Raises CalledProcessError with what Go had to say."""
    arguments = ["build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {_kubernetes_version(env)}"]
    command = toolchain.command([*arguments, "-o", str(output), f"./cmd/{program}"], env)
    log = output.with_name(f"{program}.log")
    with log.open("w") as file, _running(command, file, env) as go:
        _report_until_done(what, go, log)
    words = log.read_text(errors="replace")
    log.unlink()
    if go.returncode:
        raise subprocess.CalledProcessError(go.returncode, command, stderr=_errors(words))


def _kubernetes_version(env: Mapping[str, str]) -> str:
    """Linker flags: without them the server would call itself v0.0.0."""
    version = toolchain.module("k8s.io/kubernetes", "{{.Version}}", env)
    major, minor, _ = version.removeprefix("v").split(".", 2)
    facts = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in facts.items())


@contextlib.contextmanager
def _running(command: list[str], output: IO[str], env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    go = subprocess.Popen(
        leashed(command, signal.SIGINT),
        cwd=toolchain.MODULE,
        env=toolchain.go_env(env),
        stdout=output,
        stderr=subprocess.STDOUT,
    )
    try:
        yield go
    except BaseException:
        go.send_signal(signal.SIGINT)  # Go then ends its compilers too
        go.wait()
        raise


def _report_until_done(what: str, go: subprocess.Popen[bytes], log: Path) -> None:
    started = time.monotonic()
    _say(what)
    while True:
        try:
            go.wait(REPORT_SECONDS)
            return
        except subprocess.TimeoutExpired:
            lines = log.read_text(errors="replace").splitlines()
            now = lines[-1] if lines else "starting"
            _say(f"{what}: {time.monotonic() - started:.0f} s, {len(lines)} packages, now {now}")


def _errors(words: str) -> str:
    """Without the progress of `go build -v`, a line for each package."""
    lines = [line for line in words.splitlines() if " " in line and not line.startswith("go: downloading ")]
    return "\n".join(lines[-ERROR_LINES:])


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """The kernel frees the lock however its holder ends."""
    started = time.monotonic()
    with path.open("w") as file:
        while True:
            try:
                wait_until(functools.partial(_try_lock, file), REPORT_SECONDS, "the lock")
                break
            except TimeoutError:
                _say(f"another run is building, waiting for it: {time.monotonic() - started:.0f} s")
        yield


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


def _say(line: str) -> None:
    print(f"control plane: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        print(ensure(os.environ).directory)
    except BuildFailed as failure:
        sys.exit(f"control plane: build failed\n{failure}")
