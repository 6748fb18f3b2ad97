"""The ports in memory: what the demo and the unit tests run on, held to the real one by tests/contracts/."""
