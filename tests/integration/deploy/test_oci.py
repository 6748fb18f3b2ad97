"""The chart in a registry: the release workflow's own script pushes it, and Helm installs it from there."""

from __future__ import annotations

import json
import shutil
import urllib.request
from pathlib import Path

import pytest

from entrypoints.issuer import NAMES, NAMESPACE
from tests.integration.deploy.chart import CHART, KUBE_VERSION, RELEASE, Helm, loaded
from tests.integration.deploy.manifests import VERSION
from tests.integration.workflows.test_scripts import run, script
from tests.support.cluster.api_server import ApiServer

HTTP = "--plain-http"


@pytest.fixture
def pushed(helm: Helm, registry: str, tmp_path: Path) -> dict[str, str]:
    """What the workflow's step says: the name of the chart in the registry, and its digest."""
    helm("package", CHART, f"--destination={tmp_path / 'assets'}")
    shutil.copy(CHART / "values.yaml", tmp_path / "assets" / "install.yaml")  # beside the chart, as in a release
    output = tmp_path / "output"
    told = script("release", "chart", "helm push").replace("helm push", f"{helm.program} push {HTTP}")
    done = run(told, tmp_path, CHARTS=f"{registry}/charts", GITHUB_OUTPUT=str(output), HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in output.read_text().splitlines())


def test_the_workflow_says_what_it_pushed(pushed: dict[str, str], registry: str) -> None:
    assert pushed["chart"] == f"{registry}/charts/{NAMES.controller}"
    manifest = f"http://{registry}/v2/charts/{NAMES.controller}/manifests/{VERSION}"
    asked = urllib.request.Request(manifest, headers={"Accept": "application/vnd.oci.image.manifest.v1+json"})
    with urllib.request.urlopen(asked) as answer:
        assert answer.headers["Docker-Content-Digest"] == pushed["digest"]
        assert json.load(answer)["config"]["mediaType"] == "application/vnd.cncf.helm.config.v1+json"


@pytest.mark.parametrize("by_digest", [False, True])
def test_it_renders_the_same(helm: Helm, pushed: dict[str, str], by_digest: bool) -> None:
    which = (
        [f"oci://{pushed['chart']}@{pushed['digest']}"]
        if by_digest
        else [f"oci://{pushed['chart']}", "--version", VERSION]
    )
    options = f"--namespace={NAMESPACE}", f"--kube-version={KUBE_VERSION}"
    assert loaded(helm("template", RELEASE, *which, HTTP, *options)) == helm.rendered(namespace=NAMESPACE)


def test_it_installs(helm: Helm, server: ApiServer, pushed: dict[str, str]) -> None:
    where = "--namespace=by-oci"
    from_registry = f"oci://{pushed['chart']}", HTTP, f"--version={VERSION}", where
    helm("install", RELEASE, *from_registry, "--create-namespace", kubeconfig=server.kubeconfig)
    assert server.kubectl("get", "deployment", f"{NAMES.controller}-controller-manager", where, "--output=name")

    helm("upgrade", RELEASE, *from_registry, "--set=crds.keep=false", kubeconfig=server.kubeconfig)
    helm("uninstall", RELEASE, where, "--wait", kubeconfig=server.kubeconfig)
