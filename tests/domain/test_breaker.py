"""Who is on trial, and who was turned away.

Law: one trial for each issuer at a time; whoever was turned away is told, once, when the trial ends.
"""

from __future__ import annotations

from domain.breaker import Trials
from tests.domain.factories import cluster_issuer_key, request_key

CA, OTHER = cluster_issuer_key(), cluster_issuer_key("other")
A, B, C = (request_key(name=name) for name in "abc")


def test_the_first_may_try_and_may_try_again_and_the_others_may_not() -> None:
    trials = Trials()
    assert trials.enter(CA, A)
    assert trials.enter(CA, A)
    assert not trials.enter(CA, B)
    assert not trials.enter(CA, C)


def test_when_the_trial_ends_those_turned_away_are_named_once_in_their_order() -> None:
    trials = Trials()
    trials.enter(CA, A)
    for key in (C, B, C):
        trials.enter(CA, key)
    assert list(trials.leave(CA, A)) == [C, B]
    assert list(trials.leave(CA, A)) == []


def test_the_first_to_come_back_is_the_next_on_trial() -> None:
    trials = Trials()
    trials.enter(CA, A)
    trials.enter(CA, B)
    trials.leave(CA, A)
    assert trials.enter(CA, B)
    assert not trials.enter(CA, A)
    assert list(trials.leave(CA, B)) == [A]


def test_who_is_not_on_trial_ends_none() -> None:
    trials = Trials()
    assert list(trials.leave(CA, A)) == []
    trials.enter(CA, A)
    trials.enter(CA, B)
    assert list(trials.leave(CA, B)) == []
    assert not trials.enter(CA, C)


def test_issuers_do_not_know_each_other() -> None:
    trials = Trials()
    assert trials.enter(CA, A)
    assert trials.enter(OTHER, B)
    trials.enter(OTHER, C)
    assert list(trials.leave(CA, A)) == []
    assert list(trials.leave(OTHER, B)) == [C]


def test_nothing_is_remembered_when_all_is_over() -> None:
    trials = Trials()
    for key in (A, B, C):
        trials.enter(CA, key)
    trials.leave(CA, A)
    assert (trials._on_trial, trials._turned_away) == ({}, {})
