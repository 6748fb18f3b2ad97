"""cert-manager beside an API server: its CRDs, its ServiceAccount, and its controllers as one local process.

The process runs as administrator: cert-manager's own RBAC is not what these tests are about. It serves no webhooks,
and the approval webhook is what would check `approve` on `signers`: here every request is approved, so ask
`may_approve` whether a real cert-manager could have done it.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.cluster import build
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.process import Process, ProcessDied
from tests.support.cluster.waiting import wait_until

NAMESPACE = "cert-manager"
USER = f"system:serviceaccount:{NAMESPACE}:cert-manager"
GROUPS = ["system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}", "system:authenticated"]
START_SECONDS = 60
PROBE = "are-the-controllers-there"


@dataclass(frozen=True)
class CertManager:
    """`process` is None where cert-manager was already deployed in the cluster."""

    process: Process | None


@contextmanager
def running(server: ApiServer, directory: Path) -> Iterator[CertManager]:
    """Installs what is missing, starts the controllers unless the cluster has them, and ends them afterwards.

    Raises BuildFailed where they cannot be had, ProcessDied (with the end of the log) where they do not work.
    """
    if _is_deployed(server):
        yield CertManager(process=None)
        return
    server.install_cert_manager_crds()
    server.kubectl("apply", "--server-side", "--filename=-", stdin=_namespace_and_service_account())
    program = build.ensure(os.environ).programs / "cert-manager"
    arguments = [f"--kubeconfig={server.kubeconfig}"]
    process = Process("cert-manager", [program, *arguments], directory / "cert-manager.log")
    try:
        process.start()
        _wait_until_working(server, process)
        yield CertManager(process)
        process.check()  # it must not have died unnoticed
    finally:
        process.stop()


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

    request = "certificaterequest", f"{PROBE}-1", f"--namespace={NAMESPACE}"

    def has_request() -> str:
        process.check()
        return server.kubectl("get", *request, "--ignore-not-found", "--output=name")

    server.kubectl("apply", "--server-side", "--filename=-", stdin=certificate(PROBE, NAMESPACE))
    try:
        wait_until(has_request, START_SECONDS, "cert-manager's controllers work")
    except TimeoutError as error:
        raise ProcessDied(f"{error}\n{process.tail()}") from None
    server.kubectl("delete", "certificate", PROBE, f"--namespace={NAMESPACE}")


def _namespace_and_service_account() -> str:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "cert-manager", "namespace": NAMESPACE},
    }
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [namespace, account]})
