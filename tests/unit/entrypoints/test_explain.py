"""The command `explain`: every message that `decide` and `settle` make is explained, and no error is a traceback."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain import answers
from domain.bundle_reasons import BundleReason
from domain.conditions import Table, message
from domain.effects import Effects, Event
from domain.model import ObjectKey
from domain.reasons import CONDITION_TYPES, STALLED, TRUST_BUNDLE, IssuerReason, Reason, RequestReason
from entrypoints.issuer import NAMES, NAMESPACE
from tests.support import readme
from tests.support.factories import a_request
from tests.support.specs import codec
from tests.unit.entrypoints.command import Result, Run
from tests.unit.entrypoints.courses import COURSES, CR, CSR, HANDLE, NEVER_OF, PCR

ROWS: list[tuple[Table, Reason]] = [
    *((IssuerReason, each.value) for each in IssuerReason),
    *((RequestReason, each.value) for each in RequestReason),
]
BUNDLE_ROWS: list[tuple[Table, Reason]] = [(BundleReason, each.value) for each in BundleReason]
OURS = f"{NAMES.group}/{NAMES.version}"
KUBERNETES = "certificates.k8s.io/v1"
API = {NAMES.issuer: OURS, NAMES.cluster_issuer: OURS, CR: "cert-manager.io/v1", CSR: KUBERNETES, PCR: KUBERNETES}
SPEC: dict[str, dict[str, Any]] = {
    NAMES.issuer: {"url": "https://ca", "authSecretName": "s"},
    NAMES.cluster_issuer: {"url": "https://ca", "authSecretName": "s"},
    CR: {"request": "YQ==", "issuerRef": {"group": NAMES.group, "kind": NAMES.issuer, "name": "ca"}},
    CSR: {"request": "YQ==", "signerName": f"{NAMES.cluster_issuers}.{NAMES.group}/ca"},
    PCR: {"stubPKCS10Request": "YQ==", "signerName": f"{NAMES.cluster_issuers}.{NAMES.group}/ca"},
}
APPROVED = {"type": "Approved", "status": "True", "reason": "cert-manager.io", "message": "approved by a policy"}


def an_object(kind: str, *conditions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    metadata = {"name": "web", "generation": 1} | ({} if kind == CSR else {"namespace": "team-a"})
    status = {"conditions": list(conditions)}
    return {"apiVersion": API[kind], "kind": kind, "metadata": metadata, "spec": SPEC[kind], "status": status} | changes


def a_condition(reason: str, text: str, status: str = "False", kind: str = "Ready") -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": text, "observedGeneration": 1}


def an_event(event: Event, *, core: bool) -> dict[str, Any]:
    """As the recorder writes it, or as kubectl prints it."""
    about = {"kind": event.regarding.kind, "namespace": event.regarding.namespace, "name": event.regarding.name}
    told = {"kind": "Event", "metadata": {"name": "e"}, "type": event.type, "reason": event.reason}
    if core:
        about_it = {"involvedObject": about, "message": event.note, "reportingComponent": NAMES.controller}
        return told | about_it | {"apiVersion": "v1"}
    about_it = {"regarding": about, "note": event.note, "reportingController": NAMES.controller}
    return told | about_it | {"apiVersion": "events.k8s.io/v1"}


@pytest.fixture
def explain(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `explain -` on these objects, in YAML, or on bytes."""

    def explain(*objects: dict[str, Any] | bytes) -> Result:
        content = b"".join(
            each if isinstance(each, bytes) else f"---\n{yaml.safe_dump(each)}".encode() for each in objects
        )
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        return run("explain", "-")

    return explain


def words(text: str) -> str:
    return " ".join(text.split())


def explains(result: Result, wanted: Reason) -> bool:
    """Whether exactly this row is what the result tells."""
    assert (result.status, result.err) == (0, "")
    said = words(result.out)
    return words(f"means: {wanted.means} decided by: {wanted.rule} what to do: {wanted.remedy}") in said and (
        said.count("decided by: ") == 1
    )


@pytest.mark.parametrize("reason", sorted({news.reason for _, news in (*ROWS, *BUNDLE_ROWS)}))
def test_a_reason_is_explained_by_each_of_its_rows(reason: str, run: Run) -> None:
    for spelt in (reason, reason.lower()):
        result = run("explain", spelt)
        assert (result.status, result.err) == (0, "")
        said, told = words(result.out), [news for _, news in (*ROWS, *BUNDLE_ROWS) if news.reason == reason]
        assert said.count("what to do: ") == len(told)
        for news in told:
            assert words(f"message: {news.message} means: {news.means} decided by: {news.rule}") in said
            assert words(f"what to do: {news.remedy}") in said


def test_a_reason_is_said_to_be_of_the_kinds_that_can_have_it(run: Run) -> None:
    for reason in RequestReason:
        block = next(
            each for each in run("explain", reason.value.reason).out.split("\n\n") if is_of(each, reason.value)
        )
        kinds = block.splitlines()[0].split(", of ")[1].split(" or ")
        assert (PCR in kinds) == (reason not in NEVER_OF[PCR]), block
        assert (CR in kinds) == (not reason.value.denies_pod), block
    assert f"{PCR}\n    seen in:    condition Denied=True of a {PCR}; Events" in run("explain", "SignerNotServed").out


def is_of(block: str, news: Reason) -> bool:
    return f" of {NAMES.issuer}" not in block and f"message:    {news.message}\n" in block


@pytest.mark.parametrize(("table", "news"), ROWS, ids=[f"{table.__name__}: {news.message}" for table, news in ROWS])
def test_a_condition_is_explained_by_its_reason_and_message(table: Table, news: Reason, explain: Run) -> None:
    text = message(news, why=f"{IssuerReason.CHECK_FAILED.value.message} \n {'x' * 2000}", retried="10m")
    kind = NAMES.issuer if table is IssuerReason else CR
    result = explain(an_object(kind, a_condition(news.reason, text)))
    assert explains(result, news)
    assert f"{kind} team-a/web\n  Ready=False, reason {news.reason}\n    message:    {text}\n" in result.out


@pytest.mark.parametrize(
    ("news", "kind", "effects"), COURSES, ids=[f"{kind}: {news.message}" for news, kind, _ in COURSES]
)
def test_what_the_controller_writes_is_explained(news: Reason, kind: str, effects: Effects, explain: Run) -> None:
    assert effects.event is not None
    for core in (True, False):
        assert explains(explain(an_event(effects.event, core=core)), news)
    if kind == PCR and (about_pod := answers.on_pod(a_request(PCR), effects)):
        told = explain(an_event(about_pod, core=True))
        assert explains(told, news)
        assert told.out.startswith("Event about Pod team-a/web-0\n")
    if effects.patch is None:
        return
    status = codec(NAMESPACE).status(effects.patch.status)
    approved = [] if kind == PCR else [APPROVED]
    status["conditions"] = [*approved, *status.get("conditions", [])]
    told = explain(an_object(kind, status=status))
    assert HANDLE not in told.out
    if kind == CSR and news is RequestReason.ORDERED.value:
        assert "the CA has taken the order" in told.out
    else:
        assert explains(told, news)


@pytest.mark.parametrize("news", [news for _, news in BUNDLE_ROWS], ids=lambda news: news.reason)
def test_the_condition_of_a_bundle_is_explained_beside_ready_and_in_events(news: Reason, explain: Run) -> None:
    text, ready = message(news, why="it"), a_condition("Checked", "Success", "True")
    told = f"means: {news.means} decided by: {news.rule} what to do: {news.remedy}"
    bundle = a_condition(news.reason, text, news.ready or "", TRUST_BUNDLE)
    result = explain(an_object(NAMES.cluster_issuer, ready, bundle))
    assert f"TrustBundle={news.ready}, reason {news.reason} message: {text} {words(told)}" in words(result.out)
    event = Event(ObjectKey(NAMES.cluster_issuer, "", "web"), "uid", news.event_type, news.reason, "Publish", text)
    assert explains(explain(an_event(event, core=True)), news)
    result = explain(an_object(NAMES.cluster_issuer, ready, bundle | {"message": "of another version"}))
    assert f"seen in: condition TrustBundle={news.ready}; Events of type" in words(result.out)


def test_stalled_is_explained_beside_the_condition_that_says_why(explain: Run) -> None:
    text = message(IssuerReason.BROKEN.value, why="no such profile")
    result = explain(
        an_object(NAMES.issuer, a_condition("Failed", text), a_condition("Failed", text, "True", "Stalled"))
    )
    assert explains(result, IssuerReason.BROKEN.value)
    assert words(f"Stalled=True, reason Failed means: {CONDITION_TYPES[STALLED]}.") in words(result.out)


def test_an_unapproved_request_is_told_which_right_is_missing(explain: Run) -> None:
    for kind, plural in ((CR, NAMES.issuers), (CSR, NAMES.cluster_issuers)):
        result = explain(an_object(kind))
        assert explains(result, RequestReason.UNAPPROVED.value)
        assert f"{plural}.{NAMES.group}/*" in result.out


@pytest.mark.parametrize(
    ("obj", "wanted"),
    [
        (an_object(NAMES.cluster_issuer), "no manager works on it"),
        (an_object(CR, APPROVED), "no manager works on it"),
        (an_object(CSR, APPROVED), "Explain its Events"),
        (an_object(PCR), "Explain its Events"),
        (an_object(PCR), "kubectl get events --namespace=team-a --output=yaml | "),
        (an_object(PCR, metadata={"deletionTimestamp": "2030-01-01T00:00:00Z"}), "being deleted"),
        (an_object(PCR, a_condition("Old", "old words", "True", "Denied")), "no message of this version begins so"),
        (an_object(CSR, a_condition("", "", "True", "Denied")), "Ask the approver"),
        (an_object(CSR, a_condition("", "", "True", "Denied")), "An approver has denied the request."),
        (an_object(CR, a_condition("", "", "True", "Issued")), "does not write this condition"),
        (an_object(CR, a_condition("Bad", "usages", "True", "InvalidRequest")), "does nothing with such a request"),
        (an_object(CSR, spec={"signerName": f"{NAMES.issuers}.{NAMES.group}/ca"}), "No issuer can sign this request"),
        (
            an_object(NAMES.issuer, a_condition("Checked", "Success", "True") | {"observedGeneration": 0}),
            "older than the spec",
        ),
        (an_object(NAMES.issuer, metadata={"deletionTimestamp": "2030-01-01T00:00:00Z"}), "being deleted"),
        (an_object(CR, metadata={"deletionTimestamp": "2030-01-01T00:00:00Z"}), "being deleted"),
        (an_object(CR, APPROVED, a_condition("Pending", "old words")), "This version has the reason Pending for:"),
        (an_object(NAMES.issuer, a_condition("Odd", "secret words", kind="Theirs")), "does not write this condition"),
    ],
)
def test_what_no_message_says_is_explained_too(obj: dict[str, Any], wanted: str, explain: Run) -> None:
    result = explain(obj)
    assert (result.status, result.err) == (0, "")
    assert wanted in words(result.out)
    assert "secret words" not in result.out


SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": "secret words"}}
FOREIGN = [
    (SECRET, "Secret s: not an object of"),
    (an_object(CR, spec={"issuerRef": {"group": "other.example", "name": "ca"}}), "group is 'other.example'"),
    (an_object(CSR, spec={"signerName": "other.example/ca"}), "signerName is 'other.example/ca'"),
    (an_object(PCR, spec={"signerName": "other.example/ca"}), "signerName is 'other.example/ca'"),
    (an_object(PCR, spec=None), "signerName is ''"),
    ({"apiVersion": "v1", "kind": "Event", "reportingComponent": "kubelet", "message": "secret words"}, "'kubelet'"),
    (
        {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "web", "namespace": "a"}},
        "kubectl get certificaterequests --namespace=a",
    ),
    ({"apiVersion": "other/v1", "kind": NAMES.issuer, "metadata": {"name": "x"}}, "not an object of"),
]


@pytest.mark.parametrize(("obj", "wanted"), FOREIGN)
def test_an_object_of_another_controller_is_named_and_not_shown(obj: dict[str, Any], wanted: str, explain: Run) -> None:
    result = explain(obj)
    assert (result.status, result.err) == (0, "")
    assert wanted in words(result.out)
    assert f"not an object of {NAMES.controller}" in result.out
    assert "secret words" not in result.out


def test_documents_lists_and_json_are_read_from_a_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "objects"
    items = {"apiVersion": "v1", "kind": "List", "items": [an_object(CR), an_object(CSR)]}
    file.write_text(f"{json.dumps(items, indent=4)}\n---\n{yaml.safe_dump(an_object(NAMES.issuer))}")
    result = run("explain", file)
    heads = [block.splitlines()[0] for block in result.out.split("\n\n")]
    assert heads == [f"{CR} team-a/web", f"{CSR} web", f"{NAMES.issuer} team-a/web"]


def test_tenants_forge_no_line_and_no_colour(explain: Run) -> None:
    evil = "a\nSecret s: shown\x1b[2K\u202e"
    pending = a_condition("Pending" + evil, "Waiting for the issuer: " + evil, "False" + evil)
    for obj in (
        an_object(CR, pending, pending | {"type": evil}, metadata={"name": evil, "namespace": evil}),
        an_object(CR, spec={"issuerRef": {"group": evil, "name": evil}}),
        {"apiVersion": "v1", "kind": "Event", "reason": evil, "type": evil, "reportingComponent": NAMES.controller}
        | {"involvedObject": {"kind": evil, "name": evil}},
        {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"namespace": evil}},
        {"apiVersion": evil, "kind": evil, "metadata": {"name": evil}},
    ):
        result = explain(obj)
        assert result.status == 0
        assert not any(line.startswith("Secret") for line in result.out.splitlines())
        assert all(line.isprintable() for line in result.out.splitlines())


@pytest.mark.parametrize(
    ("what", "wanted"),
    [
        ("Pendng", "Did you mean Pending? The reasons are Checked, Denied, "),
        ("a\nb", "'a\\nb' is no reason and no file. The reasons are "),
        ("no/such", "'no/such': no such file"),
        ("missing.yaml", "'missing.yaml': no such file"),
    ],
)
def test_what_is_no_reason_and_no_file_is_a_wrong_command_line(what: str, wanted: str, run: Run) -> None:
    result = run("explain", what)
    assert (result.status, result.out) == (2, "")
    assert wanted in result.error


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", "standard input: no objects; give it what kubectl get"),
        (b"apiVersion: v1\nkind: List\nitems: []\n", "standard input: no objects"),
        (b"a: [", "standard input, line 1: not YAML"),
        (b"\xff\xfe\x00", "standard input: cannot be read"),
        (b"[" * 5000, "standard input: cannot be read"),
        (b"just words", "standard input, document 1: kind: missing"),
        (yaml.safe_dump(an_object(CR, spec={"request": 7})).encode(), f"document 1, {CR}: spec.request: "),
        (b"apiVersion: v1\nkind: List\nitems: 7\n", "items: want a list of objects"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(content: bytes, wanted: str, explain: Run) -> None:
    result = explain(content)
    assert (result.status, result.out) == (1, "")
    assert wanted in result.error


def test_the_readme_shows_what_is_printed(explain: Run) -> None:
    approved = APPROVED | {"message": "Certificate request has been approved by cert-manager.io"}
    waiting = message(RequestReason.WAITING.value, why=f"{NAMES.issuer} team-a/my-issuer is not Ready")
    metadata = {"name": "web-1", "namespace": "team-a"}
    result = explain(an_object(CR, approved, a_condition("Pending", waiting), metadata=metadata))
    assert f"explain -\n{result.out}```\n" in readme.section("deploy/README.md", "### Explain a reason")


def test_a_folder_is_no_file(run: Run, tmp_path: Path) -> None:
    result = run("explain", tmp_path)
    assert result.status == 1
    assert "cannot be read" in result.error
