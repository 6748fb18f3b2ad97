"""What all tests share: where a real API server comes from, and this project installed in it."""

pytest_plugins = [
    "tests.support.cluster.fixtures",
    "tests.support.deployed",
    "tests.support.figures",
    "tests.k3s.availability",
    "tests.integration.x509_reader.fixtures",
]
