"""approver-policy and trust-manager as their own charts install them, where no node runs their pods.

Each program is a process of this machine. So its Deployment is left out, its Service leads to this machine, and the
API server asks its webhooks at the port of the process. All else is the chart's: CRD, ServiceAccount, rights, webhook.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Manifest = dict[str, Any]


def for_a_process(objects: list[Manifest], port: int) -> Iterator[Manifest]:
    for each in objects:
        if each["kind"] != "Deployment":
            yield with_hooks_at(port, to_this_machine(each) if each["kind"] == "Service" else each)


def to_this_machine(service: Manifest) -> Manifest:
    """The API server resolves it for a webhook, and compares the certificate with its name as of any other Service."""
    return service | {"spec": {"type": "ExternalName", "externalName": "localhost"}}


def with_hooks_at(port: int, manifest: Manifest) -> Manifest:
    for hook in manifest.get("webhooks", ()):
        hook["clientConfig"]["service"]["port"] = port
    return manifest
