"""Who is measured: each a process of its own, told by its kubeconfig where to work, and what it used up.

Figures of a process come from the kernel (/proc, so Linux alone), never from itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from entrypoints.issuer import NAMES, NAMESPACE
from tests.support.cluster.process import Process
from tests.tools.bench.bare import AT_ONCE
from tests.tools.bench.scenarios import BARE, BARE_IN_GO, MANAGER, PEER, WATCHING

_PROGRAM = (sys.executable, "-m", "entrypoints.cli")
_BARE = (sys.executable, "-m", "tests.tools.bench.bare")
_PEER_FLAGS = (
    f"--group={NAMES.group}",
    f"--version={NAMES.version}",
    f"--issuer={NAMES.issuer}",
    f"--cluster-issuer={NAMES.cluster_issuer}",
    f"--cluster-resource-namespace={NAMESPACE}",
)
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Subjects:
    """`manager` and `peer` are kubeconfigs, `peer_program` and `bare_program` what was built."""

    manager: Path
    peer: Path
    peer_program: Path
    bare_program: Path
    directory: Path

    def process(self, name: str) -> Process:
        """Not started yet."""
        kubeconfig, command = self._command(name)
        log = self.directory / f"{name.replace(' ', '-')}.log"
        return Process(name, [*self._compiled, f"KUBECONFIG={kubeconfig}", *command], log)

    def compile(self) -> None:
        """Python's code is compiled ahead, as it is in the image."""
        subprocess.run([*self._compiled, *_PROGRAM, "--version"], check=True, stdout=subprocess.DEVNULL)

    @property
    def _compiled(self) -> list[str]:
        env = shutil.which("env") or "/usr/bin/env"
        return [env, "--unset=PYTHONDONTWRITEBYTECODE", f"PYTHONPYCACHEPREFIX={self.directory / 'compiled'}"]

    def _command(self, name: str) -> tuple[Path, list[str | Path]]:
        makers: Mapping[str, Callable[[], tuple[Path, list[str | Path]]]] = {
            MANAGER: lambda: (self.manager, _manager()),
            PEER: lambda: (self.peer, [self.peer_program, *_PEER_FLAGS]),
            BARE: lambda: (self.manager, [*_BARE, "wait"]),
            BARE_IN_GO: lambda: (self.manager, [self.bare_program, f"--at-once={AT_ONCE}"]),
            WATCHING: lambda: (self.manager, [*_BARE, "come"]),
        }
        return makers[name]()


def _manager() -> list[str | Path]:
    flags = f"--cluster-resource-namespace={NAMESPACE}", "--health-probe-bind-address=0"
    return [*_PROGRAM, "manager", *flags]


def cpu_seconds(pid: int) -> float:
    """User and system time so far; proc_pid_stat(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def peak_mib(pid: int) -> float:
    """The most physical memory that it has had; proc_pid_status(5)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
