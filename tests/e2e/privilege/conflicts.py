"""An admission webhook that changes an object while its status is written: the writer is answered with a Conflict."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from tests.e2e.objects import Objects
from tests.support.remote import https
from tests.support.remote.relay import in_background


@contextmanager
def changed_within_status_writes(objects: Objects, kind: str, directory: Path) -> Iterator[set[str]]:
    """For objects of a kind of certificates.k8s.io in the namespace; gives the names of those that were changed."""
    directory.mkdir()
    changed: set[str] = set()
    annotation = "example.com/changed=true", f"--namespace={objects.namespace}"

    async def change(request: web.Request) -> web.Response:
        review = await request.json()
        name = review["request"]["name"]
        if name not in changed:
            await asyncio.to_thread(objects.server.kubectl, "annotate", kind, name, *annotation)
            changed.add(name)
        review["response"] = {"uid": review["request"]["uid"], "allowed": True}
        response = web.json_response(review)
        response.force_close()  # else the API server keeps the connection, and nobody is left to close it
        return response

    registration = "validatingwebhookconfiguration", f"{objects.namespace}.example.com"
    with in_background(https.serving(directory, change)) as server:
        objects.apply(_configuration(registration[1], server.url, objects.namespace, f"{kind}s/status"))
        try:
            yield changed
        finally:
            objects.server.kubectl("delete", *registration)


def _configuration(name: str, url: str, namespace: str, resource: str) -> dict[str, object]:
    rule = {"apiGroups": ["certificates.k8s.io"], "apiVersions": ["v1"], "operations": ["UPDATE"]}
    hook = {
        "name": f"webhook.{name}",
        "rules": [rule | {"resources": [resource]}],
        "clientConfig": {"url": url, "caBundle": base64.b64encode(https.ROOT.pem).decode()},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
    }
    metadata = {"name": name}
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    return {**kind, "metadata": metadata, "webhooks": [hook]}
