"""The contract of the port Cluster.

Law: every adapter runs the same suite; what it says was first true of a Kubernetes API server. Nothing here knows an
adapter: `hands` (tests/contracts/hands.py) does what other people and controllers do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from domain.effects import IssuerStatus, PatchStatus, RequestStatus, SigningRequestStatus, Status
from domain.errors import Conflict, Invalid, NotFound
from domain.model import (
    CERTIFICATE_REQUEST,
    CERTIFICATE_SIGNING_REQUEST,
    Approval,
    Condition,
    Issuer,
    ObjectKey,
    RequestSnapshot,
)
from entrypoints.settings import NAMES
from tests.contracts.hands import Hands, a_certificate, a_csr

NOW = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
NOW_STORED = NOW.replace(microsecond=0)
DEADLINE = 20.0  # seconds in which a watch has told of a change, and much more than it takes


def condition(status: str, reason: str, kind: str = "Ready", generation: int | None = None) -> Condition:
    return Condition(kind, status, reason, f"because of {reason}", NOW, generation)


def stored(told: Condition) -> Condition:
    return replace(told, since=NOW_STORED)


class Watched:
    """The adapter with its watch running, and whom of this test it woke."""

    def __init__(self, hands: Hands) -> None:
        self.hands = hands
        self.cluster = hands.cluster
        self.woken: list[ObjectKey] = []

    def wake(self, key: ObjectKey, after: timedelta) -> None:
        mine = (self.hands.namespace, self.hands.other_namespace)
        if key.namespace in mine or key.name in mine:  # the API server holds what other tests left, too
            self.woken.append(key)

    async def eventually(self, holds: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(DEADLINE):
                while not holds():  # noqa: ASYNC110 - an adapter tells nobody
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"not within {DEADLINE} s: {what}; woken: {self.woken}") from None

    async def wakes(self, key: ObjectKey) -> None:
        """Waits until the key is woken, and forgets it then."""
        await self.eventually(lambda: key in self.woken, f"{key} is woken")
        self.woken = [other for other in self.woken if other != key]

    async def issuer(self, key: ObjectKey) -> Issuer:
        found = await self.cluster.load(key)
        assert isinstance(found, Issuer)
        return found

    async def request(self, key: ObjectKey) -> RequestSnapshot:
        found = await self.cluster.load(key)
        assert isinstance(found, RequestSnapshot)
        return found

    async def write(self, key: ObjectKey, status: Status) -> None:
        found = await self.cluster.load(key)
        assert found is not None
        version = found.resource_version if isinstance(found, Issuer) else found.request.resource_version
        await self.cluster.apply(PatchStatus(key, version, status))


class ClusterContract:
    """Inherit, and give a fixture `hands`."""

    @pytest_asyncio.fixture
    async def watched(self, hands: Hands) -> AsyncIterator[Watched]:
        watched = Watched(hands)
        task = asyncio.create_task(hands.cluster.watch(watched.wake))
        async with asyncio.timeout(DEADLINE):
            await hands.cluster.synced()
        yield watched
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    @pytest.fixture
    def issuer(self, hands: Hands) -> ObjectKey:
        return ObjectKey(NAMES.issuer, hands.namespace, "contract")

    @pytest.fixture
    def cluster_issuer(self, hands: Hands) -> ObjectKey:
        return ObjectKey(NAMES.cluster_issuer, "", hands.namespace)

    @pytest.fixture
    def request_key(self, hands: Hands) -> ObjectKey:
        return ObjectKey(CERTIFICATE_REQUEST, hands.namespace, "contract")

    @pytest.fixture
    def csr_key(self, hands: Hands) -> ObjectKey:
        return ObjectKey(CERTIFICATE_SIGNING_REQUEST, "", hands.namespace)

    # Watching

    async def test_what_existed_before_is_known_and_woken_once_synced(
        self, hands: Hands, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        await hands.create_issuer(issuer, "credentials")
        await hands.create_request(request_key, issuer)
        watched = Watched(hands)
        task = asyncio.create_task(hands.cluster.watch(watched.wake))
        await asyncio.wait_for(hands.cluster.synced(), DEADLINE)
        assert (await watched.request(request_key)).issuer == await watched.issuer(issuer)
        assert {issuer, request_key} <= set(watched.woken)
        task.cancel()

    async def test_what_never_existed_is_not_known(self, watched: Watched, issuer: ObjectKey) -> None:
        assert await watched.cluster.load(issuer) is None
        assert await watched.cluster.reload(issuer) is None

    async def test_objects_are_woken_in_the_order_in_which_they_were_created(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        keys = [replace(request_key, name=f"order-{number}") for number in range(5)]
        for key in keys:
            await watched.hands.create_request(key, issuer)
        await watched.eventually(lambda: set(keys) <= set(watched.woken), "all are woken")
        assert [key for key in watched.woken if key in keys] == keys

    async def test_a_request_names_an_issuer_of_its_own_namespace_only(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        elsewhere = replace(issuer, namespace=watched.hands.other_namespace)
        await watched.hands.create_issuer(elsewhere, "credentials")
        await watched.hands.create_request(request_key, issuer)
        await watched.wakes(elsewhere)
        await watched.wakes(request_key)
        snapshot = await watched.request(request_key)
        assert (snapshot.request.issuer, snapshot.issuer) == (issuer, None)

    async def test_a_request_of_another_group_is_left_alone(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        foreign = replace(request_key, name="foreign")
        await watched.hands.create_foreign_request(foreign)
        await watched.hands.create_request(request_key, issuer)
        await watched.wakes(request_key)
        assert await watched.cluster.load(foreign) is None
        assert foreign not in watched.woken

    async def test_a_cluster_issuer_serves_requests_of_both_kinds(
        self, watched: Watched, cluster_issuer: ObjectKey, request_key: ObjectKey, csr_key: ObjectKey
    ) -> None:
        await watched.hands.create_issuer(cluster_issuer, "credentials")
        await watched.hands.create_request(request_key, cluster_issuer)
        await watched.hands.create_request(csr_key, cluster_issuer)
        for key in (cluster_issuer, request_key, csr_key):
            await watched.wakes(key)
        known = await watched.issuer(cluster_issuer)
        assert known.spec.secret == ObjectKey("Secret", watched.hands.cluster_namespace, "credentials")
        for key in (request_key, csr_key):
            snapshot = await watched.request(key)
            assert snapshot.issuer == known
            assert snapshot.request.csr == a_csr()
            assert snapshot.request.usages == ("digital signature", "client auth")
            assert snapshot.request.duration == timedelta(hours=1)

    async def test_an_approval_wakes_the_request_and_says_when(
        self, watched: Watched, cluster_issuer: ObjectKey, request_key: ObjectKey, csr_key: ObjectKey
    ) -> None:
        for key in (request_key, csr_key):
            await watched.hands.create_request(key, cluster_issuer)
            await watched.wakes(key)
            assert (await watched.request(key)).request.approval is Approval.UNDECIDED
            await watched.hands.approve(key)
            await watched.wakes(key)
            approved = (await watched.request(key)).request
            assert approved.approval is Approval.APPROVED
            assert approved.approved_at is not None

    async def test_a_changed_spec_is_a_new_generation_and_wakes_the_issuer(
        self, watched: Watched, issuer: ObjectKey
    ) -> None:
        await watched.hands.create_issuer(issuer, "credentials")
        await watched.wakes(issuer)
        await watched.write(issuer, IssuerStatus(condition("True", "Checked", generation=1)))
        assert (await watched.issuer(issuer)).is_ready
        await watched.hands.change_issuer(issuer, "https://changed.example.com")
        await watched.wakes(issuer)
        changed = await watched.issuer(issuer)
        assert (changed.generation, changed.spec.url) == (2, "https://changed.example.com")
        assert not changed.is_ready

    async def test_an_annotation_wakes_an_issuer_and_a_request(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        await watched.hands.create_issuer(issuer, "credentials")
        await watched.hands.create_request(request_key, issuer)
        for key in (issuer, request_key):
            await watched.wakes(key)
            await watched.hands.annotate(key, "look again")
            await watched.wakes(key)

    async def test_a_deleted_object_is_forgotten(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        await watched.hands.create_issuer(issuer, "credentials")
        await watched.hands.create_request(request_key, issuer)
        await watched.wakes(issuer)
        await watched.wakes(request_key)
        await watched.hands.delete(issuer)
        await watched.wakes(request_key)  # whose message must now say that the issuer is missing
        assert (await watched.request(request_key)).issuer is None
        await watched.hands.delete(request_key)
        assert await watched.cluster.reload(request_key) is None
        assert await watched.cluster.load(request_key) is None

    # Secrets

    async def test_a_secret_is_read_by_its_name_and_namespace(self, watched: Watched) -> None:
        here = ObjectKey("Secret", watched.hands.namespace, "credentials")
        there = replace(here, namespace=watched.hands.other_namespace)
        await watched.hands.put_secret(there, {"token": b"another tenant's"})
        with pytest.raises(NotFound, match='secrets "credentials" not found'):
            await watched.cluster.credentials(here)
        await watched.hands.put_secret(here, {"token": b"ours"})
        assert (await watched.cluster.credentials(here)).data == {"token": b"ours"}

    async def test_a_secret_that_comes_changes_and_goes_wakes_its_issuers(
        self, watched: Watched, issuer: ObjectKey
    ) -> None:
        secret = ObjectKey("Secret", issuer.namespace, "credentials")
        await watched.hands.create_issuer(issuer, secret.name)
        await watched.wakes(issuer)
        await watched.hands.put_secret(secret, {"token": b"first"})
        await watched.wakes(issuer)
        first = await watched.cluster.credentials(secret)
        await watched.hands.put_secret(secret, {"token": b"second"})
        await watched.wakes(issuer)
        second = await watched.cluster.credentials(secret)
        assert (second.data, second.version != first.version) == ({"token": b"second"}, True)
        await watched.hands.delete(secret)
        await watched.wakes(issuer)
        with pytest.raises(NotFound):
            await watched.cluster.credentials(secret)

    @pytest.mark.parametrize("name", ["../../kube-system/secrets/x", "", "a/b", "A", "x?y=z", "x\n"])
    async def test_a_name_that_is_none_is_refused(self, watched: Watched, name: str) -> None:
        with pytest.raises((Invalid, NotFound)):
            await watched.cluster.credentials(ObjectKey("Secret", watched.hands.namespace, name))
        with pytest.raises((Invalid, NotFound)):
            await watched.cluster.credentials(ObjectKey("Secret", name, "credentials"))

    # Writing

    async def test_what_was_applied_is_known_at_once_and_stored_in_whole_seconds(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        await watched.hands.create_issuer(issuer, "credentials")
        await watched.hands.create_request(request_key, issuer)
        await watched.wakes(issuer)
        await watched.wakes(request_key)
        ready = condition("True", "Checked", generation=1)
        await watched.write(issuer, IssuerStatus(ready))
        assert (await watched.issuer(issuer)).ready == stored(ready)
        assert await watched.hands.status(issuer) == IssuerStatus(stored(ready))
        failed = condition("False", "Failed")
        await watched.write(request_key, RequestStatus(failed, failure_time=NOW))
        assert (await watched.request(request_key)).request.is_terminal
        assert await watched.hands.status(request_key) == RequestStatus(stored(failed), failure_time=NOW_STORED)

    async def test_what_an_apply_leaves_out_is_dropped(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        await watched.hands.create_request(request_key, issuer)
        await watched.wakes(request_key)
        full = RequestStatus(condition("True", "Issued"), b"certificate", b"ca", NOW)
        await watched.write(request_key, full)
        assert await watched.hands.status(request_key) == replace(
            full, ready=stored(full.ready), failure_time=NOW_STORED
        )
        bare = condition("False", "Pending")
        await watched.write(request_key, RequestStatus(bare))
        assert await watched.hands.status(request_key) == RequestStatus(stored(bare))

    async def test_what_others_said_stays(self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey) -> None:
        await watched.hands.create_request(request_key, issuer)
        await watched.hands.approve(request_key)
        await watched.eventually(lambda: request_key in watched.woken, "the request is known")
        assert await watched.cluster.reload(request_key) is not None
        await watched.write(request_key, RequestStatus(condition("False", "Pending")))
        assert (await watched.request(request_key)).request.approval is Approval.APPROVED

    async def test_the_same_status_again_changes_nothing(self, watched: Watched, issuer: ObjectKey) -> None:
        await watched.hands.create_issuer(issuer, "credentials")
        await watched.wakes(issuer)
        status = IssuerStatus(condition("True", "Checked", generation=1))
        await watched.write(issuer, status)
        before = await watched.issuer(issuer)
        await watched.write(issuer, status)
        assert await watched.cluster.reload(issuer) == before

    async def test_our_own_write_wakes_nobody_but_the_requests_of_an_issuer_that_becomes_ready(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        await watched.hands.create_issuer(issuer, "credentials")
        await watched.hands.create_request(request_key, issuer)
        await watched.wakes(issuer)
        await watched.wakes(request_key)
        await watched.write(request_key, RequestStatus(condition("False", "Pending")))
        await watched.write(issuer, IssuerStatus(condition("False", "Pending", generation=1)))
        last = replace(request_key, name="last")
        await watched.hands.create_request(last, issuer)
        await watched.wakes(last)  # so the watch has told of all that was before
        assert watched.woken == []
        await watched.write(issuer, IssuerStatus(condition("True", "Checked", generation=1)))
        await watched.wakes(request_key)
        await watched.wakes(last)
        assert issuer not in watched.woken

    async def test_an_apply_to_what_has_changed_is_a_conflict_until_it_is_read_again(
        self, watched: Watched, issuer: ObjectKey
    ) -> None:
        await watched.hands.create_issuer(issuer, "credentials")
        await watched.wakes(issuer)
        old = await watched.issuer(issuer)
        await watched.hands.annotate(issuer, "changed under our hands")
        status = IssuerStatus(condition("True", "Checked", generation=1))
        with pytest.raises(Conflict):
            await watched.cluster.apply(PatchStatus(issuer, old.resource_version, status))
        assert await watched.hands.status(issuer) is None
        new = await watched.cluster.reload(issuer)
        assert isinstance(new, Issuer)
        await watched.cluster.apply(PatchStatus(issuer, new.resource_version, status))
        assert await watched.hands.status(issuer) == IssuerStatus(stored(status.ready))

    async def test_an_apply_never_creates(self, watched: Watched, issuer: ObjectKey) -> None:
        with pytest.raises(NotFound):
            await watched.cluster.apply(PatchStatus(issuer, "1", IssuerStatus(condition("True", "Checked"))))
        assert await watched.cluster.reload(issuer) is None

    async def test_a_request_with_its_answer_is_kept_without_its_csr_and_sleeps(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        await watched.hands.create_request(request_key, issuer)
        await watched.wakes(request_key)
        await watched.write(request_key, RequestStatus(condition("True", "Issued"), b"certificate"))
        snapshot = await watched.request(request_key)
        assert (snapshot.request.is_terminal, snapshot.request.csr) == (True, b"")
        await watched.hands.annotate(request_key, "look again")
        last = replace(request_key, name="last")
        await watched.hands.create_request(last, issuer)
        await watched.wakes(last)
        assert watched.woken == []

    # A CertificateSigningRequest is another kind of thing

    async def test_the_certificate_of_a_csr_can_be_neither_changed_nor_omitted(
        self, watched: Watched, cluster_issuer: ObjectKey, csr_key: ObjectKey
    ) -> None:
        chain = a_certificate("one")
        await watched.hands.create_request(csr_key, cluster_issuer)
        await watched.hands.approve(csr_key)
        await watched.eventually(lambda: csr_key in watched.woken, "the request is known")
        await watched.cluster.reload(csr_key)
        await watched.write(csr_key, SigningRequestStatus(certificate=chain))
        assert await watched.hands.status(csr_key) == SigningRequestStatus(certificate=chain)
        with pytest.raises(Invalid):
            await watched.write(csr_key, SigningRequestStatus(certificate=a_certificate("another")))
        failed = condition("True", "Failed", "Failed")
        with pytest.raises(Invalid):
            await watched.write(csr_key, SigningRequestStatus(failed=failed))
        assert await watched.hands.status(csr_key) == SigningRequestStatus(certificate=chain)

    async def test_a_csr_never_loses_its_failed_condition(
        self, watched: Watched, cluster_issuer: ObjectKey, csr_key: ObjectKey
    ) -> None:
        await watched.hands.create_request(csr_key, cluster_issuer)
        await watched.wakes(csr_key)
        failed = condition("True", "Failed", "Failed")
        await watched.write(csr_key, SigningRequestStatus(failed=failed))
        assert (await watched.request(csr_key)).request.is_terminal
        chain = a_certificate("one")
        await watched.write(csr_key, SigningRequestStatus(certificate=chain))  # accepted: so we must not
        assert await watched.hands.status(csr_key) == SigningRequestStatus(chain, stored(failed))

    async def test_an_unapproved_csr_accepts_a_certificate(
        self, watched: Watched, cluster_issuer: ObjectKey, csr_key: ObjectKey
    ) -> None:
        await watched.hands.create_request(csr_key, cluster_issuer)
        await watched.wakes(csr_key)
        chain = a_certificate("one")
        await watched.write(csr_key, SigningRequestStatus(certificate=chain))  # so it is we who must not
        assert await watched.hands.status(csr_key) == SigningRequestStatus(certificate=chain)
