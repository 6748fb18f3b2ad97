"""What the manager may do is what it does: deploy/'s RBAC beside the API server's audit log."""

import pytest

pytest.register_assert_rewrite("tests.e2e.privilege.least")
