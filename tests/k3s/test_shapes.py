"""Every shape of certificate, as it stands in tests/e2e, signed by pods."""

from __future__ import annotations

from tests.e2e.test_shapes import *  # noqa: F403
