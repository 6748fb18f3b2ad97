"""The audit log of an API server of ours: every call of one user, in the words of RBAC.

The log is the API server's own, written by itself before it lets a call end; nothing is asked of who called.
https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.cluster.api_server import ApiServer, KubectlFailed
from tests.support.cluster.waiting import wait_until

READY_SECONDS = 60


@dataclass(frozen=True, order=True)
class Call:
    """What does not apply is empty: the namespace of what is in none, or in all; the name of what has none yet."""

    verb: str
    group: str
    resource: str
    namespace: str
    name: str
    allowed: bool = True


def audited(server: ApiServer, user: str) -> Path:
    """Restarts the API server with an audit log of this user's calls; returns the log."""
    policy, log = server.directory / "audit-policy.json", server.directory / "audit.log"
    rule = {"level": "Metadata", "users": [user]}  # of whomever no rule is about, nothing is logged
    policy.write_text(json.dumps({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [rule]}))
    process = server.processes["kube-apiserver"]
    process.stop(seconds=1)
    process.start(f"--audit-policy-file={policy}", f"--audit-log-path={log}", "--audit-log-mode=blocking")
    wait_until(lambda: _is_ready(server), READY_SECONDS, "the API server is ready again")
    return log


def calls(log: Path) -> set[Call]:
    """All of them, names of objects included."""
    return {_call(event) for event in _events(log) if event["stage"] != "RequestReceived"}


def user_agents(log: Path) -> set[str]:
    return {event["userAgent"] for event in _events(log)}


def _events(log: Path) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in log.read_text().splitlines())


def _call(event: dict[str, Any]) -> Call:
    about = event.get("objectRef", {"resource": event["requestURI"]})
    return Call(
        verb=event["verb"],
        group=about.get("apiGroup", ""),
        resource="/".join(filter(None, (about["resource"], about.get("subresource")))),
        namespace=about.get("namespace", ""),
        name=about.get("name", ""),
        allowed=event["annotations"]["authorization.k8s.io/decision"] == "allow",
    )


def _is_ready(server: ApiServer) -> bool:
    try:
        return server.kubectl("get", "--raw=/readyz") == "ok"
    except KubectlFailed:
        return False
