"""The command line, run in this process."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

import pytest

from entrypoints import cli
from entrypoints.demo import run as demo
from entrypoints.issuer import NAMES
from tests.unit.entrypoints.command import Result, Run


@pytest.fixture
def run(loggers: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", [NAMES.controller, *map(str, arguments)])
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
