"""Does in a directory what a tutorial says, step by step, as its reader would."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.cluster.process import leashed
from tests.support.cluster.waiting import wait_until
from tests.support.tutorial.steps import ChangeFile, Command, NotATutorial, Step, WriteFile, pattern, steps

COMMAND_SECONDS = 600
BACKGROUND_SECONDS = 60
END_SECONDS = 10
LOG_LINES = 20


class StepFailed(Exception):
    """A step did not do what the tutorial says; the message has file, line, command and output."""


@dataclass(slots=True)
class Background:
    """A command that goes on running. Its session, which holds what it started too, ends with this process."""

    command: Command
    log: Path
    child: subprocess.Popen[bytes]

    @property
    def printed(self) -> str:
        return self.log.read_text(errors="replace")

    def is_as_shown(self) -> bool:
        return pattern(self.command.output).search(self.printed) is not None

    def has_ended(self) -> bool:
        return self.child.poll() is not None

    def stop(self) -> None:
        self._signal(signal.SIGTERM)
        try:
            self.child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._signal(signal.SIGKILL)
            self.child.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, number)


@dataclass(slots=True)
class Reader:
    """Follows `file` in a directory, where each command is run, with these variables. Logs are written to `logs`."""

    file: str
    directory: Path
    env: Mapping[str, str]
    logs: Path
    background: list[Background] = field(default_factory=list)

    def follow(self, markdown: str) -> None:
        """Raises NotATutorial, and StepFailed at the first step that fails."""
        try:
            found = steps(markdown)
        except NotATutorial as error:
            raise NotATutorial(f"{self.file}: {error}") from None
        with ExitStack() as stack:
            for step in found:
                self._do(step, stack)

    def _do(self, step: Step, stack: ExitStack) -> None:
        match step:
            case WriteFile():
                path = self.directory / step.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(step.content)
            case ChangeFile():
                self._change(step)
            case Command(in_background=True):
                stack.enter_context(self._running(step))
            case Command():
                self._run(step)

    def _change(self, change: ChangeFile) -> None:
        path = self.directory / change.path
        text = path.read_text() if path.exists() else ""
        if text.count(change.before) != 1:
            found = text.count(change.before)
            raise self._failure(change, f"is {found} times in {change.path}, and must be there once:\n{change.before}")
        path.write_text(text.replace(change.before, change.after))

    def _run(self, command: Command) -> None:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-ec", command.text],
            cwd=self.directory,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        if done.returncode:
            raise self._failure(command, f"exit code {done.returncode}\n{done.stdout}")
        printed = "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())
        if command.output and not pattern(command.output).fullmatch(printed):
            raise self._failure(command, _other(command, printed))

    @contextlib.contextmanager
    def _running(self, command: Command) -> Iterator[None]:
        log = self.logs / f"line-{command.line}.log"
        with log.open("wb") as output:
            child = subprocess.Popen(
                leashed(["/bin/bash", "-c", command.text.removesuffix(" &")], signal.SIGTERM),
                cwd=self.directory,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running = Background(command, log, child)
        self.background.append(running)
        try:
            self._wait_for(running)
            yield
        finally:
            running.stop()

    def _wait_for(self, running: Background) -> None:
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: running.is_as_shown() or running.has_ended(), BACKGROUND_SECONDS, "output")
        if running.has_ended():
            raise self._failure(running.command, f"ended with {running.child.returncode}\n{running.printed}")
        if not running.is_as_shown():
            raise self._failure(running.command, _other(running.command, running.printed))

    def _failure(self, step: Step, what: str) -> StepFailed:
        """With the end of what the commands in the background have printed up to now."""
        did = f"$ {step.text}" if isinstance(step, Command) else step.path
        others = [each for each in self.background if each.command != step]
        logs = [f"--- line {each.command.line}: $ {each.command.text}\n{_end(each.printed)}" for each in others]
        parts = [f"{self.file}:{step.line}: {did}", what, *logs]
        return StepFailed("\n".join(part.rstrip() for part in parts))


def _end(printed: str) -> str:
    lines = printed.splitlines()
    return "\n".join(["...", *lines[-LOG_LINES:]] if len(lines) > LOG_LINES else lines)


def _other(command: Command, printed: str) -> str:
    shown = "\n".join(command.output)
    return f"prints something else\n--- the tutorial shows\n{shown}\n--- it printed\n{printed}"
