"""/metrics of the real manager: who may read it, what it says after work was done, and by which certificate.

The readers are ServiceAccounts with the RBAC of deploy/, the manager asks the real API server about them, and a
token is seen in no log.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import yaml

from domain.model import CERTIFICATE_REQUEST
from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e.conftest import METRICS_CA, Manager, prepared, running, serve_with
from tests.e2e.objects import Objects
from tests.support import pki
from tests.support.cluster.waiting import wait_until
from tests.support.deployed import Deployed
from tests.unit.adapters.prometheus.scraping import Scraped

DNS = "app.example.com"
ROTATED = pki.authority("metrics, rotated")


def get(manager: Manager, token: str | None = None) -> tuple[int, bytes]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        with urlopen(Request(f"{manager.metrics}/metrics", headers=headers), context=context, timeout=10) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()


def scraped(manager: Manager, tokens: dict[str, str]) -> Scraped:
    status, page = get(manager, tokens["reader"])
    assert status == 200
    return Scraped(page)


def certificate(manager: Manager) -> bytes:
    """What is shown, in PEM."""
    host, _, port = manager.metrics.rpartition("/")[2].partition(":")
    return ssl.get_server_certificate((host, int(port))).encode()


@pytest.fixture(scope="module")
def tokens(deployed: Deployed) -> Iterator[dict[str, str]]:
    """The tokens of two ServiceAccounts, of which one is bound to the role metrics-reader."""
    kubectl, namespace = deployed.server.kubectl, "e2e-metrics-readers"
    kubectl("create", "namespace", namespace)
    for name in ("reader", "stranger"):
        kubectl("create", "serviceaccount", name, f"--namespace={namespace}")
    role = f"{NAMES.controller}-metrics-reader"
    kubectl("create", "clusterrolebinding", namespace, f"--clusterrole={role}", f"--serviceaccount={namespace}:reader")
    yield {
        name: kubectl("create", "token", name, f"--namespace={namespace}").strip() for name in ("reader", "stranger")
    }
    kubectl("delete", "clusterrolebinding", namespace)
    kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture
def objects(deployed: Deployed, namespace: str) -> Objects:
    return Objects(deployed.server, namespace)


def test_who_may_read_them_does_and_others_do_not(manager: Manager, tokens: dict[str, str]) -> None:
    assert get(manager)[0] == 401
    assert get(manager, "not.a.token")[0] == 401
    assert get(manager, tokens["stranger"])[0] == 403
    status, page = get(manager, tokens["reader"])
    assert status == 200
    assert Scraped(page).get("leader") == 1


def test_no_token_is_in_the_most_talkative_log(deployed: Deployed, tokens: dict[str, str], tmp_path: Path) -> None:
    log = ""
    own = str(yaml.safe_load(deployed.manager.read_text())["users"][0]["user"]["token"])
    for manager in running(prepared(deployed.manager, tmp_path, "--log-level=debug")):
        assert [get(manager, token)[0] for token in tokens.values()] == [200, 403]
        assert get(manager, "no-good-token-f00d")[0] == 401
        log = manager.process.log.read_text()
    assert "DEBUG" in log
    assert [token for token in (*tokens.values(), own) if token.rpartition(".")[2] in log] == []
    assert "f00d" not in log


def test_a_signed_request_is_in_the_metrics(manager: Manager, tokens: dict[str, str], objects: Objects) -> None:
    before = scraped(manager, tokens).get("requests_total", issuer_kind=NAMES.issuer, outcome="issued") or 0
    objects.apply(objects.issuer(), objects.request("app", pki.csr(dns=[DNS]), usages=["server auth"]))
    objects.wait_for_reason(NAMES.issuer, "issuer", "Pending")  # its Secret is not there: a retry
    objects.apply(objects.secret())
    objects.wait_for_reason(CERTIFICATE_REQUEST, "app", "Issued")
    found = wait_until(lambda: with_checked_issuer(scraped(manager, tokens), objects), 20, "the check is told")
    assert found is not None

    assert found.get("requests_total", issuer_kind=NAMES.issuer, outcome="issued") == before + 1
    assert found.get("signing_duration_seconds_count", signer="demo", outcome="issued")
    assert found.get("retries_total", kind=NAMES.issuer)
    assert found.get("oldest_waiting_request_age_seconds", issuer_kind=NAMES.issuer) is not None
    assert found.get("queue_latency_seconds_count")
    assert found.get("queue_depth") is not None
    for verb, resource, code in (
        ("list", "certificaterequests", "200"),
        ("watch", "certificaterequests", "200"),
        ("patch", "certificaterequests/status", "200"),
        ("patch", f"{NAMES.issuers}/status", "200"),
        ("get", "secrets", "404"),
        ("create", "events", "201"),
        ("create", "tokenreviews", "201"),
        ("create", "subjectaccessreviews", "201"),
    ):
        assert found.get("api_requests_total", verb=verb, resource=resource, code=code), f"{verb} {resource} {code}"
    labels = {value for each in found.samples for value in each.labels.values()}
    assert "app" not in labels, "no request has a series of its own"


def with_checked_issuer(found: Scraped, objects: Objects) -> Scraped | None:
    """The scrape, once all that is said of single issuers is said of this one."""
    labels = {"issuer_kind": NAMES.issuer, "issuer_namespace": objects.namespace, "issuer_name": "issuer"}
    told = [
        found.get(name, **labels)
        for name in (
            "issuer_ready",
            "issuer_last_check_timestamp_seconds",
            "ca_certificate_expiration_timestamp_seconds",
        )
    ]
    return found if all(told) else None


def test_an_issuer_that_is_deleted_leaves_no_series(manager: Manager, tokens: dict[str, str], objects: Objects) -> None:
    objects.apply(objects.secret(), objects.issuer())
    wait_until(lambda: with_checked_issuer(scraped(manager, tokens), objects), 20, "the issuer has its series")
    objects.server.kubectl("delete", NAMES.issuer, "issuer", f"--namespace={objects.namespace}")
    wait_until(lambda: not about(scraped(manager, tokens), objects.namespace), 20, "it has none")


def about(found: Scraped, namespace: str) -> list[str]:
    return [each.name for each in found.samples if each.labels.get("issuer_namespace") == namespace]


def test_a_rotated_certificate_is_served_without_a_restart(manager: Manager) -> None:
    assert certificate(manager) == METRICS_CA.pem
    serve_with(manager.certificates, ROTATED)
    assert certificate(manager) == ROTATED.pem
    serve_with(manager.certificates, METRICS_CA)
    assert certificate(manager) == METRICS_CA.pem


def test_in_the_clear_nobody_is_asked_for_a_token(deployed: Deployed, tmp_path: Path) -> None:
    for manager in running(prepared(deployed.manager, tmp_path, "--metrics-secure=false")):
        status, page = get(replace(manager, metrics=manager.metrics.replace("https", "http")))
        assert status == 200
        assert Scraped(page).get("leader") == 1


def test_the_manager_asks_with_its_own_rights(deployed: Deployed) -> None:
    """Without metrics-auth.yaml and controller.yaml of deploy/rbac no token would be accepted."""
    account = f"--as=system:serviceaccount:{NAMESPACE}:{NAMES.controller}-controller-manager"
    for resource in ("tokenreviews.authentication.k8s.io", "subjectaccessreviews.authorization.k8s.io"):
        assert deployed.server.kubectl("auth", "can-i", "create", resource, account).strip() == "yes"
