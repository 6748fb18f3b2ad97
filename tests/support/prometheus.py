"""Prometheus' programs: those on the PATH, or those of Debian's or Ubuntu's package, unpacked into the user's cache.

Nothing is installed, so this needs neither root nor a service; apt-get checks the package's signature.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.support.building import BuildFailed, NoToolchain

PROMETHEUS, PROMTOOL = "prometheus", "promtool"


def ensure(program: str, env: Mapping[str, str]) -> Path:
    """Where it is. Raises NoToolchain without apt-get, BuildFailed where that fails."""
    cache = Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "external-issuer-tests" / "prometheus"
    cached = cache / program
    found = shutil.which(program, path=env.get("PATH")) or (cached if cached.is_file() else None)
    if found:
        return Path(found)
    if not shutil.which("apt-get", path=env.get("PATH")):
        raise NoToolchain(f"neither {program} nor apt-get is on the PATH")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as name:
        _download(Path(name), env)
        [package] = Path(name).glob("*.deb")
        _run(["dpkg-deb", "--extract", package.name, "unpacked"], Path(name), env)
        for each in (PROMETHEUS, PROMTOOL):
            (Path(name) / "unpacked" / "usr" / "bin" / each).rename(cache / each)
    return cached


def _download(directory: Path, env: Mapping[str, str]) -> None:
    download = ["apt-get", "download", "-qq", "prometheus"]
    try:
        _run(download, directory, env)
    except BuildFailed:  # a fresh machine has no list of packages
        if os.geteuid() != 0:
            raise
        _run(["apt-get", "update", "-qq"], directory, env)
        _run(download, directory, env)


def _run(command: list[str], directory: Path, env: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, cwd=directory, env=dict(env), capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode:
        raise BuildFailed(f"{' '.join(command)}: {done.stderr.strip()}")
