"""trust-manager brings our root into the namespaces, and a TLS client that trusts it accepts our certificates."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509

from tests.e2e.objects import SECONDS, Objects
from tests.integration.neighbours import examples
from tests.integration.neighbours.conftest import ROOT
from tests.integration.neighbours.serving import chain
from tests.support import pki
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.waiting import wait_until
from tests.support.remote import https
from tests.support.remote.relay import in_background

CERTIFICATE, BUNDLE = examples.manifests(examples.TRUST_MANAGER)
NAME, KEY = BUNDLE["metadata"]["name"], BUNDLE["spec"]["target"]["configMap"]["key"]
HOST = "shop.team-a.svc"


@pytest.fixture
def bundle(tenant: Objects) -> str:
    """What the ConfigMap in the tenant's namespace holds."""
    [label] = BUNDLE["spec"]["target"]["namespaceSelector"]["matchLabels"].items()
    tenant.server.kubectl("label", "namespace", tenant.namespace, "=".join(label), "--overwrite")
    tenant.apply(CERTIFICATE, BUNDLE)
    return wait_until(lambda: config_map(tenant.server, tenant.namespace), SECONDS, "the Bundle is in the namespace")


def config_map(server: ApiServer, namespace: str) -> str:
    """Empty where it is not there."""
    template = f'--output=go-template={{{{index .data "{KEY}"}}}}'
    return server.kubectl("get", "configmap", NAME, f"--namespace={namespace}", "--ignore-not-found", template)


def test_the_bundle_is_our_root_in_the_chosen_namespaces_alone(tenant: Objects, bundle: str) -> None:
    assert x509.load_pem_x509_certificates(bundle.encode()) == [ROOT.certificate]
    assert config_map(tenant.server, "default") == ""


def test_a_client_that_trusts_the_bundle_accepts_our_certificate_and_no_other(
    tenant: Objects, bundle: str, tmp_path: Path
) -> None:
    tenant.apply(tenant.certificate("shop", "my-issuer", dnsNames=[HOST]))
    tenant.wait_for_reason("certificate", "shop", "Ready")
    ours = chain(tenant, "shop")
    assert shake_hands(bundle, ours, tmp_path) == ours[0].certificate
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer certificate"):
        shake_hands(bundle, [https.server_certificate(HOST)], tmp_path)


def shake_hands(trusted: str, certificates: list[pki.Authority], directory: Path) -> x509.Certificate:
    """A client with this trust store alone; returns what the server has shown."""
    context = ssl.create_default_context(cadata=trusted)
    serving = https.serving(directory, certificate=certificates[0], above=certificates[1:])
    with in_background(serving) as server:
        address = "127.0.0.1", urlsplit(server.url).port or 0
        with (
            socket.create_connection(address, timeout=SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as tls,
        ):
            return x509.load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")
