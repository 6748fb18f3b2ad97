"""What Go reads in requests and certificates, compared with what the issuer reads: `program` is the Go side."""

import pytest

pytest.register_assert_rewrite("tests.integration.x509_reader.comparison")
