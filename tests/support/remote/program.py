"""A real CA's server in a process of its own, on a loopback port."""

from __future__ import annotations

import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from tests.support.cluster.process import Process
from tests.support.cluster.waiting import wait_until

START_SECONDS = 60


class CAProgram(ABC):
    """`start()` may follow `stop()`: the port stays the same. Nothing outlives the test run."""

    def __init__(self, url: str, process: Process) -> None:
        self.url = url
        self.process = process

    def start(self) -> None:
        """Returns when it answers. Raises ProcessDied, TimeoutError."""
        self.process.start()
        wait_until(self._is_up, START_SECONDS, f"{self.process.name} answers")

    def stop(self) -> None:
        self.process.stop()

    def kill(self) -> None:
        """SIGKILL: it has no time to say goodbye."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.stop()

    @contextmanager
    def running(self) -> Iterator[Self]:
        try:
            self.start()
            yield self
        finally:
            self.stop()

    @property
    def log(self) -> str:
        return self.process.log.read_text()

    def _is_up(self) -> bool:
        self.process.check()
        try:
            self._connect()
            return True
        except OSError:  # nobody listens yet
            return False

    @abstractmethod
    def _connect(self) -> None:
        """Raises OSError until it answers."""
