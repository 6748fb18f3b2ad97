"""The Go program, for a whole session: skipped without Go, and with REQUIRE_CLUSTER=1 a failure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.x509_reader.reader import GoReader
from tests.support.cluster.fixtures import built
from tests.support.programs import X509_READER


@pytest.fixture(scope="session")
def go_reader(pytestconfig: pytest.Config) -> Iterator[GoReader]:
    reader = GoReader(built(pytestconfig, X509_READER.name, X509_READER.ensure, "install Go"))
    yield reader
    reader.close()
