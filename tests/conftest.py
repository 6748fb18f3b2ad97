"""What all tests share: where a real API server comes from, and this project installed in it."""

pytest_plugins = [
    "tests.cluster.fixtures",
    "tests.deployed",
    "tests.figures",
    "tests.k3s.availability",
    "tests.x509_reader.fixtures",
]
