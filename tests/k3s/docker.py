"""The Docker engine, by its own command line: whether one answers, and which images it has."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.commands import CommandFailed, run


def why_unusable(env: Mapping[str, str]) -> str | None:
    """Why no image can be built or run here, or None when it can."""
    try:
        run("docker", "version", "--format={{.Server.Version}}", env=env)
    except FileNotFoundError:
        return "no `docker` on PATH"
    except CommandFailed:
        return "no Docker engine answers"
    return None


def has_image(name: str, env: Mapping[str, str]) -> bool:
    """Whether it is here, or can be pulled."""
    for command in ("image inspect --format={{.Id}}", "pull --quiet"):
        try:
            run("docker", *command.split(), name, env=env)
        except CommandFailed:
            continue
        return True
    return False
