"""cert-manager's admission webhook as one local process, registered as its chart does.

It lets only a user approve a request who has the right `approve` for its signer. It refuses invalid Certificates and
requests, and writes into a request who made it. While it is registered and does not answer, the API server refuses
every write of an object of cert-manager.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.cluster import build, chart
from tests.support.cluster.api_server import ApiServer, KubectlFailed
from tests.support.cluster.controlplane import free_ports
from tests.support.cluster.pki import Authority
from tests.support.cluster.process import Process, ProcessDied
from tests.support.cluster.waiting import wait_until

START_SECONDS = 60
ACCOUNT = "cert-manager-webhook"
RIGHTS = ("webhook-serviceaccount", "webhook-rbac")
REGISTRATION = ("webhook-validating-webhook", "webhook-mutating-webhook")


@contextmanager
def running(server: ApiServer, host: str, directory: Path) -> Iterator[Process]:
    """On this address, with the rights of the chart. cert-manager's CRDs and namespace must be there.

    Raises NoToolchain and BuildFailed where it cannot be had, ProcessDied where it does not work.
    """
    directory /= "webhook"  # it gets a ca.crt, and so may what is beside it have
    directory.mkdir()
    address = f"{host}:{free_ports(1)[0]}"
    authority = Authority(directory)
    authority.issue_server("webhook", host)
    server.apply(chart.objects(RIGHTS))
    arguments = [
        f"--kubeconfig={server.kubeconfig_for(chart.NAMESPACE, ACCOUNT)}",
        f"--address={address}",
        f"--tls-cert-file={directory / 'webhook.crt'}",
        f"--tls-private-key-file={directory / 'webhook.key'}",
    ]
    program = build.ensure(os.environ).programs / "webhook"
    process = Process("cert-manager-webhook", [program, *arguments], directory / "webhook.log")
    hooks = chart.objects(REGISTRATION, f"webhook.url.host={address}")
    registration = [_with_authority(each, authority) for each in hooks]
    try:
        process.start()
        server.apply(registration)
        wait_until_it_answers(server, process)
        yield process
        process.check()  # it must not have died unnoticed
    finally:
        for each in registration:
            server.kubectl("delete", each["kind"], each["metadata"]["name"], "--ignore-not-found")
        process.stop()


def wait_until_it_answers(server: ApiServer, process: Process) -> None:
    """It does when it refuses a request that holds no CSR. Raises ProcessDied."""
    wrong = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "CertificateRequest",
        "metadata": {"name": "does-the-webhook-answer", "namespace": chart.NAMESPACE},
        "spec": {"request": "bm8gQ1NS", "issuerRef": {"name": "nobody"}},
    }

    def refusal() -> str:
        process.check()
        try:
            return server.kubectl("create", "--dry-run=server", "--filename=-", stdin=json.dumps(wrong))
        except KubectlFailed as error:
            return str(error)

    try:
        wait_until(lambda: "denied the request" in refusal(), START_SECONDS, "cert-manager's webhook answers")
    except TimeoutError as error:
        raise ProcessDied(f"{error}: {refusal()}\n{process.tail()}") from None


def _with_authority(registration: dict[str, Any], authority: Authority) -> dict[str, Any]:
    """As cainjector would do it."""
    bundle = base64.b64encode(authority.certificate.read_bytes()).decode()
    hooks = [each | {"clientConfig": each["clientConfig"] | {"caBundle": bundle}} for each in registration["webhooks"]]
    return registration | {"webhooks": hooks}
