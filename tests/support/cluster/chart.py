"""cert-manager's own Helm chart, rendered: who its programs are, what they may do, and its webhook's registration."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import yaml

from tests.support.cluster import build, toolchain
from tests.support.commands import run
from tests.support.programs import HELM

NAMESPACE = "cert-manager"


def objects(templates: Sequence[str], *values: str) -> list[dict[str, Any]]:
    """What these files of the chart's templates make, each value as `name=value`. Raises NoToolchain, BuildFailed."""
    chart = build.ensure(os.environ).chart
    shown = [f"--show-only=templates/{name}.yaml" for name in templates]
    version = f"--kube-version={toolchain.kubernetes_version(os.environ)}"
    options = [f"--namespace={NAMESPACE}", version, *shown, *(f"--set={value}" for value in values)]
    rendered = run(HELM.ensure(os.environ), "template", "cert-manager", chart, *options)
    return [each for each in yaml.safe_load_all(rendered) if each]
