"""The command line, run in this process; and a loop that waits for nothing."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator
from selectors import SelectorKey

import pytest

from entrypoints import cli
from entrypoints.demo import run as demo
from tests.unit.entrypoints.command import Result, Run


@pytest.fixture
def run(loggers: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["sample-external-issuer", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Result(ended.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo that makes nobody wait."""
    monkeypatch.setattr(demo, "_APPROVED_AFTER", 0.01)
    monkeypatch.setattr(demo, "_SECRETS_AFTER", 0.02)
    monkeypatch.setattr(demo, "_GIVE_UP_AFTER", 5.0)


@pytest.fixture
def loggers() -> Iterator[None]:
    """What a run does to the loggers ends with its test."""
    names = (None, "issuer", "demo", "httpx2")
    before = {name: (logging.getLogger(name).handlers[:], logging.getLogger(name).level) for name in names}
    yield
    for name, (handlers, level) in before.items():
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = handlers, True
        logger.setLevel(level)


@pytest.fixture
async def skipped_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever nobody has anything to do, the loop's time is set to that of its next timer, and moves in no other way.

    For tests in which nothing comes from outside the loop.
    """
    loop = asyncio.get_running_loop()
    selector, time = loop._selector, loop.time()  # type: ignore[attr-defined]
    select = selector.select

    def skipping(timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        nonlocal time
        found: list[tuple[SelectorKey, int]] = select(timeout and 0)
        if timeout and not found:
            time += timeout
        return found

    monkeypatch.setattr(selector, "select", skipping)
    monkeypatch.setattr(loop, "time", lambda: time)
