"""Tests of the ports on a Kubernetes API server, without one: what a real server does is tested in tests/contracts."""
