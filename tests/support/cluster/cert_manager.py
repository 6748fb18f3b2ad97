"""cert-manager beside an API server: its CRDs, its controllers and its webhook, each a local process.

Both run as their own ServiceAccounts, with the rights of cert-manager's chart. On a cluster that cannot reach this
machine (KUBECONFIG_FOR_TESTS) there is no webhook, and nobody enforces who may approve.
"""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.cluster import build, chart, webhook
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.process import Process, ProcessDied
from tests.support.cluster.waiting import wait_until

ACCOUNT = "cert-manager"
RIGHTS = ("serviceaccount", "rbac")
USER = f"system:serviceaccount:{chart.NAMESPACE}:{ACCOUNT}"
GROUPS = ["system:serviceaccounts", f"system:serviceaccounts:{chart.NAMESPACE}", "system:authenticated"]
START_SECONDS = 60
PROBE = "are-the-controllers-there"


@dataclass(frozen=True)
class CertManager:
    """`process` runs the controllers; both are None where cert-manager was already deployed in the cluster."""

    process: Process | None
    webhook: Process | None


@contextmanager
def running(server: ApiServer, directory: Path) -> Iterator[CertManager]:
    """Installs what is missing, starts the controllers unless the cluster has them, and ends them afterwards.

    Raises BuildFailed where they cannot be had, ProcessDied (with the end of the log) where they do not work.
    """
    if _is_deployed(server):
        yield CertManager(process=None, webhook=None)
        return
    prepare(server)
    server.apply(chart.objects(RIGHTS))
    program = build.ensure(os.environ).programs / "cert-manager"
    arguments = [f"--kubeconfig={server.kubeconfig_for(chart.NAMESPACE, ACCOUNT)}"]
    process = Process("cert-manager", [program, *arguments], directory / "cert-manager.log")
    with ExitStack() as stack:
        admission = stack.enter_context(webhook.running(server, server.host, directory)) if server.host else None
        stack.callback(process.stop)
        process.start()
        _wait_until_working(server, process)
        yield CertManager(process, admission)
        process.check()  # it must not have died unnoticed


def prepare(server: ApiServer) -> None:
    """cert-manager's CRDs and its namespace. Raises BuildFailed where they cannot be had."""
    server.install_cert_manager_crds()
    server.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": chart.NAMESPACE}}])


def may_approve(server: ApiServer, signer: str) -> bool:
    """Whether RBAC lets cert-manager's ServiceAccount approve for a signer, named as in a role's resourceNames."""
    approve = {"group": "cert-manager.io", "resource": "signers", "verb": "approve", "name": signer}
    return server.may(USER, approve, GROUPS)


def certificate(name: str, namespace: str) -> str:
    """A Certificate of an issuer that does not exist, of a group that nobody serves."""
    return json.dumps(
        {
            "apiVersion": "cert-manager.io/v1",
            "kind": "Certificate",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "secretName": name,
                "dnsNames": [f"{name}.example.com"],
                "privateKey": {"algorithm": "ECDSA", "rotationPolicy": "Always"},
                "issuerRef": {"group": "example.com", "kind": "Unknown", "name": "unknown"},
            },
        }
    )


def _is_deployed(server: ApiServer) -> bool:
    labels = "app.kubernetes.io/name=cert-manager,app.kubernetes.io/component=controller"
    ready = "--output=jsonpath={.items[*].status.readyReplicas}"
    return bool(server.kubectl("get", "deployments", "--all-namespaces", f"--selector={labels}", ready))


def _wait_until_working(server: ApiServer, process: Process) -> None:
    """They work when a Certificate leads to a CertificateRequest: three controllers must have done their part."""

    request = "certificaterequest", f"{PROBE}-1", f"--namespace={chart.NAMESPACE}"

    def has_request() -> str:
        process.check()
        return server.kubectl("get", *request, "--ignore-not-found", "--output=name")

    server.kubectl("apply", "--server-side", "--filename=-", stdin=certificate(PROBE, chart.NAMESPACE))
    try:
        wait_until(has_request, START_SECONDS, "cert-manager's controllers work")
    except TimeoutError as error:
        raise ProcessDied(f"{error}\n{process.tail()}") from None
    server.kubectl("delete", "certificate", PROBE, f"--namespace={chart.NAMESPACE}")
