"""No signer keeps the data of a Secret: only what it made of it, and a fingerprint."""

from __future__ import annotations

import gc
import weakref

from adapters.signers.ca.signer import CA
from adapters.signers.threads import run_in_thread
from domain.model import Credentials, IssuerSpec, ObjectKey
from domain.ports import Signer
from tests.contracts.clock import StoppedClock
from tests.support import pki

SECRET = ObjectKey("Secret", "team-a", "my-ca")


class Data(dict[str, bytes]):
    """A Secret's data, to which there can be weak references."""


async def is_let_go(signer: Signer, spec: IssuerSpec, data: dict[str, bytes]) -> bool:
    given = Data(data)
    await signer.check(spec, Credentials(given, "1"))
    seen = weakref.ref(given)
    del given
    await run_in_thread(spec.secret.namespace, lambda: None)  # the thread has put down what it did before
    gc.collect()
    return seen() is None


async def test_the_ca_signer_keeps_no_secret() -> None:
    root = pki.authority("Root")
    data = {"tls.crt": root.pem, "tls.key": root.key_pem}

    assert await is_let_go(CA(StoppedClock()), IssuerSpec("", SECRET, "ca"), data)
