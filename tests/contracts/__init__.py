"""One suite for each port, run over every adapter of it; inherit one to hold an adapter of your own to it."""

import pytest

# So that a failing contract shows the values it compared, as a test module does.
pytest.register_assert_rewrite(
    "tests.contracts.ca_store_contract",
    "tests.contracts.cluster_stage",
    "tests.contracts.cluster_watching",
    "tests.contracts.cluster_writing",
    "tests.contracts.lease_contract",
    "tests.contracts.recorder_contract",
    "tests.contracts.signer_chain",
    "tests.contracts.signer_contract",
    "tests.contracts.signer_lacking",
    "tests.contracts.signer_names",
    "tests.contracts.signer_orders",
    "tests.contracts.signer_roots",
    "tests.contracts.signer_usages",
    "tests.contracts.trust_bundles_contract",
)
