"""Figures that tests measure, told at the end of the run and in the JUnit file; a pytest plugin.

A figure is told and never compared with anything: this machine does other things too.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

Report = Callable[[str, float], None]
Tell = Callable[[str, str], None]


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Tells what was counted, in words."""
    return lambda what, figures: request.node.user_properties.append((what, figures))


@pytest.fixture
def report(tell: Tell) -> Report:
    """Tells how many seconds something took."""
    return lambda what, seconds: tell(what, f"{seconds:.2f} s")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports: list[pytest.TestReport] = terminalreporter.getreports("passed")
    figures = [figure for each in reports if each.when == "call" for figure in each.user_properties]
    if figures:
        terminalreporter.section("measured, once, on a machine that does other things too")
    for what, figure in figures:
        terminalreporter.write_line(f"{what}: {figure}")
