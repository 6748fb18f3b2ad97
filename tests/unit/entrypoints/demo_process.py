"""The demo in a process of its own, with CAs that are reached by HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from tests.support.remote import https
from tests.support.remote.relay import in_background
from tests.unit.entrypoints.command import Result

HURRIED = """\
from entrypoints import cli
from entrypoints.demo import run
run._APPROVED_AFTER, run._SECRETS_AFTER, run._GIVE_UP_AFTER, run._STOP_AFTER = 0.01, 0.02, {seconds}, 0.05
cli.main()
"""


def command(arguments: Sequence[object], seconds: float) -> list[str]:
    """The demo in a process of its own, where Python warns of everything that is left open."""
    return [
        sys.executable,
        "-W",
        "error::ResourceWarning",
        "-c",
        HURRIED.format(seconds=seconds),
        "demo",
        *map(str, arguments),
    ]


def demo(*arguments: object, seconds: float = 20) -> Result:
    ended = subprocess.run(command(arguments, seconds), capture_output=True, text=True, timeout=60)
    return Result(ended.returncode, ended.stdout, ended.stderr)


def begun(*arguments: object, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(command(arguments, seconds), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def serving(directory: Path, handler: https.Handler, *, plain: bool = False) -> Iterator[https.Server]:
    with in_background(https.serving(directory, handler, plain=plain)) as server:
        yield server


async def broken(request: web.Request) -> web.Response:
    return web.Response(status=500)
