"""What a test gets: an API server that runs, whoever runs it.

Everything goes through kubectl and the administrator's kubeconfig, so that a control plane of ours, envtest's, k3s in
a container and your own cluster are all the same to a test.
"""

import functools
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.support.cluster import build
from tests.support.cluster.pki import write_kubeconfig
from tests.support.cluster.process import Process

KUBECTL_SECONDS = 120
TOKEN_DURATION = "8h"
CERT_MANAGER_CRDS = ("certificates.cert-manager.io", "certificaterequests.cert-manager.io", "issuers.cert-manager.io")


class KubectlFailed(Exception):
    """kubectl ended with an error; the message holds the command and what it wrote to stderr."""


@dataclass(frozen=True)
class ApiServer:
    """`kubeconfig` is the administrator's; files for other users are made in `directory`.

    `processes` are those of the control plane by the names of their programs, for tests that stop and restart them;
    empty where the processes are not ours. `host` is the IP address at which the API server reaches programs of this
    machine, webhooks for example; None where nobody knows one.
    """

    kubeconfig: Path
    description: str
    program: Path
    directory: Path
    processes: Mapping[str, Process] = field(default_factory=dict)
    host: str | None = None

    def serves(self, version: str, plural: str) -> bool:
        """Whether it has this resource; `version` is <group>/<version>."""
        found = json.loads(self.kubectl("get", f"--raw=/apis/{version}"))
        return any(each["name"] == plural for each in found["resources"])

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        """kubectl's stdout, as administrator unless `--kubeconfig=` is among `args`. Raises KubectlFailed."""
        own = f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.directory / 'kubectl-cache'}"
        done = subprocess.run(
            [self.program, *own, *args],
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=KUBECTL_SECONDS,
            env={**os.environ, "KUBERC": "off"},  # a person's aliases and defaults must not change a test
        )
        if done.returncode:
            raise KubectlFailed(f"kubectl {' '.join(args)}: exit code {done.returncode}\n{done.stderr.strip()}")
        return done.stdout

    def apply(self, objects: Sequence[Mapping[str, Any]]) -> None:
        """By server-side apply, as administrator. Raises KubectlFailed."""
        manifests = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(manifests))

    @functools.cached_property
    def server_url(self) -> str:
        return self._cluster["server"]

    def kubeconfig_for(self, namespace: str, service_account: str) -> Path:
        """A kubeconfig that holds a new token of this ServiceAccount (TokenRequest) and its namespace; RBAC applies."""
        token = self.kubectl(
            "create", "token", service_account, f"--namespace={namespace}", f"--duration={TOKEN_DURATION}"
        )
        path = self.directory / f"{namespace}.{service_account}.kubeconfig"
        write_kubeconfig(path, self._cluster, {"token": token.strip()}, namespace)
        return path

    @contextmanager
    def namespace(self, prefix: str) -> Iterator[str]:
        """The name of a new one, which is removed afterwards."""
        name = f"{prefix}-{uuid4().hex[:8]}"
        self.kubectl("create", "namespace", name)
        try:
            yield name
        finally:
            self.kubectl("delete", "namespace", name, "--wait=false")

    @property
    def environment(self) -> dict[str, str]:
        """As of somebody who has its kubectl on the PATH and this cluster as the current one."""
        path = f"{self.program.parent}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "KUBECONFIG": str(self.kubeconfig)}

    def may(self, user: str, asked: Mapping[str, str], groups: Sequence[str] = ()) -> bool:
        """Whether RBAC allows it (SubjectAccessReview); `asked` are resourceAttributes."""
        spec = {"user": user, "groups": list(groups), "resourceAttributes": dict(asked)}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        answer = json.loads(self.kubectl("create", "--filename=-", "--output=json", stdin=json.dumps(review)))
        allowed: bool = answer["status"]["allowed"]
        return allowed

    def install_cert_manager_crds(self) -> None:
        """cert-manager's own CRDs, unless they are there. Raises BuildFailed where they cannot be had."""
        if self.has_cert_manager_crds():
            return
        self.kubectl("apply", "--server-side", f"--filename={build.ensure(os.environ).crds}")
        self.kubectl("wait", "--for=condition=Established", "crd", *CERT_MANAGER_CRDS, "--timeout=60s")

    def has_cert_manager_crds(self) -> bool:
        found = self.kubectl("get", "crd", *CERT_MANAGER_CRDS, "--ignore-not-found", "--output=name")
        return len(found.split()) == len(CERT_MANAGER_CRDS)

    @functools.cached_property
    def _cluster(self) -> dict[str, str]:
        config = json.loads(self.kubectl("config", "view", "--minify", "--raw", "--flatten", "--output=json"))
        cluster: dict[str, str] = config["clusters"][0]["cluster"]
        return cluster
