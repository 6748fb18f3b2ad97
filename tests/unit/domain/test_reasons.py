"""The table of reasons: what the Kubernetes API and cert-manager allow; every row is explained, and found again."""

from __future__ import annotations

import importlib
import re
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bundle_reasons import BundleReason
from domain.conditions import Table, message, row, rows
from domain.reasons import NORMAL, WARNING, IssuerReason, Reason, RequestReason

TABLES: list[Table] = [IssuerReason, BundleReason, RequestReason]
ALL: list[tuple[Table, Reason]] = [(table, each.value) for table in TABLES for each in table]
every = pytest.mark.parametrize(
    ("table", "news"), ALL, ids=[f"{table.__name__}: {news.message[:20]}" for table, news in ALL]
)


@every
def test_a_row_is_something_that_the_api_takes(table: Table, news: Reason) -> None:
    assert news.reason.isalpha()
    assert news.reason[0].isupper()
    assert news.event_type in (NORMAL, WARNING)
    assert news.ready in ("True", "False", "Unknown", None)
    assert {name for _, name, _, _ in Formatter().parse(news.message)} <= {None, "why", "retried"}


@pytest.mark.parametrize("news", RequestReason)
def test_the_reasons_of_requests_are_those_that_cert_manager_knows(news: RequestReason) -> None:
    known = {"Pending": "False", "Failed": "False", "Denied": "False", "Issued": "True"}
    if news.value.ready is None:
        assert news.value.reason not in known
    else:
        assert known[news.value.reason] == news.value.ready


@pytest.mark.parametrize("table", TABLES)
def test_each_row_says_something_of_its_own(table: Table) -> None:
    assert len({each.value.message for each in table}) == len(table.__members__)


@every
def test_a_row_says_what_it_means_and_what_to_do_in_sentences(table: Table, news: Reason) -> None:
    for sentences in (news.means, news.remedy, news.rule):
        assert sentences.endswith(".")
        assert sentences.isprintable()
        assert "  " not in sentences


@every
def test_the_functions_that_a_rule_names_are_there(table: Table, news: Reason) -> None:
    named = re.match(r"domain/(\w+)\.py, (\w+): ", news.rule)
    assert named is not None
    module = importlib.import_module(f"domain.{named[1]}")
    files = {IssuerReason: ("issuers",), BundleReason: ("trust_bundles",), RequestReason: ("requests", "pods")}
    assert named[1] in files[table]
    for function in [named[2], *re.findall(r"; (\w+): ", news.rule)]:
        assert callable(getattr(module, function))


@every
@given(why=st.text(max_size=1200))
def test_a_message_is_found_again_whatever_it_tells(table: Table, news: Reason, why: str) -> None:
    assert row(table, news.reason, message(news, why=why, retried="1h30m")) is news


@pytest.mark.parametrize("table", TABLES)
def test_words_that_no_row_has_are_not_found(table: Table) -> None:
    assert row(table, "Pending", "a message of another version") is None
    assert row(table, "NoReason", "Success") is None
    assert rows(table, "NoReason") == []


def test_a_message_that_quotes_another_one_is_found_by_its_beginning() -> None:
    why = message(RequestReason.RETRYING.value, why="down")
    assert row(RequestReason, "Pending", message(RequestReason.WAITING.value, why=why)) is RequestReason.WAITING.value


def test_a_message_of_several_lines_is_found() -> None:
    assert row(RequestReason, "Pending", "Waiting for the issuer: a\nb") is RequestReason.WAITING.value
