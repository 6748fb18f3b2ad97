"""The end-to-end test of the Go original, as it stands in tests/e2e, on pods."""

from __future__ import annotations

import pytest

from tests.e2e.test_seed import *  # noqa: F403

pytestmark = pytest.mark.usefixtures("pods")
