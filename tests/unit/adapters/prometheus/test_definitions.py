"""What definitions.py says of the metrics is what the manager serves."""

from __future__ import annotations

import re

from adapters.clock import SystemClock
from adapters.memory.cluster import MemoryCluster
from adapters.memory.recorder import MemoryRecorder
from adapters.prometheus.definitions import Defined
from entrypoints.container import in_memory
from entrypoints.issuer import METRICS_PREFIX
from entrypoints.settings import Settings
from tests.unit.adapters.prometheus.scraping import Scraped, full

PAGE = in_memory(Settings("system"), MemoryCluster(), MemoryRecorder(SystemClock())).page()()


def _served(keyword: str) -> dict[str, str]:
    return dict(re.findall(rf"^# {keyword} ({METRICS_PREFIX}_\w+) (.*)$", PAGE.decode(), re.MULTILINE))


def test_names_types_and_help_texts_are_those_that_are_served() -> None:
    assert _served("TYPE") == {full(each.value.name): each.value.type for each in Defined}
    assert _served("HELP") == {full(each.value.name): each.value.help for each in Defined}


def test_the_build_has_the_labels_that_are_defined() -> None:
    assert Scraped(PAGE).labels()[full(Defined.BUILD.value.name)] == set(Defined.BUILD.value.labels)
