"""The pods themselves: how they are held, who reads their metrics, what their logs keep to themselves."""

from __future__ import annotations

import base64
import json

import pytest

from entrypoints.issuer import NAMES
from tests.e2e.conftest import namespace as namespace
from tests.e2e.objects import Objects
from tests.e2e.test_metrics import test_who_may_read_them_does_and_others_do_not as test_who_may_read_metrics
from tests.e2e.test_metrics import tokens as tokens
from tests.k3s.conftest import IMAGE
from tests.k3s.pods import Pods
from tests.support import pki
from tests.support.cluster.api_server import KubectlFailed

__all__ = ["namespace", "test_who_may_read_metrics", "tokens"]

CANARY = "canary-7f3a91c0"


def test_two_run_the_image_and_none_has_restarted(pods: Pods) -> None:
    assert list(pods.restarts().values()) == [0, 0]
    assert {container["image"] for pod in pods.all() for container in pod["spec"]["containers"]} == {IMAGE}


def test_their_namespace_takes_no_pod_that_is_not_restricted(pods: Pods) -> None:
    with pytest.raises(KubectlFailed, match='violates PodSecurity "restricted'):
        pods.kubectl("run", "loose", f"--image={IMAGE}", "--dry-run=server")


def test_a_credential_is_in_no_log_of_theirs(pods: Pods, namespace: str) -> None:
    objects = Objects(pods.server, namespace)
    ca = pki.authority("logged nowhere")
    secret = objects.secret("ca", **{"tls.crt": ca.pem.decode(), "tls.key": ca.key_pem.decode(), "password": CANARY})
    objects.apply(secret, objects.issuer("kept", "ca", ca={}), objects.request("app", pki.csr(), "kept"))
    objects.wait_for_reason("certificaterequest", "app", "Issued")
    objects.apply(objects.secret(), objects.issuer())  # by the demo CA
    objects.wait_for_reason(NAMES.issuer, "issuer", "Checked")
    broken = objects.secret("broken", **{"tls.crt": CANARY, "tls.key": CANARY})
    objects.apply(broken, objects.issuer("broken", "broken", ca={}))
    objects.wait_for_reason(NAMES.issuer, "broken", "Failed")
    told = json.dumps([objects.get(NAMES.issuer, "broken"), objects.events(NAMES.issuer, "broken")])
    logs = pods.logs()
    assert f"{namespace}/broken" in logs, "these are the logs of the pod that worked"
    for credential in (CANARY, base64.b64encode(CANARY.encode()).decode(), *ca.key_pem.decode().splitlines()[1:-1]):
        assert credential not in logs + told
    assert demo_key(pods) not in logs


def demo_key(pods: Pods) -> str:
    """A line of the demo CA's key, which the manager has made itself."""
    listed = json.loads(pods.kubectl("get", "secrets", "--output=json"))["items"]
    (key,) = [each["data"]["tls.key"] for each in listed if each["metadata"]["name"] == f"{NAMES.controller}-demo-ca"]
    return base64.b64decode(key).decode().splitlines()[1]
