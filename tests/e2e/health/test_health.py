"""How healthy an issuer is for Flux and Argo CD, in each state that a real manager writes on a real API server.

kstatus, which Flux and kpt use, is asked as the library. The script for Argo CD is that of deploy/README.md, put into
its ConfigMap as people do, and run by the interpreter that Argo CD has.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e.conftest import Manager
from tests.e2e.objects import Objects, cluster_issuer
from tests.support import pki, readme
from tests.support.cluster.fixtures import built
from tests.support.deployed import Deployed
from tests.support.programs import HEALTH
from tests.support.tutorial.follow import Reader

SECTION = readme.section("deploy/README.md", "### Health for Flux and Argo CD")
VERDICTS = {
    "new": ("InProgress", "Progressing"),
    "Pending": ("InProgress", "Progressing"),
    "Failed": ("Failed", "Degraded"),
    "Ready": ("Current", "Healthy"),
    "Ready for an older spec": ("InProgress", "Progressing"),
}
AUTHORITY = pki.authority("health")


@pytest.fixture(scope="module")
def health_program(pytestconfig: pytest.Config) -> Path:
    return built(pytestconfig, HEALTH.name, HEALTH.ensure, "install Go")


@pytest.fixture(scope="module")
def scripts(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The data of argocd-cm after somebody has done what the section says, in a namespace of the test's own."""
    server, directory = deployed.server, tmp_path_factory.mktemp("argocd")
    with server.namespace("argocd") as namespace:
        here = f"--namespace={namespace}"
        server.kubectl("create", "configmap", "argocd-cm", here, "--from-literal=url=https://argocd.example.com")
        followed = SECTION.replace("--namespace=argocd", here)
        assert followed != SECTION
        Reader("deploy/README.md", directory, server.environment, directory).follow(followed)
        data: dict[str, str] = json.loads(server.kubectl("get", "configmap", "argocd-cm", here, "--output=json"))[
            "data"
        ]
    assert data.pop("url") == "https://argocd.example.com"
    return data


@dataclass(frozen=True)
class Judged:
    """An issuer and its Secret, both called as the namespace of the test, and what judges the issuer."""

    objects: Objects
    kind: str
    program: Path
    script: Path

    def apply_issuer(self, **spec: Any) -> None:
        name, spec = self.objects.namespace, {"authSecretName": self.objects.namespace, "ca": {}, **spec}
        issuer = self.objects.issuer(name) if self.kind == NAMES.issuer else cluster_issuer(name, name)
        self.objects.apply(issuer | {"spec": spec})

    def apply_secret(self, certificate: bytes, key: bytes) -> None:
        secret = self.objects.secret(
            self.objects.namespace, **{"tls.crt": certificate.decode(), "tls.key": key.decode()}
        )
        if self.kind == NAMES.cluster_issuer:
            secret["metadata"]["namespace"] = NAMESPACE
        self.objects.apply(secret)

    def verdicts(self) -> tuple[str, str]:
        """Of kstatus and of the script."""
        issuer = json.dumps(self.objects.get(self.kind, self.objects.namespace))
        done = subprocess.run([self.program, self.script], input=issuer, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        return answer["kstatus"]["status"], answer["argocd"]["status"]

    def verdicts_at(self, reason: str) -> tuple[str, str]:
        self.objects.wait_for_reason(self.kind, self.objects.namespace, reason)
        return self.verdicts()


@pytest.fixture(params=NAMES.kinds)
def judged(
    request: pytest.FixtureRequest,
    deployed: Deployed,
    namespace: str,
    health_program: Path,
    scripts: dict[str, str],
    tmp_path: Path,
) -> Iterator[Judged]:
    kind: str = request.param
    script = tmp_path / "health.lua"
    script.write_text(scripts[f"resource.customizations.health.{NAMES.group}_{kind}"])
    yield Judged(Objects(deployed.server, namespace), kind, health_program, script)
    deployed.server.kubectl("delete", kind, namespace, f"--namespace={namespace}", "--ignore-not-found")
    deployed.server.kubectl("delete", "secret", namespace, f"--namespace={NAMESPACE}", "--ignore-not-found")


@contextmanager
def frozen(manager: Manager) -> Iterator[None]:
    pid = manager.process.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_each_state_of_an_issuer_is_read_as_what_it_is(judged: Judged, manager: Manager) -> None:
    found = {}
    with frozen(manager):
        judged.apply_issuer()
        found["new"] = judged.verdicts()
    found["Pending"] = judged.verdicts_at("Pending")
    judged.apply_secret(b"no certificate", b"no key")
    found["Failed"] = judged.verdicts_at("Failed")
    judged.apply_secret(AUTHORITY.pem, AUTHORITY.key_pem)
    found["Ready"] = judged.verdicts_at("Checked")
    with frozen(manager):
        judged.apply_issuer(allowAnnotations=True)
        found["Ready for an older spec"] = judged.verdicts()

    assert found == VERDICTS


def test_the_readme_says_the_same() -> None:
    said = (row.strip("| ").split(" | ") for row in readme.rows(SECTION)[2:])
    assert {state: (kstatus, argocd) for state, kstatus, argocd in said} == VERDICTS
