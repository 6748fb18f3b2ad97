"""A manager with everything turned on, made to do all that it ever does to an API server.

It is made to by its users and its CA alone. Each kind of status write is met by a Conflict once, since only then
is an object read by its name: the test changes the object while the CA has not answered yet. For pods only CAs of this
process sign, so their requests are changed while the API server asks a webhook about the write.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
import yaml

from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e.conftest import Manager, prepared, running
from tests.e2e.objects import SECONDS, Objects, cluster_issuer, signing_request
from tests.e2e.pods import KIND, on_a_node
from tests.e2e.privilege.audit import Call, audited, calls, user_agents
from tests.e2e.privilege.conflicts import changed_within_status_writes
from tests.e2e.privilege.grants import Grant, grants
from tests.support import pki
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.waiting import wait_until
from tests.support.deployed import SERVICE_ACCOUNT
from tests.support.remote import https
from tests.support.remote.asking import PASSWORD, USERNAME
from tests.support.remote.est import ESTServer, est
from tests.support.remote.held import Held
from tests.support.remote.relay import in_background

MANAGER = f"system:serviceaccount:{NAMESPACE}:{SERVICE_ACCOUNT}"
ELECTION = ("--leader-elect", "--leader-election-retry-period=500ms")
USAGES = ("digital signature", "key encipherment")  # what the CA gives, for a day
PODS = {"trustDomain": "example.com", "serviceAccounts": ["*/*"]}
NOWHERE = "default"  # where Events about what is in no namespace are
CREDENTIALS = {"username": USERNAME, "password": PASSWORD, "ca.crt": https.ROOT.pem.decode()}


@dataclass(frozen=True)
class Played:
    """What the manager did, as which program, and what it was granted."""

    calls: set[Call]
    user_agents: set[str]
    grants: set[Grant]


def play(server: ApiServer, directory: Path, namespaces: Sequence[str], *flags: str) -> Played:
    """Plays everything in each of the namespaces, which must exist, and once what is in none."""
    log = audited(server, MANAGER)
    kubeconfig = server.kubeconfig_for(NAMESPACE, SERVICE_ACCOUNT)
    try:
        with ExitStack() as stack:
            cas = {each: stack.enter_context(_a_ca(directory / each)) for each in (*namespaces, NAMESPACE)}
            manager = stack.enter_context(_working(prepared(kubeconfig, directory, *ELECTION, *flags)))
            for namespace in namespaces:
                _a_tenant(Objects(server, namespace), cas[namespace])
            _the_administrator(Objects(server, NAMESPACE), cas[NAMESPACE])
            _an_administrator_who_publishes_roots(Objects(server, NAMESPACE))
            _a_tenant_of_the_administrator(Objects(server, namespaces[0]))
            _a_requester_of_a_tenants_issuer(Objects(server, namespaces[0]))
            for namespace in namespaces:
                _a_pod(Objects(server, namespace), directory / f"{namespace}-webhook")
            _a_reader_of_metrics(manager, kubeconfig)
    except TimeoutError as stuck:
        stuck.add_note(f"refused: {sorted(call for call in calls(log) if not call.allowed)}")
        raise
    return Played(calls(log), user_agents(log), grants(server, NAMESPACE, SERVICE_ACCOUNT))


_working = contextmanager(running)


def _a_tenant(objects: Objects, ca: ESTServer) -> None:
    objects.apply(objects.issuer(url=ca.url, est={}))
    _wait_for_a_series(objects, NAMES.issuer, "issuer")  # its Secret is not there
    with _changed_while_the_ca_is_asked(objects, ca, "cacerts", NAMES.issuer, "issuer"):
        objects.apply(objects.secret(**CREDENTIALS))
    objects.wait_for_reason(NAMES.issuer, "issuer", "Checked")
    objects.apply(objects.request("app", pki.csr(dns=["app.example.com"])))
    with _changed_while_the_ca_is_asked(objects, ca, "simpleenroll", "certificaterequest", "app"):
        objects.approve("app")
    objects.wait_for_reason("certificaterequest", "app", "Issued")


def _the_administrator(objects: Objects, ca: ESTServer) -> None:
    objects.apply(cluster_issuer("est", "credentials", url=ca.url, est={}))
    _wait_for_a_series(objects, NAMES.cluster_issuer, "est")
    with _changed_while_the_ca_is_asked(objects, ca, "cacerts", NAMES.cluster_issuer, "est"):
        objects.apply(objects.secret(**CREDENTIALS), cluster_issuer("demo", "credentials", pods=PODS))
    for name in ("est", "demo"):
        objects.wait_for_reason(NAMES.cluster_issuer, name, "Checked")
        objects.apply(_for_a_day(signing_request(name, pki.csr(dns=[f"{name}.example.com"]), name, USAGES)))
    with _changed_while_the_ca_is_asked(objects, ca, "simpleenroll", "csr", "est"):
        objects.server.kubectl("certificate", "approve", "est", "demo")
    objects.server.kubectl("wait", "--for=jsonpath={.status.certificate}", "--timeout=20s", "csr", "est", "demo")


def _an_administrator_who_publishes_roots(objects: Objects) -> None:
    """A bundle is created, changed in a roll-over, and deleted."""
    bundle = f"clustertrustbundle/{NAMES.cluster_issuers}.{NAMES.group}:roots:roots"
    get = partial(objects.server.kubectl, "get", bundle, "--ignore-not-found", "--output=jsonpath={.spec.trustBundle}")
    published = ""
    for root in (pki.authority("one"), pki.authority("two")):
        objects.apply(objects.secret("root", **{"tls.crt": root.pem.decode(), "tls.key": root.key_pem.decode()}))
        objects.apply(cluster_issuer("roots", "root", ca={}, trustBundle=True))
        published += root.pem.decode()
        wait_until(partial(_is, get, published), SECONDS, f"{bundle} holds the roots")
    objects.apply(cluster_issuer("roots", "root", ca={}))
    wait_until(partial(_is, get, ""), SECONDS, f"{bundle} is gone")


def _is(get: Callable[[], str], wanted: str) -> bool:
    return get() == wanted


def _for_a_day(request: dict[str, Any]) -> dict[str, Any]:
    return request | {"spec": request["spec"] | {"expirationSeconds": 24 * 3600}}


@contextmanager
def _a_ca(directory: Path) -> Iterator[ESTServer]:
    """Only one issuer and one request to that ask it. It outlives the manager, who keeps connections to it."""
    directory.mkdir()
    with in_background(est(directory)) as ca:
        yield ca


def _a_tenant_of_the_administrator(objects: Objects) -> None:
    reference = {"group": NAMES.group, "kind": NAMES.cluster_issuer, "name": "demo"}
    objects.apply(objects.request("by-demo", pki.csr(dns=["app.example.com"]), issuerRef=reference))
    objects.approve("by-demo")
    objects.wait_for_reason("certificaterequest", "by-demo", "Issued")


def _a_requester_of_a_tenants_issuer(objects: Objects) -> None:
    """The administrator, who may reference every issuer."""
    signer = f"{NAMES.issuers}.{NAMES.group}/{objects.namespace}.issuer"
    objects.apply(_for_a_day(signing_request("by-issuer", pki.csr(dns=["app.example.com"]), signer, USAGES)))
    objects.server.kubectl("certificate", "approve", "by-issuer")
    objects.server.kubectl("wait", "--for=jsonpath={.status.certificate}", "--timeout=20s", "csr", "by-issuer")


def _a_pod(objects: Objects, directory: Path) -> None:
    with (
        on_a_node(objects, objects.namespace) as node,
        changed_within_status_writes(objects, KIND, directory) as changed,
    ):
        node.run("demo")

        def is_issued_after_a_conflict() -> bool:
            name = f"app-{uuid4().hex[:8]}"
            node.ask("demo", name=name)
            node.answered("Issued", "Issued", name)
            return name in changed

        wait_until(
            is_issued_after_a_conflict, SECONDS, "the API server asks the webhook, which it has just been told of"
        )


def _a_reader_of_metrics(manager: Manager, kubeconfig: Path) -> None:
    """Who is known and may not: both reviews are asked for."""
    token = yaml.safe_load(kubeconfig.read_text())["users"][0]["user"]["token"]
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    asked = Request(f"{manager.metrics}/metrics", headers={"Authorization": f"Bearer {token}"})
    with pytest.raises(HTTPError) as refusal:
        urlopen(asked, context=context, timeout=10)
    refusal.value.close()
    assert refusal.value.code == 403


@contextmanager
def _changed_while_the_ca_is_asked(
    objects: Objects, ca: ESTServer, operation: str, kind: str, name: str
) -> Iterator[None]:
    """Whatever is done within has the manager ask the CA, whose answer comes when the object is another."""
    held = Held(ca)
    ca.http.handler = held.answer
    yield
    wait_until(lambda: operation in ca.asked, SECONDS, f"the CA is asked for {kind} {name}")
    ca.http.handler = ca.answer
    objects.server.kubectl("annotate", kind, name, "example.com/changed=true", f"--namespace={objects.namespace}")
    held.release()


def _wait_for_a_series(objects: Objects, kind: str, name: str) -> None:
    def is_there() -> bool:
        here = [
            each for each in objects.events(kind, name) if each["metadata"]["namespace"] in (objects.namespace, NOWHERE)
        ]
        return any("series" in event for event in here)

    wait_until(is_there, SECONDS, f"an Event about {kind} {name} comes again")
