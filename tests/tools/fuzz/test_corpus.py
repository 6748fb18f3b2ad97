"""The corpus, and mutations of what is in it: what `make fuzz` has found stays found.

Each target takes something of its corpus and refuses something, so that none proves less than it seems to.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.cluster.fixtures import built
from tests.support.programs import X509_READER
from tests.tools.fuzz import der
from tests.tools.fuzz.seeds import CORPUS
from tests.tools.fuzz.targets import TARGETS

KEPT = {name: sorted((CORPUS / name).iterdir()) for name in TARGETS}
FILES = [(name, file) for name, files in KEPT.items() for file in files]
DER = [name for name, target in TARGETS.items() if target.is_der]
Edit = tuple[int, int, bytes]

target = pytest.mark.parametrize("name", TARGETS)
EDITS = st.lists(
    st.tuples(st.integers(0, 4_000), st.sampled_from([0, 1, 2, 8, 500]), st.binary(max_size=8)), max_size=4
)


@pytest.fixture(autouse=True, scope="module")
def no_log_lines() -> Iterator[None]:
    """Nothing is logged: pytest would keep it all, and hypothesis tries much."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True, scope="module")
def go(pytestconfig: pytest.Config) -> None:
    """The Go program is built before the first target that asks it; skipped without Go, as the rest of this module."""
    built(pytestconfig, X509_READER.name, X509_READER.ensure, "install Go")


@pytest.mark.parametrize(("name", "file"), FILES, ids=[f"{name}-{file.name}" for name, file in FILES])
def test_what_is_kept(name: str, file: Path) -> None:
    TARGETS[name].run(file.read_bytes())


@target
def test_both_ends_are_reached(name: str) -> None:
    assert {TARGETS[name].run(file.read_bytes()) for file in KEPT[name]} == {True, False}


def test_nothing_else_is_kept() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)


@target
@given(data=st.data())
def test_what_is_damaged(name: str, data: st.DataObject) -> None:
    good = data.draw(st.sampled_from(KEPT[name])).read_bytes()
    TARGETS[name].run(edited(good, data.draw(EDITS)))


@pytest.mark.parametrize("name", DER)
@given(data=st.data())
def test_what_is_damaged_and_still_der(name: str, data: st.DataObject) -> None:
    good = data.draw(st.sampled_from(KEPT[name])).read_bytes()
    edits, random = data.draw(EDITS), data.draw(st.randoms(use_true_random=False))
    TARGETS[name].run(der.mutate(good, random, lambda content: edited(content, edits)) or good)


def test_lengths_follow_what_is_changed() -> None:
    number = bytes.fromhex("3003020105")
    mutated = {der.mutate(number, Random(seed), lambda _: 200 * b"x") for seed in range(50)}

    assert bytes.fromhex("3081cb0281c8") + 200 * b"x" in mutated
    assert None not in mutated


@pytest.mark.parametrize("data", [b"", b"0", b"no DER", bytes.fromhex("30030201050500"), bytes.fromhex("300402010530")])
def test_what_is_no_der_is_left_to_others(data: bytes) -> None:
    assert der.mutate(data, Random(0), bytes) is None


def edited(data: bytes, edits: list[Edit]) -> bytes:
    """Each edit puts some bytes in place of so many, at a place that there is."""
    for place, length, piece in edits:
        at = place % (len(data) + 1)
        data = data[:at] + piece + data[at + length :]
    return data
