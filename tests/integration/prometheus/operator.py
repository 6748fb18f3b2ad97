"""The real Prometheus Operator beside an API server, and its Prometheus as the chart kube-prometheus-stack makes one.

The operator runs on this machine with the ServiceAccount and the ClusterRole of its own example. There is no kubelet,
so the Prometheus that it deploys is started by server.py, from what the operator writes.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support import building
from tests.support.building import BuildFailed
from tests.support.cluster import toolchain
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.controlplane import free_ports
from tests.support.cluster.process import Process
from tests.support.cluster.waiting import wait_until
from tests.support.programs import PROMETHEUS_OPERATOR

MODULE = "github.com/prometheus-operator/prometheus-operator"
CRDS = ("prometheuses", "prometheusrules", "servicemonitors", "podmonitors", "probes", "scrapeconfigs")
RBAC = ("cluster-role", "cluster-role-binding", "service-account")
RELEASE = "kube-prometheus-stack"
SECONDS = 60


@dataclass(frozen=True)
class Operator:
    """`namespace` has the Prometheus, whose name is RELEASE."""

    server: ApiServer
    process: Process
    namespace: str

    def configuration(self, job: str) -> dict[str, Any]:
        """What the operator made for Prometheus, once this job is in it."""
        found = wait_until(lambda: self._configuration(job), SECONDS, f"the operator configures {job}")
        assert found is not None
        return found

    def files(self) -> Mapping[str, str]:
        """What Prometheus finds below /etc/prometheus: CA certificates and rules."""
        found: dict[str, str] = {}
        for each in self._items("configmaps"):
            if "-rulefiles-" in (name := each["metadata"]["name"]):
                found |= {f"rules/{name}/{file}": text for file, text in each["data"].items()}
        for each in self._items("secrets"):
            if "-tls-assets-" in each["metadata"]["name"]:
                data = (each.get("data") or {}).items()
                found |= {f"certs/{file}": base64.b64decode(text).decode() for file, text in data}
        return found

    def _configuration(self, job: str) -> dict[str, Any] | None:
        self.process.check()
        for each in self._items("secrets"):
            if packed := (each.get("data") or {}).get("prometheus.yaml.gz"):
                read: dict[str, Any] = yaml.safe_load(gzip.decompress(base64.b64decode(packed)))
                jobs = [config["job_name"] for config in read.get("scrape_configs") or ()]
                return read if job in jobs and read.get("rule_files") else None
        return None

    def _items(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(
            self.server.kubectl("get", kind, f"--namespace={self.namespace}", "--output=json")
        )["items"]
        return found


@contextmanager
def running(server: ApiServer, program: Path, directory: Path, version: str) -> Iterator[Operator]:
    """With a Prometheus of this version that reads what is labelled as of this release, in every namespace."""
    manifests = ensure_manifests(os.environ)
    for name in CRDS:
        server.kubectl("apply", "--server-side", f"--filename={manifests / f'monitoring.coreos.com_{name}.yaml'}")
    server.kubectl("wait", "--for=condition=Established", "crd", *(f"{n}.monitoring.coreos.com" for n in CRDS))
    for name in RBAC:
        server.kubectl("apply", "--server-side", f"--filename={manifests / f'prometheus-operator-{name}.yaml'}")
    kubeconfig = server.kubeconfig_for("default", "prometheus-operator")
    command: list[str | Path] = [
        "/usr/bin/env",
        f"KUBECONFIG={kubeconfig}",
        program,
        f"--web.listen-address=127.0.0.1:{free_ports(1)[0]}",
    ]
    process = Process("prometheus-operator", command, directory / "operator.log")
    with server.namespace("monitoring") as namespace:
        server.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(_prometheus(namespace, version)))
        try:
            process.start()
            yield Operator(server, process, namespace)
            process.check()
        finally:
            process.stop()


def _prometheus(namespace: str, version: str) -> dict[str, Any]:
    of_release = {"matchLabels": {"release": RELEASE}}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "Prometheus",
        "metadata": {"name": RELEASE, "namespace": namespace},
        "spec": {
            "version": version,
            "serviceMonitorSelector": of_release,
            "serviceMonitorNamespaceSelector": {},
            "ruleSelector": of_release,
            "ruleNamespaceSelector": {},
            "scrapeInterval": "1s",
            "evaluationInterval": "1s",
        },
    }


def ensure_manifests(env: Mapping[str, str]) -> Path:
    """The operator's CRDs and its example of RBAC, of the version that is built. Raises NoToolchain, BuildFailed."""
    sums = hashlib.sha256((PROMETHEUS_OPERATOR.module / "go.sum").read_bytes()).hexdigest()[:16]
    place = building.place(env, "prometheus-operator-manifests", sums, "any")
    assert place is not None
    return building.once("prometheus-operator's manifests", place, lambda unfinished: _copy(unfinished, env))


def _copy(unfinished: Path, env: Mapping[str, str]) -> None:
    command = toolchain.command(["mod", "download", "-json", MODULE], env)
    done = subprocess.run(
        command, cwd=PROMETHEUS_OPERATOR.module, env=toolchain.go_env(env), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildFailed(f"{' '.join(command)}: {done.stderr.strip()}")
    examples = Path(json.loads(done.stdout)["Dir"]) / "example"
    unfinished.mkdir()
    for folder in ("prometheus-operator-crd", "rbac/prometheus-operator"):
        for file in (examples / folder).glob("*.yaml"):
            shutil.copyfile(file, unfinished / file.name)  # not its mode: modules are read-only
