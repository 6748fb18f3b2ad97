"""One child process with a name, a log file and a command line that can be started again.

It ends when it is told to, and on Linux also when the thread that started it ends in any way, SIGKILL included:
nothing outlives a test run. Ctrl-C does not reach it, so that the order of ending stays ours.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

TAIL_LINES = 30


class ProcessDied(Exception):
    """A process that should run has ended; the message holds the end of its log."""


class Process:
    """`start()` may follow `stop()`: the command line, and so the ports in it, stays the same."""

    def __init__(self, name: str, command: Sequence[str | Path], log: Path) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """For os.kill(pid, SIGSTOP) and its like. Raises ProcessDied when it is not running."""
        self.check()
        if self._child is None:
            raise ProcessDied(f"{self.name} was not started")
        return self._child.pid

    def flag(self, name: str) -> str:
        """The value of `--name=value` in its command line. Raises KeyError."""
        flags = dict(str(each).removeprefix("--").partition("=")[::2] for each in self._command)
        return flags[name]

    def start(self, *flags: str) -> None:
        """With more flags than its command line has, this time."""
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                leashed([*self._command, *flags], signal.SIGKILL),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raises ProcessDied if the process ended though nobody called `stop()`."""
        if self._child is not None and (code := self._child.poll()) is not None:
            raise ProcessDied(f"{self.name} ended with {code}\n{self.tail()}")

    def stop(self, seconds: float = 10) -> None:
        """SIGTERM, and SIGKILL after `seconds`; returns when the process is gone, also if it never ran.

        An API server with open watches takes all the `seconds` it gets: to restart it under load, give it few.
        """
        if self._child is None:
            return
        self._child.send_signal(signal.SIGTERM)
        self._child.send_signal(signal.SIGCONT)  # a test may have stopped it, and then it would not see SIGTERM
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child = None

    def tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"--- end of {self.log}", *lines[-TAIL_LINES:]])


def leashed(command: Sequence[str | Path], at_parents_end: signal.Signals) -> list[str]:
    """The command line of the same program, of the same pid, which gets this signal when its parent thread ends."""
    leash = Path(__file__).with_name("leash.py")
    return [sys.executable, "-IS", str(leash), str(os.getpid()), str(int(at_parents_end)), *map(str, command)]
