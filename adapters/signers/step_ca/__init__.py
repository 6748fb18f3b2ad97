"""step-ca's own words: its HTTP API, its one-time tokens, and the keys that `step` encrypts. See ../step_ca.py."""
