"""The end-to-end test of the Go original: apply the samples, wait five seconds for each, look into the Secrets."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from entrypoints.issuer import NAMES
from tests.e2e.conftest import Manager
from tests.e2e.objects import Objects
from tests.support import readme
from tests.support.commands import typed
from tests.support.deployed import DEPLOY, Deployed
from tests.support.figures import Report
from tests.support.tutorial.steps import Command, pattern, steps

ISSUERS = [
    (f"{NAMES.issuers}.{NAMES.group}", f"{NAMES.issuer.lower()}-sample"),
    (f"{NAMES.cluster_issuers}.{NAMES.group}", f"{NAMES.cluster_issuer.lower()}-sample"),
]
LOOKS = [step for step in steps(readme.section("README.md", "## Look at issuers")) if isinstance(step, Command)]
CERTIFICATES = [f"certificate-by-{NAMES.issuer.lower()}", f"certificate-by-{NAMES.cluster_issuer.lower()}"]


@pytest.fixture(scope="module")
def samples(deployed: Deployed, manager: Manager) -> Iterator[Objects]:
    earlier = "--namespace=default", f"--field-selector=involvedObject.name={ISSUERS[0][1]}"
    deployed.server.kubectl("delete", "events", *earlier)  # of an earlier run, where the cluster is somebody's own
    deployed.server.kubectl("apply", "--kustomize", str(DEPLOY / "samples"))
    yield Objects(deployed.server, "default")
    deployed.server.kubectl("delete", "--kustomize", str(DEPLOY / "samples"))


def test_issuers_and_certificates_are_ready_within_five_seconds_each(samples: Objects, report: Report) -> None:
    started = time.monotonic()
    for kind, name in ISSUERS:
        samples.server.kubectl("wait", "--for=condition=Ready", "--timeout=5s", kind, name)
    report("from the applied samples to both issuers Ready", time.monotonic() - started)
    for name in CERTIFICATES:
        samples.server.kubectl("wait", "--for=condition=Ready", "--timeout=5s", "certificates.cert-manager.io", name)
    report("from the applied samples to both certificates Ready", time.monotonic() - started)


@pytest.mark.parametrize("name", CERTIFICATES)
def test_the_secret_holds_a_key_and_a_chain_that_verify(samples: Objects, name: str) -> None:
    samples.server.kubectl("wait", "--for=condition=Ready", "--timeout=5s", "certificates.cert-manager.io", name)
    data = {key: base64.b64decode(value) for key, value in samples.get("secret", name)["data"].items()}
    leaf, *intermediates = x509.load_pem_x509_certificates(data["tls.crt"])
    root = x509.load_pem_x509_certificate(data["ca.crt"])
    key = load_pem_private_key(data["tls.key"], None)
    assert key.public_key() == leaf.public_key()
    store = x509.verification.Store([root])
    verifier = x509.verification.PolicyBuilder().store(store)
    host = x509.DNSName(f"{name}.example.com")
    chain = verifier.build_server_verifier(host).verify(leaf, intermediates)
    assert chain[-1] == root


def test_the_bare_requests_of_the_samples_are_signed_too(samples: Objects) -> None:
    samples.wait_for_reason("certificaterequest", f"certificaterequest-by-{NAMES.issuer.lower()}", "Issued")
    samples.server.kubectl("certificate", "approve", f"csr-by-{NAMES.cluster_issuer.lower()}")
    samples.server.kubectl(
        "wait", "--for=jsonpath={.status.certificate}", "--timeout=5s", "csr", f"csr-by-{NAMES.cluster_issuer.lower()}"
    )


def test_kubectl_describe_tells_the_story_of_an_issuer(samples: Objects) -> None:
    samples.wait_for_event(NAMES.cluster_issuer, f"{NAMES.cluster_issuer.lower()}-sample", "Checked")
    described = samples.server.kubectl("describe", *ISSUERS[1])
    assert "First seen" in described
    assert NAMES.controller in described


@pytest.mark.parametrize("command", LOOKS, ids=lambda command: command.text)
def test_kubectl_shows_issuers_as_the_readme_says(samples: Objects, command: Command) -> None:
    samples.wait_for_event(NAMES.issuer, ISSUERS[0][1], "Checked")
    shown, printed = ("\n".join(command.output), typed(command.text, samples.server.environment))
    assert pattern(tuple(_words(shown))).fullmatch("".join(f"{line}\n" for line in _words(printed))), printed


def _words(text: str) -> list[str]:
    """The lines, whatever the widths of columns are, without the cluster issuers of other tests."""
    return [" ".join(line.split()) for line in text.splitlines() if not line.startswith("e2e-")]
