"""Who may approve, as cert-manager's webhook enforces it: the tests of tests/e2e, on pods."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import namespace  # noqa: F401
from tests.e2e.test_approval import *  # noqa: F403

pytestmark = pytest.mark.usefixtures("pods")
