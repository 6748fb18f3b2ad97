"""The examples of deploy/NEIGHBOURS.md, which the tests apply as they stand there."""

from __future__ import annotations

from typing import Any

import yaml

from tests.support import readme

FILE = "deploy/NEIGHBOURS.md"
APPROVER_POLICY, CAINJECTOR, TRUST_MANAGER = "## approver-policy", "## cainjector", "## trust-manager"
TENANT = "team-a"
"""The namespace in the examples."""


def manifests(heading: str) -> list[dict[str, Any]]:
    """The objects in the last block of YAML under this heading."""
    return [each for each in yaml.safe_load_all(readme.yaml(FILE, heading)[-1]) if each]


def cert_manager_values() -> list[str]:
    """What cert-manager's chart is given beside approver-policy, each as `name=value`."""
    values = yaml.safe_load(readme.yaml(FILE, APPROVER_POLICY)[0])
    return [f"{name}={yaml.safe_dump(value).splitlines()[0]}" for name, value in values.items()]


def take_back_the_approver() -> str:
    """The command by which cert-manager loses the right to approve."""
    return readme.blocks(readme.section(FILE, APPROVER_POLICY))[0][0]
