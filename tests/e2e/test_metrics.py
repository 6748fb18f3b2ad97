"""/metrics of the real manager: who may read it, what it says after work was done, and by which certificate.

The readers are ServiceAccounts with the RBAC of deploy/, the manager asks the real API server about them, and a
token is seen in no log.
"""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
import yaml
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from domain.model import CERTIFICATE_REQUEST
from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e.conftest import METRICS_CA, Manager, prepared, running, serve_with
from tests.e2e.objects import Objects
from tests.support import pki
from tests.support.cluster.waiting import wait_until
from tests.support.deployed import Deployed
from tests.unit.adapters.prometheus.scraping import Scraped, full

DNS = "app.example.com"
KINDS = {"request_kind": CERTIFICATE_REQUEST, "issuer_kind": NAMES.issuer}
ROTATED = pki.authority("metrics, rotated")


def get(manager: Manager, token: str | None = None, accept: str = "*/*") -> tuple[int, bytes]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    headers = {"Accept": accept} | ({} if token is None else {"Authorization": f"Bearer {token}"})
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
    before = scraped(manager, tokens).get("requests_total", **KINDS, outcome="issued") or 0
    objects.apply(objects.issuer(), objects.request("app", pki.csr(dns=[DNS]), usages=["server auth"]))
    objects.wait_for_reason(NAMES.issuer, "issuer", "Pending")  # its Secret is not there: a retry
    objects.apply(objects.secret())
    objects.wait_for_reason(CERTIFICATE_REQUEST, "app", "Issued")
    found = wait_until(lambda: with_checked_issuer(scraped(manager, tokens), objects), 20, "the check is told")
    assert found is not None

    assert found.get("requests_total", **KINDS, outcome="issued") == before + 1
    assert found.get("signing_duration_seconds_count", signer="demo", outcome="issued")
    assert found.get("retries_total", kind=NAMES.issuer)
    assert found.get("oldest_waiting_request_age_seconds", **KINDS) is not None
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


def test_what_was_done_is_counted_under_controller_runtimes_names_too(
    manager: Manager, tokens: dict[str, str], objects: Objects
) -> None:
    before = scraped(manager, tokens)
    names = [f"app-{number}" for number in range(3)]
    objects.apply(
        objects.issuer(), *(objects.request(name, pki.csr(dns=[DNS]), usages=["server auth"]) for name in names)
    )
    objects.wait_for_reason(NAMES.issuer, "issuer", "Pending")
    objects.apply(objects.secret())
    for name in names:
        objects.wait_for_reason(CERTIFICATE_REQUEST, name, "Issued")
    found = wait_until(lambda: at_rest(scraped(manager, tokens)), 20, "nothing is worked on")
    assert found is not None

    assert gained(before, found, "reconcile_total", controller="requests", result="success") >= len(names)
    assert gained(before, found, "reconcile_total", controller="checks", result="error") >= 1
    assert gained(before, found, "reconcile_total", controller="checks", result="requeue_after") >= 1
    for controller in ("requests", "checks"):
        queue = {"name": controller, "controller": controller}
        results = [found.get(RECONCILES, controller=controller, result=each) for each in RESULTS]
        ended = sum(filter(None, results))
        assert found.get("controller_runtime_reconcile_errors_total", controller=controller) == results[0]
        assert found.get("controller_runtime_reconcile_time_seconds_count", controller=controller) == ended
        assert found.get("controller_runtime_max_concurrent_reconciles", controller=controller) == 256
        for each in ("adds_total", "queue_duration_seconds_count", "work_duration_seconds_count"):
            assert found.get(f"workqueue_{each}", **queue) == ended, each
        assert found.get("workqueue_retries_total", **queue) is not None
        for each in ("unfinished_work_seconds", "longest_running_processor_seconds"):
            assert found.get(f"workqueue_{each}", **queue) == 0, each
    assert found.values("leader_election_master_status") == [], "it takes part in no election"


RECONCILES = "controller_runtime_reconcile_total"
RESULTS = ("error", "success", "requeue_after")


def gained(before: Scraped, found: Scraped, name: str, **labels: str) -> float:
    one, other = (each.get(f"controller_runtime_{name}", **labels) for each in (before, found))
    return (other or 0) - (one or 0)


def at_rest(found: Scraped) -> Scraped | None:
    busy = [*found.values("controller_runtime_active_workers"), *found.values("workqueue_depth")]
    return None if any(busy) else found


def test_calls_are_those_of_our_own_metric_by_method_and_host(
    deployed: Deployed, manager: Manager, tokens: dict[str, str]
) -> None:
    found = scraped(manager, tokens)
    host = urlsplit(yaml.safe_load(deployed.manager.read_text())["clusters"][0]["cluster"]["server"]).netloc
    methods = {"get": "GET", "list": "GET", "watch": "GET", "create": "POST", "patch": "PATCH", "update": "PUT"}
    ours: Counter[tuple[str, str]] = Counter()
    for each in found.samples:
        if each.name == full("api_requests_total"):
            code = each.labels["code"].replace("none", "<error>")
            ours[code, methods[each.labels["verb"]]] += int(each.value)
    calls = [each for each in found.samples if each.name == "rest_client_requests_total"]
    assert {(each.labels["code"], each.labels["method"]): each.value for each in calls} == ours
    assert {each.labels["host"] for each in calls} == {host}
    assert {("200", "GET"), ("201", "POST"), ("200", "PATCH")} <= set(ours)


def test_who_leads_by_the_lease_says_so_under_its_name(deployed: Deployed, tmp_path: Path) -> None:
    flags = ("--leader-elect", "--metrics-secure=false")
    for manager in running(prepared(deployed.manager, tmp_path, *flags)):
        plain = replace(manager, metrics=manager.metrics.replace("https", "http"))
        wait_until(partial(led, plain), 60, "it leads")


def led(manager: Manager) -> bool:
    return Scraped(get(manager)[1]).get("leader_election_master_status", name=NAMES.controller) == 1


def test_prometheus_is_served_openmetrics_that_a_strict_parser_reads(manager: Manager, tokens: dict[str, str]) -> None:
    status, page = get(manager, tokens["reader"], "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2")
    assert (status, page[-6:]) == (200, b"# EOF\n")
    families: Iterable[Metric] = text_string_to_metric_families(page.decode())  # type: ignore[no-untyped-call]
    names = {sample.name for family in families for sample in family.samples}
    assert names == scraped(manager, tokens).names()


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
