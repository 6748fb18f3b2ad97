"""The neighbours as processes, each as its own ServiceAccount with the rights of its chart.

approver-policy and trust-manager serve their own webhooks, and the API server asks them. trust-manager's metrics and
readiness probe listen on all addresses: it has no flag for another one.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.integration.neighbours.charts import for_a_process
from tests.support.cluster import chart
from tests.support.cluster.api_server import ApiServer, KubectlFailed
from tests.support.cluster.controlplane import free_ports
from tests.support.cluster.process import Process
from tests.support.cluster.waiting import wait_until

SECONDS = 60


@contextmanager
def cainjector(server: ApiServer, programs: Path, directory: Path) -> Iterator[Process]:
    server.apply(chart.objects(["cainjector-serviceaccount", "cainjector-rbac"]))
    with _running(server, programs / "cainjector", directory, "cert-manager-cainjector") as process:
        yield process


@contextmanager
def approver_policy(server: ApiServer, programs: Path, directory: Path) -> Iterator[Process]:
    """cainjector gives the CA of its webhook to the API server."""
    webhook, ready = free_ports(2)
    server.apply(list(for_a_process(chart.rendered("approver-policy", programs / "approver-policy.tar.gz"), webhook)))
    flags = [
        f"--leader-election-namespace={chart.NAMESPACE}",
        "--metrics-bind-address=0",
        f"--readiness-probe-bind-address=127.0.0.1:{ready}",
        "--webhook-host=127.0.0.1",
        f"--webhook-port={webhook}",
    ]
    with _running(server, programs / "approver-policy", directory, "cert-manager-approver-policy", *flags) as process:
        yield process


@contextmanager
def trust_manager(server: ApiServer, programs: Path, directory: Path) -> Iterator[Process]:
    """Its chart makes the certificate of its webhook, as with `app.webhook.tls.helmCert.enabled`."""
    webhook, ready, metrics = free_ports(3)
    objects = chart.rendered(
        "trust-manager", programs / "trust-manager.tar.gz", "--set=app.webhook.tls.helmCert.enabled=true"
    )
    server.apply(list(for_a_process(objects, webhook)))
    [secret] = [each for each in objects if each["kind"] == "Secret"]
    certificates = directory / "trust-manager"
    certificates.mkdir()
    for name in ("tls.crt", "tls.key"):
        (certificates / name).write_bytes(base64.b64decode(secret["data"][name]))
    flags = [
        "--leader-elect=false",  # it has no flag for the Lease's namespace, which it takes from its pod
        f"--metrics-port={metrics}",
        f"--readiness-probe-port={ready}",
        "--webhook-host=127.0.0.1",
        f"--webhook-port={webhook}",
        f"--webhook-certificate-dir={certificates}",
    ]
    with _running(server, programs / "trust-manager", directory, "trust-manager", *flags) as process:
        yield process


ALL = (cainjector, approver_policy, trust_manager)


@contextmanager
def _running(server: ApiServer, program: Path, directory: Path, account: str, *flags: str) -> Iterator[Process]:
    kubeconfig = server.kubeconfig_for(chart.NAMESPACE, account)
    process = Process(program.name, [program, f"--kubeconfig={kubeconfig}", *flags], directory / f"{program.name}.log")
    try:
        process.start()
        yield process
        process.check()  # it must not have died unnoticed
    finally:
        process.stop()


def wait_until_taken(server: ApiServer, objects: Sequence[Mapping[str, Any]]) -> None:
    """Until no webhook that must look at them is missing or not trusted any more."""
    refusals: list[str] = []

    def is_taken() -> bool:
        try:
            items = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
            server.kubectl("apply", "--server-side", "--dry-run=server", "--filename=-", stdin=items)
        except KubectlFailed as refusal:
            refusals.append(str(refusal))
            return False
        return True

    try:
        wait_until(is_taken, SECONDS, "the webhooks answer")
    except TimeoutError as error:
        error.add_note(refusals[-1])
        raise
