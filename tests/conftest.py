"""What all tests share: where a real API server comes from, this project installed in it, and how much properties try.

Properties try the same examples each time, and no clock ends them: a slow machine is no failure.
"""

from __future__ import annotations

import asyncio
import os
from selectors import SelectorKey

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.support.cluster.fixtures",
    "tests.support.deployed",
    "tests.support.figures",
    "tests.k3s.availability",
    "tests.contracts.signer_honours",
    "tests.contracts.signer_wrapped",
    "tests.integration.x509_reader.fixtures",
]

for profile, examples in (("quick", 25), ("deep", 200)):
    settings.register_profile(
        profile,
        max_examples=examples,
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],  # a deadline by another name
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("deep" if "CI" in os.environ else "quick"))


@pytest.fixture
async def skipped_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets the loop's time to its next timer whenever nothing else is to do; it moves in no other way.

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
