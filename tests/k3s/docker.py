"""The Docker engine, by its own command line: whether one answers, and what is asked of it.

Law: what the engine says when it refuses is passed on, never swallowed.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

SECONDS = 600


class EngineFailed(Exception):
    """The engine, or make, ended with an error; the message holds the command and the end of what it wrote."""


def why_unusable(env: Mapping[str, str]) -> str | None:
    """Why no image can be built or run here, or None when it can."""
    try:
        run("docker", "version", "--format={{.Server.Version}}", env=env)
    except FileNotFoundError:
        return "no `docker` on PATH"
    except EngineFailed:
        return "no Docker engine answers"
    return None


def has_image(name: str, env: Mapping[str, str]) -> bool:
    """Whether it is here, or can be pulled."""
    for command in ("image inspect --format={{.Id}}", "pull --quiet"):
        try:
            run("docker", *command.split(), name, env=env)
        except EngineFailed:
            continue
        return True
    return False


def run(*command: str | Path, env: Mapping[str, str] | None = None, directory: Path | None = None) -> str:
    """The command's stdout. Raises EngineFailed, and FileNotFoundError where the program is missing."""
    done = subprocess.run(
        command, env=env or os.environ, cwd=directory, capture_output=True, text=True, timeout=SECONDS
    )
    if done.returncode:
        said = f"{done.stdout}\n{done.stderr}".strip().splitlines()[-30:]
        raise EngineFailed("\n".join([f"{' '.join(map(str, command))}: exit code {done.returncode}", *said]))
    return done.stdout
