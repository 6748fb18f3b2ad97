"""What a CA gives as it is asked, and which tests of the SignerContract hold for it. A pytest plugin.

A suite declares in `honours` what its CA does. Tests that demand something else are deselected when they are collected:
pytest counts them, and a line says for each suite how many were left out and what its CA does not honour. They are not
skipped. A skip says that this machine could not run a test, and CI fails on any; here the test does not apply. In their
place come tests that such a request is signed or refused alone, and does not stop its issuer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from enum import Enum

import pytest


class Honours(Enum):
    """The values are what a request asks for."""

    SUBJECT = "the CSR's subject"
    USAGES = "spec.usages"
    DURATION = "spec.duration, to the second, from ten minutes to seven days"
    IS_CA = "spec.isCA"
    NAME_CONSTRAINTS = "the CSR's name constraints, where isCA is true"
    IP_ADDRESSES = "IP addresses"
    URIS = "URIs"
    EMAIL_ADDRESSES = "email addresses"
    OTHER_NAMES = "otherNames, directoryNames and registeredIDs"
    KEYS = "RSA keys of 3,072 and 4,096 bits, P-384, P-521 and Ed25519"
    ROOT = "its root, for status.ca"


ALL = frozenset(Honours)


def needs(*members: Honours) -> pytest.MarkDecorator:
    """The test is for CAs that honour all of these."""
    return pytest.mark.needs(*members)


def lacks(*members: Honours) -> pytest.MarkDecorator:
    """The test is for CAs that honour none of these."""
    return pytest.mark.lacks(*members)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*members): a test of SignerContract for CAs that honour all of these")
    config.addinivalue_line("markers", "lacks(*members): a test of SignerContract for CAs that honour none of these")


_LEFT_OUT = pytest.StashKey[list[str]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if not _applies(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _applies(item)]
    counted = Counter(suite for item in left_out if (suite := item.getparent(pytest.Class)))
    config.stash[_LEFT_OUT] = [_line(suite, count) for suite, count in counted.items() if _honours(suite) != ALL]


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    return config.stash.get(_LEFT_OUT, [])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed says which member of Honours it is about."""
    report = yield
    if report.failed and (members := _marked(item, "needs")):
        told = "; ".join(f"{member.value} (Honours.{member.name})" for member in members)
        report.sections.append(
            (
                "what to do",
                f"This test is for CAs that honour {told}. If yours cannot, take it out of the suite's `honours`.",
            )
        )
    return report


def _marked(item: pytest.Item, name: str) -> list[Honours]:
    found = {member for mark in item.iter_markers(name) for member in mark.args}
    return [member for member in Honours if member in found]


def _applies(item: pytest.Item) -> bool:
    suite = item.getparent(pytest.Class)
    honours = _honours(suite) if suite else ALL
    return honours.issuperset(_marked(item, "needs")) and honours.isdisjoint(_marked(item, "lacks"))


def _honours(suite: pytest.Class) -> frozenset[Honours]:
    return frozenset(getattr(suite.obj, "honours", ALL))


def _line(suite: pytest.Class, count: int) -> str:
    missing = ", ".join(member.name for member in Honours if member not in _honours(suite))
    return f"{suite.nodeid}: {count} tests left out, its `honours` lacks {missing}"
