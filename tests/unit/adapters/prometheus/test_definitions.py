"""What definitions.py says of the metrics is what the manager serves."""

from __future__ import annotations

import re

from adapters.clock import SystemClock
from adapters.memory.cluster import MemoryCluster
from adapters.memory.recorder import MemoryRecorder
from adapters.prometheus.definitions import Common, Defined
from entrypoints.container import in_memory
from entrypoints.issuer import NAMES
from entrypoints.settings import Settings
from tests.unit.adapters.prometheus.scraping import Scraped, full

PAGE, _ = in_memory(Settings("system", leader_elect=True), MemoryCluster(), MemoryRecorder(SystemClock())).page()("")
ALL = [*Defined, *Common]


def _served(keyword: str) -> dict[str, str]:
    """Without what is said of every process."""
    return dict(re.findall(rf"^# {keyword} (?!process_)(\w+) (.*)$", PAGE.decode(), re.MULTILINE))


def test_names_types_and_help_texts_are_those_that_are_served() -> None:
    assert _served("TYPE") == {full(each.value.name): each.value.type for each in ALL}
    assert _served("HELP") == {full(each.value.name): each.value.help for each in ALL}


def test_the_lease_is_the_one_that_is_taken() -> None:
    assert Scraped(PAGE).get("leader_election_master_status", name=NAMES.controller) == 0


def test_the_build_has_the_labels_that_are_defined() -> None:
    assert Scraped(PAGE).labels()[full(Defined.BUILD.value.name)] == set(Defined.BUILD.value.labels)
