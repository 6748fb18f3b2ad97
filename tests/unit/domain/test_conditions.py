"""How a condition is kept, and how a message is made.

lastTransitionTime moves with the status alone; every message fits into an Event.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.conditions import message, ready_condition, set_condition
from domain.reasons import IssuerReason, Reason, RequestReason
from tests.support.factories import HOUR, MINUTE, T0, ready

NOW = T0 + HOUR
ALL: list[Reason] = [row.value for row in [*IssuerReason, *RequestReason]]
row = pytest.mark.parametrize("news", ALL, ids=lambda news: f"{news.reason}: {news.message[:20]}")


def test_what_an_event_alone_tells_has_no_condition() -> None:
    with pytest.raises(ValueError, match="WaitingForApproval"):
        ready_condition(RequestReason.UNAPPROVED.value, "text", NOW, None)


def test_a_first_condition_begins_now() -> None:
    made = ready_condition(IssuerReason.CHECKED.value, "Success", NOW, None, 3)
    assert made == ready("True", "Checked", NOW, 3)


@pytest.mark.parametrize(
    "change", [{"reason": "Failed"}, {"message": "another"}, {"observed_generation": 2}], ids=lambda change: str(change)
)
def test_the_transition_time_stays_while_the_status_does(change: dict[str, object]) -> None:
    previous = ready("False", "Pending", T0)
    changed = replace(previous, since=NOW, **change)  # type: ignore[arg-type]
    assert set_condition(previous, changed) == replace(changed, since=T0)


def test_the_transition_time_moves_with_the_status() -> None:
    for status in ("True", "Unknown"):
        changed = ready(status, "Pending", NOW)
        assert set_condition(ready("False", "Pending", T0), changed) is changed


def test_the_same_again_is_the_very_same() -> None:
    previous = ready()
    assert set_condition(previous, replace(previous, since=NOW)) is previous
    assert ready_condition(IssuerReason.CHECKED.value, "Success", NOW + MINUTE, previous, 1) is previous


@row
@given(why=st.text(max_size=400))
def test_a_message_fits_into_an_event_and_can_be_sent(news: Reason, why: str) -> None:
    made = message(news, why=why * 4, retried="10m")
    assert len(made.encode()) <= 1000
    assert made.isprintable()
    assert "\ufffd" not in made or "\ufffd" in why


def test_a_long_message_is_cut_between_characters_and_says_so() -> None:
    news = RequestReason.REJECTED.value
    assert message(news, why="x" * 2000).endswith("x…")
    assert message(news, why="é" * 2000).endswith("é…")
    assert len(message(news, why="x" * 2000).encode()) == 1000
    whole = "x" * (1000 - len(message(news, why="")))
    assert message(news, why=whole).endswith("x")


def test_words_are_not_taken_for_placeholders() -> None:
    assert message(RequestReason.REJECTED.value, why="{why} {0} {__class__}").endswith("{why} {0} {__class__}")


def test_words_that_no_encoding_has_can_be_sent_all_the_same() -> None:
    assert message(RequestReason.REJECTED.value, why="bad \udcff byte").endswith("bad ? byte")


def test_words_forge_no_line_of_a_log() -> None:
    forged = message(RequestReason.REJECTED.value, why="CN=a\nINFO CertificateRequest x: Issued: Signed\x1b[2K\u202e")
    assert forged.endswith(r"CN=a\nINFO CertificateRequest x: Issued: Signed\x1b[2K\u202e")
