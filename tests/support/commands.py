"""Commands that tests run as somebody would type them.

What a command says when it fails is passed on, never swallowed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

SECONDS = 600
REPOSITORY = Path(__file__).parents[2]


class CommandFailed(Exception):
    """It ended with an error; the message holds the command and the end of what it wrote."""


def run(*command: str | Path, env: Mapping[str, str] | None = None, directory: Path | None = None) -> str:
    """The command's stdout. Raises CommandFailed, and FileNotFoundError where the program is missing."""
    done = subprocess.run(
        command,
        env=env or os.environ,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    if done.returncode:
        said = f"{done.stdout}\n{done.stderr}".strip().splitlines()[-30:]
        raise CommandFailed("\n".join([f"{' '.join(map(str, command))}: exit code {done.returncode}", *said]))
    return done.stdout


def typed(line: str, env: Mapping[str, str], directory: Path = REPOSITORY) -> str:
    """What a line prints that somebody types at the top of the repository. Raises CommandFailed."""
    return run("bash", "-c", line, env=a_persons(env), directory=directory)


def checkout(directory: Path) -> Path:
    """The repository as far as the verbs read it that write files: these are written here, not into yours."""
    for name in ("Makefile", "pyproject.toml", "deploy"):
        (directory / name).symlink_to(REPOSITORY / name)
    return directory


def copy(directory: Path) -> Path:
    """The directory, with the project's files as git has them and the working tree's changes; without a commit."""
    names = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", directory=REPOSITORY)
    for name in filter(None, names.split("\0")):
        if (REPOSITORY / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, directory / name, follow_symlinks=False)
    run("git", "init", "--quiet", "--initial-branch=main", directory=directory)
    return directory


def make(directory: Path, *args: str, env: Mapping[str, str]) -> str:
    """make's stdout. Raises CommandFailed."""
    return run("make", *args, env=a_persons(env), directory=directory)


def a_persons(env: Mapping[str, str]) -> dict[str, str]:
    """Without what a make that runs these tests would have another one do: say which folder it enters, for example."""
    return {name: value for name, value in env.items() if name not in ("ARGS", "IMG", "MAKEFLAGS", "MAKELEVEL")}
