"""What RBAC grants a ServiceAccount, one right at a time, as the API server has it.

Only what is bound to the account itself; what every account has by its groups is nobody's privilege.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.e2e.privilege.audit import Call
from tests.integration.deploy.manifests import permissions
from tests.support.cluster.api_server import ApiServer

ANY = "*"


@dataclass(frozen=True, order=True)
class Grant:
    """One verb on one resource; `namespace` is where it holds, `name` of which object, and ANY of all."""

    verb: str
    group: str
    resource: str
    namespace: str = ANY
    name: str = ANY

    def covers(self, call: Call) -> bool:
        return (
            (self.verb, self.group, self.resource) == (call.verb, call.group, call.resource)
            and self.namespace in (ANY, call.namespace)
            and self.name in (ANY, call.name)
        )


def grants(server: ApiServer, namespace: str, account: str) -> set[Grant]:
    bindings = _get(server, "clusterrolebindings,rolebindings", "--all-namespaces")["items"]
    subject = ("ServiceAccount", namespace, account)
    bound = [binding for binding in bindings if subject in map(_subject, binding.get("subjects", ()))]
    return {grant for binding in bound for grant in _grants(server, binding)}


def _grants(server: ApiServer, binding: dict[str, Any]) -> Iterator[Grant]:
    where, role = binding["metadata"].get("namespace"), binding["roleRef"]
    at = [f"--namespace={where}"] if role["kind"] == "Role" else []
    for group, resource, name, verb in permissions(_get(server, role["kind"], role["name"], *at)):
        yield Grant(verb, group, resource, where or ANY, name)


def _subject(subject: dict[str, str]) -> tuple[str, str | None, str]:
    return subject["kind"], subject.get("namespace"), subject["name"]


def _get(server: ApiServer, *what: str) -> Any:
    return json.loads(server.kubectl("get", *what, "--output=json"))
