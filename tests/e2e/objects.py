"""The manifests and questions of the end-to-end tests.

Everything is asked of the API server by kubectl, as a person would; nothing is asked of the code under test.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from entrypoints.issuer import NAMES
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.waiting import wait_until

SECONDS = 20
_RBAC = "rbac.authorization.k8s.io"
API_VERSION = f"{NAMES.group}/{NAMES.version}"


@dataclass(frozen=True)
class Objects:
    """Makes and asks about objects of one namespace."""

    server: ApiServer
    namespace: str

    def apply(self, *manifests: Mapping[str, Any]) -> None:
        self.server.apply(manifests)

    def approve(self, *requests: str) -> None:
        """As an approver would; for where cert-manager's does not run."""
        approved = {"type": "Approved", "status": "True", "reason": "Test", "message": "approved by a test"}
        items = [
            self._object("cert-manager.io/v1", "CertificateRequest", name, status={"conditions": [approved]})
            for name in requests
        ]
        body = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        apply = "apply", "--server-side", "--subresource=status", "--field-manager=approver", "--filename=-"
        self.server.kubectl(*apply, stdin=body)

    def get(self, kind: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.server.kubectl("get", kind, name, f"--namespace={self.namespace}", "--output=json")
        )
        return found

    def condition(self, kind: str, name: str, type_: str = "Ready") -> dict[str, Any]:
        """The condition, or an empty one."""
        conditions = self.get(kind, name).get("status", {}).get("conditions", ())
        return next((each for each in conditions if each["type"] == type_), {})

    def wait_for_reason(self, kind: str, name: str, reason: str, type_: str = "Ready") -> dict[str, Any]:
        """Waits until the condition has this reason; returns the condition."""

        def found() -> dict[str, Any] | None:
            condition = self.condition(kind, name, type_)
            return condition if condition.get("reason") == reason else None

        result = wait_until(found, SECONDS, f"{kind} {name} has {type_} with reason {reason}")
        assert result is not None
        return result

    def events(self, kind: str, name: str) -> list[dict[str, Any]]:
        """Those about an object of this namespace, or about one that has none."""
        found: list[dict[str, Any]] = json.loads(
            self.server.kubectl(
                "get",
                "events.events.k8s.io",
                "--all-namespaces",
                f"--field-selector=regarding.kind={kind},regarding.name={name}",
                "--output=json",
            )
        )["items"]
        return [each for each in found if each["regarding"].get("namespace", self.namespace) == self.namespace]

    def wait_for_event(self, kind: str, name: str, reason: str) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            return next((event for event in self.events(kind, name) if event["reason"] == reason), None)

        result = wait_until(found, SECONDS, f"{kind} {name} has an Event {reason}")
        assert result is not None
        return result

    def issuer(self, name: str = "issuer", secret: str = "credentials", **spec: Any) -> dict[str, Any]:
        spec = {"url": "https://ca.example.com", "authSecretName": secret, **spec}
        return self._object(API_VERSION, NAMES.issuer, name, spec=spec)

    def secret(self, name: str = "credentials", **data: str) -> dict[str, Any]:
        return self._object("v1", "Secret", name, stringData=data or {"token": "not a real one"})

    def certificate(self, name: str, issuer: str = "issuer", **spec: Any) -> dict[str, Any]:
        spec = {
            "secretName": name,
            "dnsNames": [f"{name}.example.com"],
            "issuerRef": self._reference(issuer),
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            **spec,
        }
        return self._object("cert-manager.io/v1", "Certificate", name, spec=spec)

    def request(self, name: str, csr: bytes, issuer: str = "issuer", **spec: Any) -> dict[str, Any]:
        spec = {"request": _base64(csr), "issuerRef": self._reference(issuer), **spec}
        return self._object("cert-manager.io/v1", "CertificateRequest", name, spec=spec)

    def let_reference(self, subject: str, issuer: str) -> None:
        """Lets a user or a group reference this issuer of the namespace, by a Role; "*": all of them."""
        asked = {"group": NAMES.group, "resource": "signers", "verb": "reference"}
        rule = {"apiGroups": [NAMES.group], "resources": ["signers"], "resourceNames": [issuer], "verbs": ["reference"]}
        name = f"reference-{uuid4().hex[:8]}"
        role = {"apiGroup": _RBAC, "kind": "Role", "name": name}
        subjects = [{"apiGroup": _RBAC, "kind": kind, "name": subject} for kind in ("User", "Group")]
        self.apply(
            self._object(f"{_RBAC}/v1", "Role", name, rules=[rule]),
            self._object(f"{_RBAC}/v1", "RoleBinding", name, roleRef=role, subjects=subjects),
        )
        asked |= {"namespace": self.namespace, "name": issuer}
        wait_until(lambda: self.server.may(subject, asked), SECONDS, f"{subject} may reference {issuer}")

    def _reference(self, issuer: str) -> dict[str, str]:
        return {"group": NAMES.group, "kind": NAMES.issuer, "name": issuer}

    def _object(self, api_version: str, kind: str, name: str, **content: Any) -> dict[str, Any]:
        metadata = {"name": name, "namespace": self.namespace}
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}


def cluster_issuer(name: str, secret: str, **spec: Any) -> dict[str, Any]:
    spec = {"url": "https://ca.example.com", "authSecretName": secret, **spec}
    return {"apiVersion": API_VERSION, "kind": NAMES.cluster_issuer, "metadata": {"name": name}, "spec": spec}


def signing_request(
    name: str,
    csr: bytes,
    issuer: str,
    usages: Sequence[str] = ("digital signature",),
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """`issuer` is the name of a cluster issuer, or a whole signerName."""
    spec = {
        "request": _base64(csr),
        "signerName": issuer if "/" in issuer else f"{NAMES.cluster_issuers}.{NAMES.group}/{issuer}",
        "usages": list(usages),
        "expirationSeconds": 3600,
    }
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name, "annotations": dict(annotations or {})},
        "spec": spec,
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
