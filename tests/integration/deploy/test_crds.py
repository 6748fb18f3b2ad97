"""The CRDs on a real API server: what can never work is refused in words that say what to write instead.

The kinds share one schema (test_manifests.py), so the table runs over the kind of a namespace; the other has one row.
"""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from adapters.kubernetes.issuer_spec import SpecReader
from entrypoints.issuer import NAMES
from tests.integration.deploy.manifests import DEPLOY
from tests.support.cluster.api_server import ApiServer, KubectlFailed
from tests.support.deployed import Deployed
from tests.support.specs import SIGNERS

GOOD = {"url": "https://ca.example.com/v1", "authSecretName": "credentials"}
NO_URL = "must be an absolute http or https URL with a host and without spaces, such as https://ca.example.com/v1"
BAD_PORT = "must have a port from 1 to 65535"
USER_IN_URL = "must not hold a user name or password"
QUERY_IN_URL = "must end before any '?' or '#'; put options into the signer's fields and credentials into the Secret"
NO_SECRET_NAME = "must be the bare name of a Secret: lower case letters, digits, '-' and '.'"
NO_DURATION = "must be a positive duration such as 30s, 10m or 2160h"
NO_LABEL = "must be one path segment of letters, digits and ._~-, and none of EST's own"

RULES = {NO_URL, BAD_PORT, USER_IN_URL, QUERY_IN_URL, NO_SECRET_NAME, NO_LABEL}

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("no secret", {"url": "https://ca.example.com"}, "spec.authSecretName: Required value"),
    ("empty url", {"url": ""}, NO_URL),
    ("bare host", {"url": "ca.example.com"}, NO_URL),
    ("host and port", {"url": "ca.example.com:443"}, NO_URL),
    ("path", {"url": "/v1"}, NO_URL),
    ("other scheme", {"url": "ldap://ca.example.com"}, NO_URL),
    ("file", {"url": "file:///etc/passwd"}, NO_URL),
    ("no host", {"url": "https:///v1"}, NO_URL),
    ("port without host", {"url": "https://:443/v1"}, NO_URL),
    ("space", {"url": "https://ca.example.com/v 1"}, NO_URL),
    ("leading space", {"url": " https://ca.example.com"}, NO_URL),
    ("line break", {"url": "https://ca.example.com\n"}, NO_URL),
    ("letters beyond ASCII", {"url": "https://bücher.example"}, NO_URL),
    ("port zero", {"url": "https://ca.example.com:0"}, BAD_PORT),
    ("port too large", {"url": "https://ca.example.com:65536"}, BAD_PORT),
    ("port beyond any number", {"url": f"https://ca.example.com:{'9' * 30}"}, BAD_PORT),
    ("user", {"url": "https://me@ca.example.com"}, USER_IN_URL),
    ("user and password", {"url": "https://me:canary@ca.example.com/v1"}, USER_IN_URL),
    ("query", {"url": "https://ca.example.com/v1?token=canary"}, QUERY_IN_URL),
    ("fragment", {"url": "https://ca.example.com/v1#top"}, QUERY_IN_URL),
    ("url too long", {"url": f"https://ca.example.com/{'v' * 2048}"}, "spec.url: Too long"),
    ("url no string", {"url": 443}, "spec.url"),
    ("empty secret name", {"authSecretName": ""}, NO_SECRET_NAME),
    ("secret of another namespace", {"authSecretName": "kube-system/credentials"}, NO_SECRET_NAME),
    ("path as secret name", {"authSecretName": "../../kube-system/secrets/x"}, NO_SECRET_NAME),
    ("capitals in secret name", {"authSecretName": "Credentials"}, NO_SECRET_NAME),
    ("underscore in secret name", {"authSecretName": "my_credentials"}, NO_SECRET_NAME),
    ("dot at the end of secret name", {"authSecretName": "credentials."}, NO_SECRET_NAME),
    ("line break in secret name", {"authSecretName": "credentials\n"}, NO_SECRET_NAME),
    ("secret name too long", {"authSecretName": "c" * 254}, "spec.authSecretName: Too long"),
    ("two signers", {"ca": {}, "demo": {}}, "has more than one of demo, ca, stepCA, est, and the one that is there"),
    (
        "url left out by a signer that needs it",
        {"authSecretName": "credentials", "est": {}},
        "spec.url: Required value",
    ),
    ("no provisioner", {"stepCA": {}}, "spec.stepCA.provisioner: Required value"),
    ("empty provisioner", {"stepCA": {"provisioner": ""}}, "spec.stepCA.provisioner"),
    ("duration in days", {"stepCA": {"provisioner": "us", "maxDuration": "90d"}}, NO_DURATION),
    ("negative duration", {"stepCA": {"provisioner": "us", "maxDuration": "-1h"}}, NO_DURATION),
    ("no duration at all", {"stepCA": {"provisioner": "us", "maxDuration": "0s"}}, NO_DURATION),
    ("label of two segments", {"est": {"label": "a/b"}}, NO_LABEL),
    ("label that is an operation", {"est": {"label": "simpleenroll"}}, NO_LABEL),
    ("label too long", {"est": {"label": "x" * 101}}, "spec.est.label: Too long"),
    ("flag as text", {"allowAnnotations": "true"}, "spec.allowAnnotations"),
    ("unknown field of a signer", {"ca": {"profile": "web"}}, 'unknown field "spec.ca.profile"'),
    ("unknown field", {"authSecretNamespace": "kube-system"}, 'unknown field "spec.authSecretNamespace"'),
]

SHARED_FLAGS = ["allowAnnotations", "caDecidesSubjectAndUsages", "caAddsCommonNameAsDNSName"]

ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    ("the least", {}),
    ("http", {"url": "http://ca.example.com"}),
    ("scheme in capitals", {"url": "HTTPS://ca.example.com"}),
    ("port", {"url": "https://ca.example.com:9000/v1/"}),
    ("largest port", {"url": "https://ca.example.com:65535"}),
    ("service of the cluster", {"url": "https://step-ca.step.svc.cluster.local"}),
    ("IPv4", {"url": "https://192.0.2.1:8443/"}),
    ("IPv6", {"url": "https://[2001:db8::1]:8443/est"}),
    ("at sign in the path", {"url": "https://ca.example.com/authority@example.com"}),
    ("dots in the secret name", {"authSecretName": "credentials.v2"}),
    ("longest secret name", {"authSecretName": "c" * 253}),
    ("the default signer by its name", {"demo": {}}),
    ("a signer without fields", {"ca": {}}),
    ("step-ca", {"stepCA": {"provisioner": "us", "maxDuration": "1h30m"}}),
    ("EST", {"est": {"label": "devices"}}),
    ("EST without a label", {"est": {}}),
    ("what every signer shares", dict.fromkeys(SHARED_FLAGS, True)),
]


@pytest.fixture(scope="module")
def cluster(deployed: Deployed) -> ApiServer:
    return deployed.server


@pytest.fixture(scope="module")
def namespace(cluster: ApiServer) -> Iterator[str]:
    with cluster.namespace("test-crds") as name:
        yield name


@pytest.mark.parametrize(("spec", "words"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED])
def test_what_can_never_work_is_refused(cluster: ApiServer, namespace: str, spec: dict[str, Any], words: str) -> None:
    complete = spec if words.endswith("Required value") else GOOD | spec

    with pytest.raises(KubectlFailed) as refusal:
        cluster.kubectl("create", "--filename=-", stdin=_issuer(namespace, complete))
    assert words in str(refusal.value)
    assert "evaluation error" not in str(refusal.value)


@pytest.mark.parametrize("spec", [pytest.param(row[1], id=row[0]) for row in ACCEPTED])
def test_what_may_work_is_accepted(cluster: ApiServer, namespace: str, spec: dict[str, Any]) -> None:
    cluster.kubectl("create", "--dry-run=server", "--filename=-", stdin=_issuer(namespace, GOOD | spec))


def test_a_cluster_issuer_is_held_to_the_same(cluster: ApiServer) -> None:
    with pytest.raises(KubectlFailed) as refusal:
        cluster.kubectl("create", "--filename=-", stdin=_issuer(None, GOOD | {"url": "ca.example.com"}))
    assert NO_URL in str(refusal.value)
    cluster.kubectl("create", "--dry-run=server", "--filename=-", stdin=_issuer(None, GOOD))


def test_an_issuer_needs_a_spec(cluster: ApiServer, namespace: str) -> None:
    with pytest.raises(KubectlFailed, match="spec: Required value"):
        cluster.kubectl("create", "--filename=-", stdin=_issuer(namespace, None))


def test_without_a_url_the_seed_s_own_fields_suffice(cluster: ApiServer, namespace: str) -> None:
    spec = {"authSecretName": "credentials"}
    created = cluster.kubectl(
        "create", "--dry-run=server", "--output=json", "--filename=-", stdin=_issuer(namespace, spec)
    )
    assert json.loads(created)["spec"] == spec


def test_issuers_are_selected_by_their_secret_and_url(cluster: ApiServer, namespace: str) -> None:
    cluster.kubectl("create", "--filename=-", stdin=_issuer(namespace, GOOD | {"authSecretName": "mine"}, name="mine"))
    cluster.kubectl("create", "--filename=-", stdin=_issuer(namespace, GOOD, name="other"))
    get = ("get", NAMES.short_name, f"--namespace={namespace}", "--output=name")

    assert cluster.kubectl(*get, "--field-selector=spec.authSecretName=mine").split("/")[1:] == ["mine\n"]
    assert "/other" in cluster.kubectl(*get, f"--field-selector=spec.url={GOOD['url']}")


def test_issuers_are_selected_by_the_signer_in_their_status(cluster: ApiServer, namespace: str) -> None:
    for signer in ("demo", "ca"):
        cluster.kubectl("create", "--filename=-", stdin=_issuer(namespace, GOOD | {signer: {}}, name=f"of-{signer}"))
        _patch_status(cluster, f"of-{signer}", namespace, signer=signer)
    get = ("get", NAMES.short_name, f"--namespace={namespace}", "--output=name")

    assert cluster.kubectl(*get, "--field-selector=status.signer=ca").split("/")[1:] == ["of-ca\n"]
    assert "/of-ca" not in cluster.kubectl(*get, "--field-selector=status.signer=demo")


@pytest.mark.parametrize("row", [pytest.param(row, id=row[0]) for row in REFUSED if row[2] not in RULES])
def test_the_demo_and_the_manager_refuse_the_same(row: tuple[str, dict[str, Any], str]) -> None:
    """By the type that the CRD is generated from. Rules in CEL are the API server's alone."""
    _, spec, words = row
    complete = spec if words.endswith("Required value") else GOOD | spec
    read = SpecReader(SIGNERS, NAMES.default_signer).read(complete, "team-a", of_cluster=False)
    assert read.problem.startswith("spec")


def test_get_shows_whether_it_is_ready_and_why(cluster: ApiServer, namespace: str) -> None:
    here = f"--namespace={namespace}"
    cluster.kubectl("create", "--filename=-", stdin=_issuer(namespace, GOOD, name="shown"))
    ready = {
        "type": "Ready",
        "status": "False",
        "reason": "Pending",
        "message": "Temporary error",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
        "observedGeneration": 1,
    }
    _patch_status(cluster, "shown", namespace, conditions=[ready], signer="demo")

    get = ("get", NAMES.short_name, "shown", here)
    head, row = cluster.kubectl(*get).splitlines()
    assert head.split() == ["NAME", "READY", "REASON", "SIGNER", "AGE"]
    assert row.split()[:4] == ["shown", "False", "Pending", "demo"]
    head, row = cluster.kubectl(*get, "--output=wide").splitlines()
    assert head.split() == ["NAME", "READY", "REASON", "SIGNER", "MESSAGE", "AGE"]
    assert row.split()[4:6] == ["Temporary", "error"]
    assert cluster.kubectl("get", "cert-manager", here, "--output=name").count("/shown") == 1


def test_a_status_is_written_by_its_subresource_alone(cluster: ApiServer, namespace: str) -> None:
    manifest = json.loads(_issuer(namespace, GOOD, name="statusless")) | {"status": {"signer": "mine"}}
    created = cluster.kubectl("create", "--output=json", "--filename=-", stdin=json.dumps(manifest))
    assert json.loads(created)["status"] == {"observedGeneration": -1}  # the CRD's default, and not what was sent


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "Maybe"}, 'Unsupported value: "Maybe"'),
        ({"reason": "two words"}, "conditions[0].reason"),
        ({"reason": ""}, "conditions[0].reason"),
        ({"lastTransitionTime": "yesterday"}, "conditions[0].lastTransitionTime"),
        ({"lastTransitionTime": None}, "conditions[0].lastTransitionTime: Required value"),
        ({"observedGeneration": -1}, "conditions[0].observedGeneration"),
        ({"type": "not ready"}, "conditions[0].type"),
    ],
)
def test_a_condition_is_well_formed(cluster: ApiServer, namespace: str, change: dict[str, Any], words: str) -> None:
    name = f"condition-{uuid4().hex[:8]}"
    cluster.kubectl("create", "--filename=-", stdin=_issuer(namespace, GOOD, name=name))
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Checked",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    condition = {key: value for key, value in (ready | change).items() if value is not None}

    with pytest.raises(KubectlFailed) as refusal:
        _patch_status(cluster, name, namespace, conditions=[condition])
    assert words in str(refusal.value)


@pytest.mark.parametrize("kind", [kind.lower() for kind in NAMES.kinds])
def test_explain_has_a_word_on_every_field(cluster: ApiServer, kind: str) -> None:
    for field in (
        "url",
        "authSecretName",
        *SHARED_FLAGS,
        "demo",
        "ca",
        "stepCA.provisioner",
        "stepCA.maxDuration",
        "est.label",
    ):
        explained = cluster.kubectl("explain", f"{kind}.spec.{field}")
        assert "<empty>" not in explained
        assert "DESCRIPTION:" in explained


def test_an_installation_passes_admission(cluster: ApiServer) -> None:
    answer = cluster.kubectl("apply", "--dry-run=server", "--warnings-as-errors", "-k", str(DEPLOY / "default"))

    assert f"deployment.apps/{NAMES.controller}-controller-manager" in answer


def test_the_samples_pass_admission(cluster: ApiServer) -> None:
    answer = cluster.kubectl("apply", "--dry-run=server", "--warnings-as-errors", "-k", str(DEPLOY / "samples"))

    assert len(answer.splitlines()) == 8


def test_the_sample_pods_pass_admission(cluster: ApiServer) -> None:
    pods = DEPLOY / "samples" / "pod-by-cluster-issuer.yaml"
    try:
        answer = cluster.kubectl(
            "apply", "--warnings-as-errors", f"--filename={pods}"
        )  # a dry run has no ServiceAccount
        assert len(answer.splitlines()) == 3
    finally:
        cluster.kubectl("delete", "--ignore-not-found", "--force", "--grace-period=0", f"--filename={pods}")


def _issuer(namespace: str | None, spec: dict[str, Any] | None, name: str | None = None) -> str:
    """As JSON, which is YAML too; a cluster issuer where there is no namespace."""
    place = {"namespace": namespace} if namespace else {}
    manifest = {
        "apiVersion": f"{NAMES.group}/{NAMES.version}",
        "kind": NAMES.issuer if namespace else NAMES.cluster_issuer,
        "metadata": {"name": name or f"test-{uuid4().hex[:8]}", **place},
    }
    return json.dumps(manifest if spec is None else manifest | {"spec": spec})


def _patch_status(cluster: ApiServer, name: str, namespace: str, **status: Any) -> None:
    patch = json.dumps({"status": status})
    cluster.kubectl(
        "patch",
        NAMES.issuer,
        name,
        f"--namespace={namespace}",
        "--subresource=status",
        "--type=merge",
        f"--patch={patch}",
    )
