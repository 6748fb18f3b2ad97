"""What tests share that install: make in a checkout, and issuers that must outlive an installation."""

from __future__ import annotations

import json
import os
from pathlib import Path

from entrypoints.issuer import NAMES
from tests.support import commands
from tests.support.cluster.api_server import ApiServer

CRDS = {f"{plural}.{NAMES.group}" for plural in (NAMES.issuers, NAMES.cluster_issuers)}


def make(checkout: Path, *args: str, server: ApiServer | None = None) -> str:
    """With the kubectl and the administrator of this server, or without any kubectl."""
    return commands.make(checkout, *args, env=server.environment if server else os.environ)


def give_it_issuers(server: ApiServer, namespace: str) -> None:
    """One of each kind, with their Secrets."""
    server.kubectl("wait", "--for=condition=Established", "crd", *CRDS, "--timeout=30s")
    spec = {"url": "https://ca.example.com", "authSecretName": "credentials"}
    api = f"{NAMES.group}/{NAMES.version}"
    manifests = [
        {"apiVersion": api, "kind": NAMES.issuer, "metadata": {"name": "kept", "namespace": "default"}, "spec": spec},
        {"apiVersion": api, "kind": NAMES.cluster_issuer, "metadata": {"name": "kept"}, "spec": spec},
        *(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "credentials", "namespace": place}}
            for place in ("default", namespace)
        ),
    ]
    server.kubectl("apply", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))


def issuers_and_secrets(server: ApiServer, namespace: str) -> int:
    names = [
        server.kubectl("get", *what, "--ignore-not-found", "--output=name")
        for what in (
            (NAMES.issuers, "kept", "--namespace=default"),
            (NAMES.cluster_issuers, "kept"),
            ("secret", "credentials", "--namespace=default"),
            ("secret", "credentials", f"--namespace={namespace}"),
        )
    ]
    return len("".join(names).split())
