"""Writes byte code of the modules that the program imports, into the folder it is given. deploy/Dockerfile runs this.

Python writes byte code of what it imports below PYTHONPYCACHEPREFIX, so those files say what is imported: each of this
project's modules, and, since a manager runs, what packages import only when they are used. A module that is not found
this way still works: Python compiles it in each process that imports it.

The byte code is made anew as UNCHECKED_HASH: Python does not compare it with its source, whose date is changed later.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import pkgutil
import subprocess
import sys
import tempfile
from importlib.util import source_from_cache
from pathlib import Path

from entrypoints.container import Container, opened
from entrypoints.flag_types import Address
from entrypoints.settings import Settings

NO_SERVER = """
clusters: [{name: none, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: none, user: {token: none}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
current-context: none
"""
ANY_PORT = Address("localhost", 0)


def main(folder: str) -> None:
    for package in ("domain", "adapters", "entrypoints"):
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            importlib.import_module(module.name)
    asyncio.run(begin_and_stop())
    imported = sorted(source_from_cache(str(file)) for file in Path(str(sys.pycache_prefix)).rglob("*.pyc"))
    compile_all(imported, folder)


async def begin_and_stop() -> None:
    """Begins all parts of a manager, which finds no API server, and ends them."""
    settings = Settings("default", health_probe_bind_address=ANY_PORT, metrics_bind_address=ANY_PORT)
    stop = asyncio.Event()
    stop.set()
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as kubeconfig:
        kubeconfig.write(NO_SERVER)
        kubeconfig.flush()
        os.environ["KUBECONFIG"] = kubeconfig.name
        async with opened(Container(settings=settings)) as manager:
            await manager.run(stop)


def compile_all(files: list[str], folder: str) -> None:
    """In a process of its own: byte code can differ by what else its process holds."""
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash", "-i", "-"],
        input="\n".join(files),
        text=True,
        check=True,
        env={"PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": "1"},
    )


if __name__ == "__main__":
    main(sys.argv[1])
