"""Installing, upgrading and removing, by make and by Helm, on an API server that nobody else uses.

What is removed never takes issuers or credentials with it, unless that is what was asked for. No kubelet here: the
objects come and go, pods do not run.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import yaml

from entrypoints.issuer import NAMES, NAMESPACE
from tests.integration.deploy.chart import CHART, Helm, HelmFailed, loaded
from tests.integration.deploy.installing import CRDS, give_it_issuers, issuers_and_secrets, make
from tests.integration.deploy.manifests import DEPLOY, VERSION, Manifest, full_name
from tests.support.cluster.api_server import ApiServer
from tests.support.commands import CommandFailed

DIGEST = "sha256:" + "0" * 64
CONTROLLER = f"{NAMES.controller}-controller-manager"
KINDS_OF_OURS = (
    "clusterrole,clusterrolebinding,namespace,deployment,service,serviceaccount,role,rolebinding,networkpolicy,"
    "poddisruptionbudget"
)


def test_install_yaml_is_deploy_default_with_the_image_of_this_version(server: ApiServer, checkout: Path) -> None:
    make(checkout, "install.yaml", server=server)
    written = (checkout / "install.yaml").read_text()
    rendered = server.kubectl("kustomize", str(DEPLOY / "default"))

    assert written == rendered.replace("controller:latest", f"{NAMES.controller}:{VERSION}")
    assert make(checkout, "render", server=server) == written


@pytest.mark.parametrize(
    "image", ["localhost:5000/a/b:1.2", f"registry.example.com/issuer@{DIGEST}", f"issuer:1@{DIGEST}"]
)
def test_the_image_can_be_another_one(server: ApiServer, checkout: Path, image: str) -> None:
    make(checkout, "install.yaml", f"IMG={image}", server=server)
    assert _images(loaded((checkout / "install.yaml").read_text())) == [image]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("localhost:5000/a/b:1.2", {"repository": "localhost:5000/a/b", "tag": "1.2", "digest": ""}),
        (f"localhost:5000/issuer@{DIGEST}", {"repository": "localhost:5000/issuer", "tag": "", "digest": DIGEST}),
        (f"issuer:1@{DIGEST}", {"repository": "issuer", "tag": "1", "digest": DIGEST}),
    ],
)
def test_the_chart_is_packed_with_the_image(
    server: ApiServer, helm: Helm, checkout: Path, image: str, expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = checkout / "programs"
    programs.mkdir()
    (programs / "helm").symlink_to(helm.program)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    make(checkout, "chart", f"IMG={image}", server=server)
    packed = checkout / "dist" / f"{NAMES.controller}-{VERSION}.tgz"
    [values] = loaded(helm("show", "values", packed))
    [chart] = loaded(helm("show", "chart", packed))
    everything, usual = (helm.rendered(namespace=NAMESPACE, chart=chart) for chart in (packed, CHART))

    assert values["image"] == expected | {"pullPolicy": "IfNotPresent"}
    assert yaml.safe_load(chart["annotations"]["artifacthub.io/images"]) == [{"name": "manager", "image": image}]
    assert len(everything) == len(usual)
    assert _images(everything) == [f"{expected['repository']}@{DIGEST}" if expected["digest"] else image]


@pytest.mark.parametrize(
    "image", ["issuer", "registry.example.com:5000/issuer", "issuer:", "a b:1", "x|y:1", "x&y:1", ""]
)
def test_what_is_no_image_is_refused_in_one_line(server: ApiServer, checkout: Path, image: str) -> None:
    with pytest.raises(CommandFailed) as refusal:
        make(checkout, "install.yaml", f"IMG={image}", server=server)
    _, said, make_s_own, *_ = str(refusal.value).splitlines()
    assert said == f"IMG={image} is no image with a tag or digest, such as registry.example.com/name:tag"
    assert make_s_own.startswith("make: ***")
    assert not (checkout / "install.yaml").exists()


@pytest.mark.parametrize("verb", ["render", "install.yaml", "install", "uninstall", "deploy", "undeploy"])
def test_without_kubectl_it_says_what_to_install(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path_factory.mktemp("programs")
    for name in ("make", "sh", "sed", "grep"):
        (programs / name).symlink_to(shutil.which(name) or pytest.fail(f"{name} is missing"))
    monkeypatch.setenv("PATH", str(programs))

    with pytest.raises(CommandFailed, match=f"make {verb} needs kubectl: https://"):
        make(checkout, verb)


def test_by_make(server: ApiServer, checkout: Path) -> None:
    make(checkout, "install.yaml", server=server)
    everything = {full_name(each) for each in loaded((checkout / "install.yaml").read_text())}

    server.kubectl("apply", f"--filename={checkout / 'install.yaml'}")
    give_it_issuers(server, NAMESPACE)

    make(checkout, "deploy", "IMG=issuer:9.9", server=server)
    assert _image(server, NAMESPACE) == "issuer:9.9"

    make(checkout, "undeploy", server=server)
    there = _what_is_there(server)
    assert {name for name in everything if name in there} == {("Namespace", None, NAMESPACE)}
    assert issuers_and_secrets(server, NAMESPACE) == 4

    make(checkout, "deploy", server=server)
    assert _image(server, NAMESPACE) == f"{NAMES.controller}:{VERSION}"

    make(checkout, "undeploy", "uninstall", server=server)
    assert CRDS & set(server.kubectl("get", "crd", "--output=jsonpath={.items[*].metadata.name}").split()) == set()
    make(checkout, "undeploy", "uninstall", server=server)  # there is nothing left, and that is no error


def test_by_helm(server: ApiServer, helm: Helm) -> None:
    namespace = "by-helm"
    here = f"--namespace={namespace}"

    notes = helm("install", "issuer", CHART, here, "--create-namespace", kubeconfig=server.kubeconfig)
    assert f"kubectl label namespace {namespace} pod-security.kubernetes.io/enforce=restricted" in notes
    give_it_issuers(server, namespace)
    before = _what_is_there(server)
    assert {("Deployment", namespace, CONTROLLER), ("ClusterRole", None, CONTROLLER)} <= before

    helm("upgrade", "issuer", CHART, here, "--set=image.tag=9.9,replicas=3", kubeconfig=server.kubeconfig)
    assert _image(server, namespace) == f"{NAMES.controller}:9.9"

    with pytest.raises(HelmFailed, match="exists and cannot be imported into the current release"):
        helm("install", "second", CHART, "--namespace=default", kubeconfig=server.kubeconfig)

    helm("uninstall", "issuer", here, kubeconfig=server.kubeconfig)
    assert {name for name in _what_is_there(server) if CONTROLLER in name} == set()
    assert issuers_and_secrets(server, namespace) == 4

    helm("install", "issuer", CHART, here, kubeconfig=server.kubeconfig)
    assert _what_is_there(server) == before
    helm("upgrade", "issuer", CHART, here, "--set=crds.keep=false", kubeconfig=server.kubeconfig)
    helm("uninstall", "issuer", here, "--wait", kubeconfig=server.kubeconfig)
    assert CRDS & set(server.kubectl("get", "crd", "--output=jsonpath={.items[*].metadata.name}").split()) == set()


def _what_is_there(server: ApiServer) -> set[tuple[str, str | None, str]]:
    found = json.loads(server.kubectl("get", KINDS_OF_OURS, "--all-namespaces", "--output=json"))
    return {full_name(each) for each in found["items"]}


def _image(server: ApiServer, namespace: str) -> str:
    there = server.kubectl("get", "deployment", CONTROLLER, f"--namespace={namespace}", "--output=json")
    [image] = _images([json.loads(there)])
    return image


def _images(manifests: list[Manifest]) -> list[str]:
    return [
        container["image"]
        for manifest in manifests
        if manifest["kind"] == "Deployment"
        for container in manifest["spec"]["template"]["spec"]["containers"]
    ]
