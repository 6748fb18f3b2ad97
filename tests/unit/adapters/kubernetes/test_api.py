"""What goes over the wire.

To the letter, for what an API server makes of a request is decided by its URL, its content type and its query:
a forgotten `force` fails only where somebody else has written, a forgotten Accept only where there are many Secrets.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx2
import pytest

from adapters.kubernetes.api import Api
from adapters.kubernetes.schema import EVENTS, SECRET_VERSIONS, SECRETS, Resource
from domain.errors import Transient
from entrypoints.issuer import NAMES
from tests.unit.adapters.kubernetes.wire import (
    CANARY,
    CLUSTER_ISSUERS,
    ISSUERS,
    REQUESTS,
    RESOURCES,
    SIGNING_REQUESTS,
    Wire,
    answering,
    body_of,
)

OURS = f"/apis/{NAMES.group}/{NAMES.version}"
STATUS = {"conditions": [{"type": "Ready", "status": "True"}]}
APPLIED = [
    (ISSUERS, "team-a", f"{OURS}/namespaces/team-a/{NAMES.issuers}/x/status"),
    (CLUSTER_ISSUERS, "", f"{OURS}/{NAMES.cluster_issuers}/x/status"),
    (REQUESTS, "team-a", "/apis/cert-manager.io/v1/namespaces/team-a/certificaterequests/x/status"),
    (SIGNING_REQUESTS, "", "/apis/certificates.k8s.io/v1/certificatesigningrequests/x/status"),
]


@pytest.mark.parametrize(("resource", "namespace", "path"), APPLIED)
async def test_a_status_is_applied_by_force_as_our_field_manager(resource: Resource, namespace: str, path: str) -> None:
    wire = answering()
    await wire.api.apply_status(resource, namespace, "x", "7", STATUS)
    sent = wire.only
    assert (sent.method, sent.url.path) == ("PATCH", path)
    assert dict(sent.url.params) == {"fieldManager": "tester", "force": "true"}
    assert sent.headers["Content-Type"] == "application/apply-patch+yaml"
    assert sent.headers["Authorization"] == f"Bearer {CANARY}"


@pytest.mark.parametrize(("resource", "namespace", "path"), APPLIED)
async def test_the_body_of_a_status_is_built_from_scratch_and_fenced(
    resource: Resource, namespace: str, path: str
) -> None:
    wire = answering()
    await wire.api.apply_status(resource, namespace, "x", "7", STATUS)
    where = {"namespace": namespace} if namespace else {}
    assert body_of(wire.only) == {
        "apiVersion": "/".join(path.split("/")[2:4]),
        "kind": resource.kind,
        "metadata": {"name": "x", "resourceVersion": "7", **where},
        "status": STATUS,
    }


async def test_a_csr_goes_by_its_own_name_in_the_body_and_escaped_in_the_url() -> None:
    wire = answering()
    await wire.api.apply_status(SIGNING_REQUESTS, "", "a?b: C", "7", {})
    assert body_of(wire.only)["metadata"]["name"] == "a?b: C"
    path = b"/apis/certificates.k8s.io/v1/certificatesigningrequests/a%3Fb%3A%20C/status?"
    assert wire.only.url.raw_path.startswith(path)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("\x85", b"\\u0085"),
        ("\u2028\u2029", b"\\u2028\\u2029"),
        ("\x7f\x80\x9f\ufeff\uffff", b"\\u007f\\u0080\\u009f\\ufeff\\uffff"),
        ("\n\x00", b"\\n\\u0000"),
        ("ü€", b"\\u00fc\\u20ac"),
        ("\U0001f510", "\U0001f510".encode()),  # YAML knows no surrogate pairs
    ],
    ids=ascii,
)
async def test_what_is_applied_holds_no_character_that_yaml_reads_in_its_own_way(text: str, sent: bytes) -> None:
    wire = answering()
    status = {"conditions": [{"message": text}]}
    await wire.api.apply_status(SIGNING_REQUESTS, "", f"a{text}b", "7", status)
    assert b'"name":"a%sb"' % sent in wire.only.content
    assert b'"message":"%s"' % sent in wire.only.content
    assert body_of(wire.only)["status"] == status


async def test_the_answer_to_a_status_is_the_object_as_it_is_now() -> None:
    answer = {"kind": NAMES.issuer, "metadata": {"name": "x", "resourceVersion": "8"}, "status": STATUS}
    told = await answering(answer).api.apply_status(ISSUERS, "team-a", "x", "7", STATUS)
    assert isinstance(told, ISSUERS.status)
    assert (told.metadata.resourceVersion, told.status.conditions[0].type) == ("8", "Ready")


async def test_an_object_is_created_as_given() -> None:
    wire = answering()
    body = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "x", "namespace": "team-a"},
        "note": "n",
    }
    await wire.api.create(EVENTS, "team-a", body)
    sent = wire.only
    assert (sent.method, sent.url.path) == ("POST", "/apis/events.k8s.io/v1/namespaces/team-a/events")
    assert sent.headers["Content-Type"] == "application/json"
    assert body_of(sent) == body


async def test_a_patch_is_merged() -> None:
    wire = answering()
    await wire.api.merge(EVENTS, "team-a", "x", {"series": {"count": 2}})
    sent = wire.only
    assert (sent.method, sent.url.path) == ("PATCH", "/apis/events.k8s.io/v1/namespaces/team-a/events/x")
    assert sent.headers["Content-Type"] == "application/merge-patch+json"
    assert body_of(sent) == {"series": {"count": 2}}


async def test_a_secret_is_read_by_its_name_alone() -> None:
    wire = answering({"metadata": {"name": "x", "resourceVersion": "7"}, "data": {"token": "YWJj"}})
    told = await wire.api.get(SECRETS, "team-a", "x")
    assert (wire.only.method, str(wire.only.url)) == (
        "GET",
        "https://api.example.com/api/v1/namespaces/team-a/secrets/x",
    )
    assert (told.data, told.metadata.resourceVersion) == ({"token": b"abc"}, "7")


LISTED = {
    "Secret": "/api/v1/secrets",
    NAMES.issuer: f"{OURS}/{NAMES.issuers}",
    NAMES.cluster_issuer: f"{OURS}/{NAMES.cluster_issuers}",
    "CertificateRequest": "/apis/cert-manager.io/v1/certificaterequests",
    "CertificateSigningRequest": "/apis/certificates.k8s.io/v1/certificatesigningrequests",
}


@pytest.mark.parametrize("kind", LISTED)
async def test_a_list_is_of_all_namespaces_in_pages(kind: str) -> None:
    wire = Wire(lambda _: httpx2.Response(200, content=b"as it came"))
    assert await wire.api.list_page(RESOURCES[kind], limit=9, token=None, metadata_only=False) == b"as it came"
    await wire.api.list_page(RESOURCES[kind], limit=9, token="a/b+c=", metadata_only=False)
    first, second = wire.asked
    assert (first.method, first.url.path, dict(first.url.params)) == ("GET", LISTED[kind], {"limit": "9"})
    assert dict(second.url.params) == {"limit": "9", "continue": "a/b+c="}


@pytest.mark.parametrize("kind", LISTED)
async def test_a_watch_is_of_all_namespaces_with_bookmarks_and_an_end(kind: str) -> None:
    wire = Wire(lambda _: httpx2.Response(200, content=b"as it came"))
    async with wire.api.watch(RESOURCES[kind], resource_version="7", seconds=250, metadata_only=False) as chunks:
        assert b"".join([chunk async for chunk in chunks]) == b"as it came"
    assert (wire.only.method, wire.only.url.path) == ("GET", LISTED[kind])
    assert dict(wire.only.url.params) == {
        "watch": "true",
        "resourceVersion": "7",
        "timeoutSeconds": "250",
        "allowWatchBookmarks": "true",
    }


async def test_a_silent_watch_ends_after_the_bookmark_that_comes_every_minute_and_soon() -> None:
    wire = Wire(lambda _: httpx2.Response(200))
    async with wire.api.watch(REQUESTS, resource_version="7", seconds=250, metadata_only=False):
        limits = wire.only.extensions["timeout"]
    assert 61.25 < limits["read"] <= 90
    assert 0 < limits["connect"] <= 30


async def test_a_watch_that_the_server_takes_and_does_not_answer_fails_at_the_deadline() -> None:
    async def never(request: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    wire = Wire(never)
    api = Api(wire.client, "tester", deadline=timedelta(milliseconds=1))
    with pytest.raises(Transient, match="did not answer in time"):
        async with api.watch(REQUESTS, resource_version="7", seconds=250, metadata_only=False):
            pytest.fail("there was no answer")


async def test_of_secrets_only_the_metadata_is_asked_for() -> None:
    wire = Wire(lambda _: httpx2.Response(200))
    await wire.api.list_page(SECRET_VERSIONS, limit=9, token=None, metadata_only=True)
    async with wire.api.watch(SECRET_VERSIONS, resource_version="7", seconds=250, metadata_only=True):
        listed, watched = (request.headers["Accept"] for request in wire.asked)
    assert listed == "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    assert watched == "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


async def test_of_the_others_the_whole_is_asked_for() -> None:
    wire = Wire(lambda _: httpx2.Response(200))
    await wire.api.list_page(REQUESTS, limit=9, token=None, metadata_only=False)
    async with wire.api.watch(REQUESTS, resource_version="7", seconds=250, metadata_only=False):
        assert not any("PartialObjectMetadata" in request.headers["Accept"] for request in wire.asked)


async def test_no_redirect_is_followed_for_it_would_take_the_token_along() -> None:
    wire = Wire(lambda _: httpx2.Response(302, headers={"Location": "https://evil.example.com/"}))
    await wire.api.list_page(REQUESTS, limit=9, token=None, metadata_only=False)
    async with wire.api.watch(REQUESTS, resource_version="7", seconds=250, metadata_only=False):
        assert {request.url.host for request in wire.asked} == {"api.example.com"}
