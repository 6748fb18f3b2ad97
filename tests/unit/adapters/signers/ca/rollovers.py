"""Shapes that CAs have during a roll-over: what an operator stores, and what clients must get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.support import pki

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CAs = Sequence[pki.Authority]


@dataclass(frozen=True)
class Shape:
    """`bundle` is tls.crt, `anchors` ca.crt; `chain` is wanted behind the leaf, `root` above it.

    status.ca is the bundle of anchors except `expired`, or the root where there are none. `partial`: the root is none.
    """

    bundle: CAs
    chain: CAs
    root: pki.Authority
    anchors: CAs = ()
    expired: CAs = ()
    partial: bool = False

    @property
    def ca(self) -> bytes:
        return pem([anchor for anchor in self.anchors if anchor not in self.expired] or [self.root])


def pem(cas: CAs) -> bytes:
    return b"".join(ca.pem for ca in cas)


def ca(
    name: str,
    parent: pki.Authority | None = None,
    *,
    key_of: pki.Authority | None = None,
    days: int = 100,
    before: int = 50,
) -> pki.Authority:
    """A CA that began so many days before NOW and ends in so many; with `key_of`, another certificate for that CA."""
    private = key_of.key if key_of else None
    return pki.authority(name, parent=parent, private=private, begins=NOW - before * DAY, lasts=(before + days) * DAY)


ROOT, STRANGER = ca("Root", days=400), ca("Stranger", days=900)
UPPER = ca("Upper", ROOT, days=200)
LOWER = ca("Lower", UPPER)
UPPER_EXPIRED = ca("Upper", ROOT, key_of=UPPER, days=-1)
LOWER_EXPIRED = ca("Lower", UPPER, key_of=LOWER, days=-1)
LOWER_RENEWED = ca("Lower", UPPER, key_of=LOWER, days=150, before=1)
ROOT_EXPIRED = ca("Root", key_of=ROOT, days=-1)
ROOT_ENDING = ca("Root", key_of=ROOT, days=10)
RENAMED = ca("Renamed root", key_of=ROOT)
BELOW = ca("Below", ROOT)
BELOW_ENDING = ca("Below", ROOT, key_of=BELOW, days=5)
SERVER = pki.authority("Below", parent=ROOT, private=BELOW.key, begins=NOW - DAY, lasts=300 * DAY, constraints=None)

OLD, NEW = ca("Old root", days=900), ca("New root", days=500)
NEW_ENDING = ca("New root", key_of=NEW, days=10)
NEW_BY_OLD = ca("New root", OLD, key_of=NEW, days=800)
OLD_BY_NEW = ca("Old root", NEW, key_of=OLD, days=800)
ISSUING = ca("Issuing", NEW)
ISSUING_BY_OLD = ca("Issuing", OLD, key_of=ISSUING)

DST = ca("DST Root CA X3", days=-1)  # Let's Encrypt, on 30 September 2021
X1 = ca("ISRG Root X1", days=900)
X1_BY_DST = ca("ISRG Root X1", DST, key_of=X1, days=300)
X1_BY_DST_EXPIRED = ca("ISRG Root X1", DST, key_of=X1, days=-1)
R3 = ca("R3", X1)

NAMESAKE = pki.authority("Root", private=pki.key(owner="a namesake"), begins=NOW - DAY, lasts=900 * DAY)
# RFC 4210 section 4.4: one name, two keys, and each certified by the other one.
UPDATED = pki.authority("Root", private=pki.key(owner="an update"), begins=NOW - DAY, lasts=500 * DAY)
UPDATED_BY_ROOT = ca("Root", ROOT, key_of=UPDATED)
ROOT_BY_UPDATED = ca("Root", UPDATED, key_of=ROOT)
BELOW_UPDATED = ca("Below", UPDATED, key_of=BELOW)

ANCIENT = pki.version_1(ca("Ancient", days=400))
BELOW_ANCIENT = ca("Below ancient", ANCIENT)

SHAPES = {
    "the root alone": Shape([ROOT], [], ROOT),
    "a root renewed, the old one expired": Shape([BELOW, ROOT_EXPIRED, ROOT], [BELOW], ROOT),
    "a root renewed, the old one valid": Shape([BELOW, ROOT_ENDING, ROOT], [BELOW], ROOT),
    "a root renewed, ca.crt with the old one": Shape([BELOW, ROOT], [BELOW], ROOT_ENDING, [ROOT_ENDING]),
    "a root renewed, ca.crt with both": Shape([BELOW], [BELOW], ROOT, [ROOT_ENDING, ROOT]),
    "a root renewed, ca.crt with both, one expired": Shape(
        [BELOW], [BELOW], ROOT, [ROOT_EXPIRED, ROOT], expired=[ROOT_EXPIRED]
    ),
    "a root that signs, renewed in tls.crt": Shape([ROOT_EXPIRED, ROOT], [], ROOT),
    "a root that signs, renewed in ca.crt": Shape([ROOT_EXPIRED], [], ROOT, [ROOT]),
    "a cross-signed root, ca.crt with the old one": Shape([ISSUING, NEW_BY_OLD], [ISSUING, NEW_BY_OLD], OLD, [OLD]),
    "a cross-signed root, ca.crt with the old one, the new one too": Shape(
        [ISSUING, NEW, NEW_BY_OLD], [ISSUING, NEW_BY_OLD], OLD, [OLD]
    ),
    "a cross-signed root, ca.crt with the new one": Shape([ISSUING, NEW_BY_OLD], [ISSUING], NEW, [NEW]),
    "a cross-signed root, ca.crt with both": Shape([ISSUING, NEW_BY_OLD], [ISSUING], NEW, [OLD, NEW]),
    "a root on top, and its cross-sign that lives longer": Shape([ISSUING, NEW, NEW_BY_OLD, OLD], [ISSUING], NEW),
    "a root that expires soon, and its cross-sign": Shape(
        [ISSUING, NEW_ENDING, NEW_BY_OLD, OLD], [ISSUING, NEW_BY_OLD], OLD
    ),
    "a cross-sign, and both roots after it": Shape([ISSUING, NEW_BY_OLD, OLD, NEW], [ISSUING], NEW),
    "roots that sign each other": Shape([ISSUING, OLD_BY_NEW, NEW_BY_OLD], [ISSUING, NEW_BY_OLD], OLD, [OLD]),
    "an intermediate signed by two roots, ca.crt with the first": Shape(
        [ISSUING, ISSUING_BY_OLD, NEW, OLD], [ISSUING], NEW, [NEW]
    ),
    "an intermediate signed by two roots, ca.crt with the second": Shape(
        [ISSUING, ISSUING_BY_OLD], [ISSUING_BY_OLD], OLD, [OLD]
    ),
    "the intermediate that signs, renewed": Shape(
        [LOWER_EXPIRED, LOWER_RENEWED, UPPER, ROOT], [LOWER_RENEWED, UPPER], ROOT
    ),
    "a root renewed, the intermediate expires before the old one": Shape(
        [BELOW_ENDING, ROOT_ENDING, ROOT], [BELOW_ENDING], ROOT
    ),
    "a root renamed with its key": Shape([BELOW, RENAMED, ROOT], [BELOW], ROOT),
    "an intermediate above, renewed": Shape([LOWER, UPPER_EXPIRED, UPPER, ROOT], [LOWER, UPPER], ROOT),
    "Let's Encrypt, ca.crt with the root": Shape([R3, X1_BY_DST, DST], [R3], X1, [X1]),
    "Let's Encrypt, the root in tls.crt": Shape([R3, X1_BY_DST, DST, X1], [R3], X1),
    "Let's Encrypt, the cross-sign expired": Shape([R3, X1_BY_DST_EXPIRED, DST, X1], [R3], X1),
    "out of order": Shape([LOWER, ROOT, UPPER], [LOWER, UPPER], ROOT),
    "twice": Shape([LOWER, UPPER, LOWER, UPPER, ROOT, ROOT], [LOWER, UPPER], ROOT),
    "two roots of one name": Shape([BELOW, NAMESAKE, ROOT], [BELOW], ROOT),
    "two roots of one name in ca.crt": Shape([BELOW], [BELOW], ROOT, [NAMESAKE, ROOT]),
    "a root with a new key, as in RFC 4210": Shape(
        [BELOW_UPDATED, ROOT, ROOT_BY_UPDATED, UPDATED_BY_ROOT, UPDATED], [BELOW_UPDATED], UPDATED
    ),
    "a root with a new key, ca.crt with the old one": Shape(
        [BELOW_UPDATED, ROOT_BY_UPDATED, UPDATED_BY_ROOT], [BELOW_UPDATED, UPDATED_BY_ROOT], ROOT, [ROOT]
    ),
    "ca.crt with unrelated roots": Shape([BELOW], [BELOW], ROOT, [STRANGER, OLD, ROOT]),
    "a server's certificate with the name and the key of the CA": Shape([BELOW, SERVER, ROOT], [BELOW], ROOT),
    "an unrelated certificate": Shape([BELOW, STRANGER, ROOT], [BELOW], ROOT),
    "a root of version 1": Shape([BELOW_ANCIENT, ANCIENT], [BELOW_ANCIENT], ANCIENT),
    "a root of version 1 in ca.crt": Shape([BELOW_ANCIENT], [BELOW_ANCIENT], ANCIENT, [ANCIENT]),
    "ca.crt with an intermediate": Shape([LOWER], [LOWER, UPPER], UPPER, [UPPER], partial=True),
    "ca.crt with an intermediate, and the root in tls.crt": Shape(
        [LOWER, UPPER, ROOT], [LOWER, UPPER], UPPER, [UPPER], partial=True
    ),
    "ca.crt with an intermediate and the root": Shape([LOWER], [LOWER, UPPER], UPPER, [UPPER, ROOT]),
}
