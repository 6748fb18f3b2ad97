"""The API server of these tests is a real one: it authorizes, validates, and cert-manager's controllers work on it."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509

from tests.support.cluster import cert_manager as controllers
from tests.support.cluster.api_server import ApiServer, KubectlFailed
from tests.support.cluster.waiting import wait_until


@pytest.fixture
def namespace(api_server: ApiServer) -> Iterator[str]:
    with api_server.namespace("test") as name:
        yield name


def test_it_answers_its_version(api_server: ApiServer) -> None:
    version = json.loads(api_server.kubectl("version", "--output=json"))["serverVersion"]

    assert (int(version["major"]), int(version["minor"])) >= (1, 30)
    assert version["gitVersion"].startswith("v1.")


def test_a_service_account_may_do_nothing_without_a_role(api_server: ApiServer, namespace: str) -> None:
    api_server.kubectl("create", "serviceaccount", "nobody", f"--namespace={namespace}")
    kubeconfig = api_server.kubeconfig_for(namespace, "nobody")

    with pytest.raises(KubectlFailed, match=f"(?s)get secrets.*system:serviceaccount:{namespace}:nobody"):
        api_server.kubectl(f"--kubeconfig={kubeconfig}", "get", "secrets")
    assert kubeconfig.stat().st_mode & 0o077 == 0
    assert api_server.server_url in kubeconfig.read_text()


def test_a_role_lets_it(api_server: ApiServer, namespace: str) -> None:
    here = f"--namespace={namespace}"
    api_server.kubectl("create", "serviceaccount", "reader", here)
    api_server.kubectl("create", "role", "reader", "--verb=list", "--resource=secrets", here)
    api_server.kubectl("create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={namespace}:reader", here)
    kubeconfig = api_server.kubeconfig_for(namespace, "reader")

    assert api_server.kubectl(f"--kubeconfig={kubeconfig}", "get", "secrets", "--output=name") == ""


def test_cert_managers_crds_are_served(api_server: ApiServer, namespace: str) -> None:
    api_server.install_cert_manager_crds()

    with pytest.raises(KubectlFailed, match=r"spec\.issuerRef: Required value"):
        api_server.kubectl("apply", "--filename=-", stdin=_invalid_request(namespace))


@pytest.mark.usefixtures("cert_manager")
def test_a_certificate_leads_to_a_request(api_server: ApiServer, namespace: str) -> None:
    api_server.kubectl("apply", "--filename=-", stdin=controllers.certificate("web", namespace))

    made = wait_until(lambda: _requests(api_server, namespace), 30, "a CertificateRequest")[0]

    csr = x509.load_pem_x509_csr(base64.b64decode(made["spec"]["request"]))
    names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["web.example.com"]
    assert made["spec"]["issuerRef"] == {"group": "example.com", "kind": "Unknown", "name": "unknown"}


def _requests(api_server: ApiServer, namespace: str) -> list[dict[str, Any]]:
    found = api_server.kubectl("get", "certificaterequests", f"--namespace={namespace}", "--output=json")
    items: list[dict[str, Any]] = json.loads(found)["items"]
    return items


def _invalid_request(namespace: str) -> str:
    metadata = {"name": "invalid", "namespace": namespace}
    request = {"apiVersion": "cert-manager.io/v1", "kind": "CertificateRequest", "metadata": metadata}
    return json.dumps({**request, "spec": {"request": "AAAA"}})
