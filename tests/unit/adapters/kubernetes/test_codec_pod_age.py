"""Since when a pod's request waits: nobody approves it, so since its creation."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from adapters.kubernetes.schema import PodRequestObject
from domain.model import Approval
from tests.support.specs import codec


@pytest.mark.parametrize(
    ("metadata", "approved_at"),
    [
        ({"creationTimestamp": "2030-01-02T03:04:05Z"}, datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ({"creationTimestamp": None}, None),
        ({}, None),
    ],
)
def test_it_counts_as_approved_since_its_creation(
    metadata: dict[str, str | None], approved_at: datetime | None
) -> None:
    obj = msgspec.json.decode(msgspec.json.encode({"metadata": metadata}), type=PodRequestObject)
    request = codec().pod_certificate_request(obj)
    assert (request.approval, request.approved_at) == (Approval.APPROVED, approved_at)
