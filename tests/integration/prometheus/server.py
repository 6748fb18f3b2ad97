"""A real Prometheus on this machine, started with the configuration that the operator wrote, as a kubelet would do.

No pods run here, and Debian's Prometheus is built without the discovery of Kubernetes' objects. So with_targets()
writes what that discovery would find for the real Services. The rest is the operator's: which targets are kept and how
they are named, scheme, path, token, TLS and rules.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import yaml

from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.controlplane import free_ports
from tests.support.cluster.process import Process
from tests.support.cluster.waiting import wait_until

SECONDS = 60
MOUNTED = "/etc/prometheus/"
VARIABLES = {"$(SHARD)": "0", "$(POD_NAME)": "prometheus-0"}
"""What the pod's config-reloader writes into the configuration."""
Labels = dict[str, str]


@dataclass(frozen=True)
class Prometheus:
    process: Process
    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query. Raises HTTPError where Prometheus refuses it."""
        result: list[dict[str, Any]] = self._get("query", query=expression)["result"]
        return result

    def firing(self) -> dict[str, list[Labels]]:
        """The labels of all alerts that fire, by name."""
        found: dict[str, list[Labels]] = {}
        for alert in self._get("alerts")["alerts"]:
            if alert["state"] == "firing":
                found.setdefault(alert["labels"]["alertname"], []).append(alert["labels"])
        return found

    def values(self, label: str, selector: str) -> list[str]:
        """As the function label_values of Grafana."""
        values: list[str] = self._get(f"label/{label}/values", **{"match[]": selector})
        return values

    def scrapes(self, pool: str) -> list[dict[str, Any]]:
        """The targets of a job, once each has been scraped; a manager may just have been restarted."""

        def scraped() -> list[dict[str, Any]]:
            self.process.check()
            found = [each for each in self._get("targets")["activeTargets"] if each["scrapePool"] == pool]
            away = [each for each in found if each["health"] == "unknown" or "connection refused" in each["lastError"]]
            return [] if away else found

        return wait_until(scraped, SECONDS, f"{pool} is scraped")

    def is_ready(self) -> bool:
        self.process.check()
        try:
            with urlopen(Request(f"{self.url}/-/ready"), timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _get(self, path: str, **query: str) -> Any:
        with urlopen(Request(f"{self.url}/api/v1/{path}?{urlencode(query)}"), timeout=10) as answer:
            return json.load(answer)["data"]


def version(program: Path) -> str:
    """Such as v2.42.0."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"version (\d+\.\d+\.\d+)", said)
    assert found, said
    return f"v{found[1]}"


@contextmanager
def running(
    program: Path, directory: Path, configuration: Mapping[str, Any], files: Mapping[str, str]
) -> Iterator[Prometheus]:
    """Ready; with the configuration, and the files below the folder that it calls /etc/prometheus."""
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    text = yaml.safe_dump(configuration)
    for name, value in {MOUNTED: f"{directory}/", **VARIABLES}.items():
        text = text.replace(name, value)
    (directory / "prometheus.yaml").write_text(text)
    [port] = free_ports(1)
    command: list[str | Path] = [
        program,
        f"--config.file={directory / 'prometheus.yaml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    process = Process("prometheus", command, directory / "prometheus.log")
    try:
        process.start()
        prometheus = Prometheus(process, f"http://127.0.0.1:{port}")
        wait_until(prometheus.is_ready, SECONDS, "Prometheus is ready")
        yield prometheus
        process.check()
    finally:
        process.stop()


def with_targets(scrape: Mapping[str, Any], server: ApiServer, pods: Mapping[str, str]) -> dict[str, Any]:
    """The scrape configuration with what its service discovery would find; `pods` are names and addresses."""
    [discovery] = scrape["kubernetes_sd_configs"]
    assert discovery["role"] == "endpoints"
    found = [
        {"targets": [address], "labels": labels}
        for namespace in discovery["namespaces"]["names"]
        for service in json.loads(server.kubectl("get", "services", f"--namespace={namespace}", "--output=json"))[
            "items"
        ]
        for port in service["spec"]["ports"]
        for pod, address in pods.items()
        for labels in [_labels(service, port, pod)]
    ]
    return {name: value for name, value in scrape.items() if name != "kubernetes_sd_configs"} | {
        "static_configs": found
    }


def _labels(service: Mapping[str, Any], port: Mapping[str, Any], pod: str) -> Labels:
    """https://prometheus.io/docs/prometheus/latest/configuration/configuration/#endpoints"""
    metadata = service["metadata"]
    labels = {
        "namespace": metadata["namespace"],
        "service_name": metadata["name"],
        "endpoint_port_name": port["name"],
        "endpoint_address_target_kind": "Pod",
        "endpoint_address_target_name": pod,
        "pod_name": pod,
        "pod_container_name": "manager",
        "pod_phase": "Running",
    }
    for name, value in metadata.get("labels", {}).items():
        sanitized = re.sub(r"\W", "_", name)
        labels |= {f"service_label_{sanitized}": value, f"service_labelpresent_{sanitized}": "true"}
    return {f"__meta_kubernetes_{name}": value for name, value in labels.items()}


def impatient(files: Mapping[str, str]) -> dict[str, str]:
    """The same files, but no rule waits: every `for` is left out. Expressions stay as they are."""
    return {name: re.sub(r"(?m)^ *for: .*\n", "", text) for name, text in files.items()}


def without_samples(scrape: Mapping[str, Any], job: str, **changes: Any) -> dict[str, Any]:
    """A second job with changes, whose scrapes leave nothing but whether they went well. None takes a setting away."""
    changed = {**scrape, **changes, "job_name": job, "metric_relabel_configs": [{"action": "drop"}]}
    return {name: value for name, value in changed.items() if value is not None}
