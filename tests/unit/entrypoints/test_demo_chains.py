"""What the demo finds out about the chain of a certificate that it shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from domain.effects import RequestStatus, SigningRequestStatus
from domain.model import Condition
from entrypoints.demo import show
from tests.support import pki

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=400)
OLD_ROOT = pki.authority("Old root")
ROOT = pki.authority("Root")
EXPIRED_ROOT = pki.authority("Root", private=ROOT.key, begins=LONG_AGO, lasts=timedelta(days=30))
CROSS = pki.authority("Root", parent=OLD_ROOT, private=ROOT.key)  # the new root, signed by the old one
EXPIRED_CROSS = pki.authority("Root", parent=OLD_ROOT, private=ROOT.key, begins=LONG_AGO, lasts=timedelta(days=30))
ISSUING = pki.authority("Issuing", parent=ROOT)
EXPIRED_ISSUING = pki.authority("Issuing", parent=ROOT, private=ISSUING.key, begins=LONG_AGO, lasts=timedelta(days=30))
NO_CA = pki.authority("Issuing", parent=ROOT, private=ISSUING.key, constraints=None)
STRANGER = pki.authority("Stranger")
NAMESAKE = pki.authority("Root", private=pki.key(owner="another"))
LEAF = pki.authority("leaf", parent=ISSUING, constraints=None, bits=())
EXPIRED_LEAF = pki.authority(
    "leaf", parent=ISSUING, begins=LONG_AGO, lasts=timedelta(days=1), constraints=None, bits=()
)
BY_ROOT = pki.authority("leaf", parent=ROOT, constraints=None, bits=())

Several = Sequence[pki.Authority]


def shown(chain: Several, own: Several = (), known: Several = ()) -> tuple[str, str]:
    """The line about the chain, and what is wrong with it."""
    pem = b"".join(each.pem for each in chain)
    text, wrong = show.certificate(pem, [each.certificate for each in own], [each.certificate for each in known])
    return text.rpartition("  Chain:     ")[2], wrong


VERIFIES: list[tuple[str, Several, Several, str]] = [
    ("one root", [LEAF, ISSUING], [ROOT], "Root"),
    ("no intermediate", [BY_ROOT], [ROOT], "Root"),
    ("the first of two roots", [LEAF, ISSUING], [ROOT, STRANGER], "Root"),
    ("the last of two roots", [LEAF, ISSUING], [STRANGER, ROOT], "Root"),
    ("an expired root beside its renewal", [LEAF, ISSUING], [EXPIRED_ROOT, ROOT], "Root"),
    ("a cross-signed root, to the old one", [LEAF, ISSUING, CROSS], [OLD_ROOT], "Old root"),
    ("a cross-signed root, to the new one", [LEAF, ISSUING, CROSS], [ROOT], "Root"),
    ("an expired cross-signed root is not needed", [LEAF, ISSUING, EXPIRED_CROSS], [OLD_ROOT, ROOT], "Root"),
    ("an expired intermediate beside its renewal", [LEAF, EXPIRED_ISSUING, ISSUING], [ROOT], "Root"),
    ("an intermediate that status.ca names", [LEAF, ISSUING], [ISSUING], "Issuing"),
]


@pytest.mark.parametrize(("chain", "own", "root"), [row[1:] for row in VERIFIES], ids=[row[0] for row in VERIFIES])
def test_a_chain_that_leads_to_status_ca_verifies(chain: Several, own: Several, root: str) -> None:
    assert shown(chain, own) == (f"verifies up to CN={root}", "")


LEADS_NOWHERE: list[tuple[str, Several, Several]] = [
    ("a missing intermediate", [LEAF], [ROOT]),
    ("another root", [LEAF, ISSUING], [STRANGER]),
    ("a root of the same name", [LEAF, ISSUING], [NAMESAKE]),
    ("an intermediate that is no CA", [LEAF, NO_CA], [ROOT]),
]


@pytest.mark.parametrize(("chain", "own"), [row[1:] for row in LEADS_NOWHERE], ids=[row[0] for row in LEADS_NOWHERE])
def test_a_chain_that_does_not_lead_to_status_ca_is_wrong(chain: Several, own: Several) -> None:
    root = own[0].certificate.subject.rfc4514_string()
    line, wrong = shown(chain, own)
    assert line == "DOES NOT VERIFY"
    assert wrong.startswith(f"its chain does not lead to {root}, which status.ca names")


@pytest.mark.parametrize(
    ("chain", "own", "named"),
    [
        ([LEAF, EXPIRED_ISSUING], [ROOT], "CN=Issuing"),
        ([LEAF, ISSUING], [EXPIRED_ROOT], "CN=Root"),
        ([EXPIRED_LEAF, ISSUING], [ROOT], "CN=leaf"),
        ([EXPIRED_LEAF, ISSUING], [], "CN=leaf"),
        ([LEAF, EXPIRED_ISSUING], [], "CN=Issuing"),
    ],
)
def test_an_expired_certificate_that_the_chain_needs_is_named(chain: Several, own: Several, named: str) -> None:
    line, wrong = shown(chain, own)
    assert line == "DOES NOT VERIFY"
    assert wrong.startswith(f"{named} in its chain is valid from {LONG_AGO:%Y-%m-%d}")


@pytest.mark.parametrize(("chain", "top"), [([LEAF, ISSUING], "Issuing"), ([LEAF], "leaf")])
def test_a_root_that_is_not_known_is_said_and_not_wrong(chain: Several, top: str) -> None:
    assert shown(chain, known=[STRANGER]) == (f"in order up to CN={top}; the root is not known", "")


def test_without_a_root_certificates_that_did_not_sign_each_other_are_wrong() -> None:
    line, wrong = shown([LEAF, STRANGER])
    assert line == "DOES NOT VERIFY"
    assert wrong.startswith("its chain does not lead through CN=Stranger; correct the certificates")


def test_a_kubernetes_request_is_judged_by_the_roots_of_the_others() -> None:
    assert shown([LEAF, ISSUING], known=[STRANGER, ROOT]) == ("verifies up to CN=Root", "")


def test_the_roots_of_others_do_not_make_up_for_a_wrong_status_ca() -> None:
    assert shown([LEAF, ISSUING], [STRANGER], known=[ROOT])[0] == "DOES NOT VERIFY"


def test_all_certificates_of_status_ca_are_roots_and_a_kubernetes_request_has_none() -> None:
    ready = Condition("Ready", "True", "Issued", "", NOW)
    both = show.roots_of(RequestStatus(ready, certificate=LEAF.pem, ca=ROOT.pem + STRANGER.pem))
    assert both == [ROOT.certificate, STRANGER.certificate]
    assert show.roots_of(RequestStatus(ready, certificate=LEAF.pem)) == []
    assert show.roots_of(SigningRequestStatus(certificate=LEAF.pem)) == []
