"""The Go program, for a whole session: skipped without Go, and with REQUIRE_CLUSTER=1 a failure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.fixtures import built
from tests.programs import X509_READER
from tests.x509_reader.reader import GoReader


@pytest.fixture(scope="session")
def go_reader(pytestconfig: pytest.Config) -> Iterator[GoReader]:
    reader = GoReader(built(pytestconfig, X509_READER.name, X509_READER.ensure, "install Go"))
    yield reader
    reader.close()
