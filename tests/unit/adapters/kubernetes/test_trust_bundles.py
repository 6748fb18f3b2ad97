"""What the adapter of TrustBundles sends, and what it makes of a server that does not serve the kind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from adapters.kubernetes.trust_bundles import KubernetesTrustBundles
from domain.errors import ClusterError, Forbidden, NotFound, NotServed, Transient
from entrypoints.issuer import NAMES
from tests.contracts.trust_bundles_contract import an_issuer
from tests.unit.adapters.kubernetes.wire import Wire, body_of

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ISSUER = an_issuer("team")
NAME = f"{NAMES.cluster_issuers}.{NAMES.group}:team:roots"
URL = "/apis/certificates.k8s.io/v1/clustertrustbundles"
UNKNOWN = "the server could not find the requested resource"  # as Kubernetes 1.36 says
OURS = {
    "metadata": {
        "name": NAME,
        "resourceVersion": "7",
        "labels": {"app.kubernetes.io/managed-by": NAMES.controller},
    },
    "spec": {"trustBundle": "old"},
}
SERVED = (200, {"resources": [{"name": "certificatesigningrequests"}, {"name": "clustertrustbundles"}]})
NOT_SERVED = (200, {"resources": [{"name": "certificatesigningrequests"}]})


def refused(code: int, message: str) -> tuple[int, dict[str, Any]]:
    return code, {"kind": "Status", "code": code, "message": message}


def playing(*answers: tuple[int, dict[str, Any]]) -> tuple[Wire, KubernetesTrustBundles]:
    script = iter(answers)

    def answer(_: httpx2.Request) -> httpx2.Response:
        status, body = next(script)
        return httpx2.Response(status, json=body)

    wire = Wire(answer)
    return wire, KubernetesTrustBundles(wire.api, NAMES, lambda published, found, now: published + found)


async def test_what_is_deleted_is_the_version_that_was_read() -> None:
    wire, bundles = playing((200, OURS), (200, {}))
    await bundles.remove(ISSUER)
    deleted = wire.asked[1]
    assert (deleted.method, deleted.url.path) == ("DELETE", f"{URL}/{NAME}")
    assert body_of(deleted) == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"resourceVersion": "7"},
    }


async def test_a_bundle_that_somebody_has_just_deleted_is_removed() -> None:
    wire, bundles = playing((200, OURS), refused(404, "not found"))
    await bundles.remove(ISSUER)
    assert [each.method for each in wire.asked] == ["GET", "DELETE"]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([refused(404, UNKNOWN), refused(404, UNKNOWN), NOT_SERVED], NotServed),
        ([refused(403, 'User "m" cannot get'), NOT_SERVED], NotServed),
        ([refused(404, "not found"), refused(403, 'User "m" cannot create'), NOT_SERVED], NotServed),
        ([refused(404, "not found"), refused(403, 'User "m" cannot create'), SERVED], Forbidden),
        ([(200, OURS), refused(404, "not found"), SERVED], NotFound),
        ([refused(503, "down")], Transient),
    ],
)
async def test_publishing_fails_as_what_it_is(answers: list[Any], expected: type[ClusterError]) -> None:
    wire, bundles = playing(*answers)
    with pytest.raises(ClusterError) as failure:
        await bundles.publish(ISSUER, b"new", NOW)
    assert type(failure.value) is expected
    assert len(wire.asked) == len(answers)
    if expected is NotServed:
        assert str(failure.value) == "this version of Kubernetes has no ClusterTrustBundle in certificates.k8s.io/v1"


async def test_where_the_kind_is_not_served_there_is_nothing_to_remove() -> None:
    _, bundles = playing(refused(404, UNKNOWN))
    await bundles.remove(ISSUER)
    _, bundles = playing(refused(403, 'User "m" cannot get'), NOT_SERVED)
    with pytest.raises(NotServed):
        await bundles.remove(ISSUER)
