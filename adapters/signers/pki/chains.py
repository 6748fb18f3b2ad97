"""Finds the best path from a certificate up to a root.

Certificates form a graph: an edge leads from a certificate to one that has its issuer's name and verifies its
signature. During a roll-over there are several paths, through renewed, cross-signed and expired certificates.

- A path ends at a trust anchor, at a self-signed certificate, or where no issuer is known; it never goes on from the
  first two.
- No CA (subject and key) is in a path twice: cross-signed CAs form loops.
- What the best path does not need is left out, and is no error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from functools import lru_cache

from cryptography import x509

from adapters.signers.pki import parsing

Path = tuple[x509.Certificate, ...]
_MOST_CHECKS = 100
"""Signatures that are verified to find all paths, as in Go's crypto/x509. It bounds the number of paths too."""


@lru_cache(maxsize=128)  # the same CAs issued one another in the chain of every certificate
def issued(parent: x509.Certificate, child: x509.Certificate) -> bool:
    """Whether the parent has the name and the key of the child's issuer."""
    try:
        child.verify_directly_issued_by(parent)
    except Exception:  # another name, a bad signature, a key of an unknown type
        return False
    return True


def is_self_signed(certificate: x509.Certificate) -> bool:
    return issued(certificate, certificate)


def is_expired(certificate: x509.Certificate, now: datetime) -> bool:
    return now >= certificate.not_valid_after_utc


def is_valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now and not is_expired(certificate, now)


def may_issue(certificate: x509.Certificate) -> bool:
    """Whether this is a CA certificate. One of X.509 version 1 cannot say so, and counts as one."""
    limits = parsing.extension_value(certificate.extensions, x509.BasicConstraints)
    return certificate.version is x509.Version.v1 if limits is None else limits.ca


def is_same_key(one: x509.Certificate, other: x509.Certificate) -> bool:
    try:
        return one.public_key() == other.public_key()
    except Exception:  # a key of an unknown type
        return False


def is_same_ca(one: x509.Certificate, other: x509.Certificate) -> bool:
    """Whether each can stand in for the other in a path: one was renewed, or signed by another CA too."""
    return one == other or (one.subject == other.subject and is_same_key(one, other))


class Graph:
    """The certificates through which paths are searched. Its methods raise ValueError where that takes too long."""

    def __init__(self, certificates: Iterable[x509.Certificate]) -> None:
        self._certificates = list(dict.fromkeys(certificates))
        self._checks = 0

    def best(self, starts: Iterable[x509.Certificate], anchors: Collection[x509.Certificate], now: datetime) -> Path:
        """Of all paths from one of `starts`, the one that `_rank` puts first."""
        return max(self.paths(starts, anchors), key=lambda path: _rank(path, anchors, now))

    def paths(self, starts: Iterable[x509.Certificate], anchors: Collection[x509.Certificate] = ()) -> Iterator[Path]:
        """All paths from one of `starts`."""
        for start in starts:
            yield from self._continue((start,), anchors)

    def _continue(self, begun: Path, anchors: Collection[x509.Certificate]) -> Iterator[Path]:
        """Each way to go on from `begun` to the end of a path."""
        top = begun[-1]
        if top in anchors or is_self_signed(top):
            yield begun
            return
        issuers = [ca for ca in self._certificates if self.issued(ca, top)]
        further = [ca for ca in issuers if not any(is_same_ca(ca, member) for member in begun)]
        if not further:
            yield begun
        for ca in further:
            yield from self._continue((*begun, ca), anchors)

    def issued(self, parent: x509.Certificate, child: x509.Certificate) -> bool:
        """As the function of that name, and counted."""
        if parent.subject != child.issuer:
            return False
        self._checks += 1
        if self._checks > _MOST_CHECKS:
            raise ValueError("holds too many certificates of the same name to find out which issued which")
        return issued(parent, child)


def _rank(path: Path, anchors: Collection[x509.Certificate], now: datetime) -> tuple[object, ...]:
    """Greater is better: the path leads to an anchor, is of valid CAs, leads to a root, lives longer, is shorter.

    The leaf is in every path, and counts for nothing. Of two paths that are the same in all this, the second CA to
    expire decides, and so on.
    """
    anchored = path[-1] in anchors
    cas = [certificate for certificate in path if may_issue(certificate)]
    unfit = len(path) - sum(is_valid(ca, now) for ca in cas)
    ends = sorted(ca.not_valid_after_utc for ca in cas)
    return anchored, -unfit, anchored or is_self_signed(path[-1]), ends[:1], -len(path), ends
