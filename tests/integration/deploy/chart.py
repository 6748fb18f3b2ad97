"""The chart of deploy/ as Helm renders and packs it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import yaml

from entrypoints.issuer import NAMES
from tests.integration.deploy.manifests import DEPLOY, VERSION, Manifest, full_name

CHART = DEPLOY / "chart"
RELEASE = "issuer"
KUBE_VERSION = "1.36.0"
"""What is rendered for, where no cluster is asked."""
LABELS = {
    "app.kubernetes.io/instance": RELEASE,
    "app.kubernetes.io/version": VERSION,
    "app.kubernetes.io/managed-by": "Helm",
    "helm.sh/chart": f"{NAMES.controller}-{VERSION}",
}
"""What objects and pods of the chart have beside the label app.kubernetes.io/name, which deploy/ has too."""


class HelmFailed(Exception):
    """Helm ended with an error; the message is what it wrote to stderr."""


@dataclass(frozen=True)
class Helm:
    """`directory` is where it keeps its own files, so that no configuration of a person's is read."""

    program: Path
    directory: Path

    def __call__(self, *args: str | Path, kubeconfig: Path | None = None) -> str:
        """Helm's stdout. Raises HelmFailed."""
        places = {f"HELM_{each}_HOME": str(self.directory / each) for each in ("CACHE", "CONFIG", "DATA")}
        done = subprocess.run(
            [self.program, *args],
            capture_output=True,
            text=True,
            timeout=120,
            env={**places, "HOME": str(self.directory), "KUBECONFIG": str(kubeconfig or self.directory / "none")},
        )
        if done.returncode:
            raise HelmFailed(done.stderr)
        return done.stdout

    def rendered(self, *settings: str, namespace: str, chart: Path = CHART) -> list[Manifest]:
        """Every object of the chart; a setting is `path.to.value=value`, the value in JSON or a bare word."""
        args = ["template", RELEASE, str(chart), f"--namespace={namespace}", f"--kube-version={KUBE_VERSION}"]
        return loaded(self(*args, *set_by(settings)))


def set_by(settings: Sequence[str]) -> list[str]:
    return [f"--set-json={setting}" for setting in settings]


def named(manifests: list[Manifest]) -> dict[tuple[str, str | None, str], Manifest]:
    """Each manifest by kind, namespace and name."""
    found = {full_name(manifest): manifest for manifest in manifests}
    assert len(found) == len(manifests), "an object is there twice"
    return found


def as_deployed(manifests: list[Manifest]) -> dict[tuple[str, str | None, str], Manifest]:
    """The same, without LABELS, which each object and pod must have: as deploy/ has them without Helm."""
    found = named(deepcopy(manifests))
    for manifest in found.values():
        template = manifest["spec"]["template"] if manifest["kind"] == "Deployment" else None
        for each in filter(None, (manifest, template)):
            labels = each["metadata"]["labels"]
            assert LABELS.items() <= labels.items(), full_name(manifest)
            each["metadata"]["labels"] = {name: labels[name] for name in labels.keys() - LABELS.keys()}
    return found


def loaded(text: str) -> list[Manifest]:
    return [found for found in yaml.safe_load_all(text) if found]
