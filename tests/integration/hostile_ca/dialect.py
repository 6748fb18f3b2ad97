"""How the server of a CA elsewhere speaks: what it is asked, and how it hands certificates out.

Each signer has its dialect in its own folder of tests/integration. A dialect says how an answer is
written; attacks.py says what is wrong in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography import x509

from tests.support.remote import https

Certificates = Sequence[x509.Certificate]


@dataclass(frozen=True)
class Dialect:
    """`honest` is what is answered to all that comes before the enrolment; `data` is of the issuer's Secret."""

    signer: str
    data: dict[str, bytes]
    enrolment: str
    honest: dict[str, bytes]
    hand_out: Callable[[Certificates], bytes]
    sent: Callable[[https.Seen], str]
    """The credential that came with a request to enrol."""
    stored: Sequence[str]
    """What of the Secret nobody may ever see, as text."""
    options: object


def inside(pem_text: bytes) -> str:
    """A line of a key that is in no other."""
    return pem_text.decode().splitlines()[2]
