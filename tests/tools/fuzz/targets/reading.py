"""Requests and certificates as Go reads them, by the program in tests/integration/x509_reader; needs Go."""

from __future__ import annotations

import os
from functools import cache

from cryptography.hazmat.primitives.serialization import Encoding

from adapters.signers.pki import go_readable, pem
from tests.integration.x509_reader.comparison import require_same_reading
from tests.integration.x509_reader.reader import GoReader
from tests.support.programs import X509_READER
from tests.tools.fuzz import parties


@cache
def _go() -> GoReader:
    return GoReader(X509_READER.ensure(os.environ))


def request(data: bytes) -> bool:
    """A request's body, signed as it should be: read as Go reads it, or refused."""
    return require_same_reading(parties.request(data), _go())


def certificate(data: bytes) -> bool:
    """A certificate's body, signed as it should be: where nothing is said against it, Go reads it."""
    try:
        found = pem.certificates(parties.certificate(data))
    except ValueError:
        return False
    if go_readable.problem(found):
        return False
    assert _go().certificate_error(found[0].public_bytes(Encoding.DER)) == ""
    return True
