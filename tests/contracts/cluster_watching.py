"""What a Cluster must tell of the world: objects, approvals, changes, deletions, Secrets."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.effects import IssuerStatus, RequestStatus
from domain.errors import Invalid, NotFound
from domain.model import (
    Approval,
    ObjectKey,
)
from tests.contracts.cluster_driver import ClusterDriver, a_certificate, a_csr
from tests.contracts.cluster_stage import DEADLINE, ClusterStage, Watched, condition


class Watching(ClusterStage):
    async def test_what_existed_before_is_known_and_woken_once_synced(
        self, driver: ClusterDriver, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        await driver.create_issuer(issuer, "credentials")
        await driver.create_request(request_key, issuer)
        watched = Watched(driver)
        task = asyncio.create_task(driver.cluster.watch(watched.enqueue))
        await asyncio.wait_for(driver.cluster.synced(), DEADLINE)
        assert (await watched.request(request_key)).issuer == await watched.issuer(issuer)
        assert {issuer, request_key} <= set(watched.woken)
        task.cancel()

    async def test_whoever_begins_later_is_told_whom_to_look_at(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        open_, gone, answered = (replace(request_key, name=name) for name in ("open", "gone", "answered"))
        await watched.driver.create_issuer(issuer, "credentials")
        for key in (answered, gone, open_):
            await watched.driver.create_request(key, issuer)
        await watched.eventually(lambda: {issuer, open_, gone, answered} <= set(watched.woken), "all are known")
        await watched.write(answered, RequestStatus(condition("True", "Issued"), certificate=a_certificate("us")))
        watched.woken.clear()
        await watched.driver.delete(gone)
        await watched.wakes(gone)
        watched.woken.clear()
        watched.cluster.enqueue_all()
        assert sorted(watched.woken) == [open_, issuer]

    async def test_it_lists_issuers_and_the_approved_requests_without_an_answer(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        await watched.driver.create_issuer(issuer, "credentials")
        await watched.driver.create_request(request_key, issuer)
        await watched.wakes(issuer)
        await watched.wakes(request_key)
        assert issuer in [each.key for each in watched.cluster.issuers()]
        assert request_key not in [each.key for each in watched.cluster.waiting()]
        await watched.driver.approve(request_key)
        await watched.wakes(request_key)
        assert request_key in [each.key for each in watched.cluster.waiting()]
        await watched.driver.delete(request_key)
        await watched.driver.delete(issuer)
        await watched.wakes(request_key)
        await watched.wakes(issuer)
        assert issuer not in [each.key for each in watched.cluster.issuers()]
        assert request_key not in [each.key for each in watched.cluster.waiting()]

    async def test_what_never_existed_is_not_known(self, watched: Watched, issuer: ObjectKey) -> None:
        assert await watched.cluster.load(issuer) is None
        assert await watched.cluster.reload(issuer) is None

    async def test_objects_are_woken_in_the_order_in_which_they_were_created(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        keys = [replace(request_key, name=f"order-{number}") for number in range(5)]
        for key in keys:
            await watched.driver.create_request(key, issuer)
        await watched.eventually(lambda: set(keys) <= set(watched.woken), "all are woken")
        assert [key for key in watched.woken if key in keys] == keys

    async def test_a_request_names_an_issuer_of_its_own_namespace_only(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        elsewhere = replace(issuer, namespace=watched.driver.other_namespace)
        await watched.driver.create_issuer(elsewhere, "credentials")
        await watched.driver.create_request(request_key, issuer)
        await watched.wakes(elsewhere)
        await watched.wakes(request_key)
        snapshot = await watched.request(request_key)
        assert (snapshot.request.issuer, snapshot.issuer) == (issuer, None)

    async def test_a_request_of_another_group_is_left_alone(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        foreign = replace(request_key, name="foreign")
        await watched.driver.create_foreign_request(foreign)
        await watched.driver.create_request(request_key, issuer)
        await watched.wakes(request_key)
        assert await watched.cluster.load(foreign) is None
        assert foreign not in watched.woken

    async def test_a_cluster_issuer_serves_requests_of_every_kind(
        self, watched: Watched, cluster_issuer: ObjectKey, request_key: ObjectKey, csr_key: ObjectKey
    ) -> None:
        await watched.driver.create_issuer(cluster_issuer, "credentials")
        await watched.driver.create_request(request_key, cluster_issuer)
        await watched.driver.create_request(csr_key, cluster_issuer)
        for key in (cluster_issuer, request_key, csr_key):
            await watched.wakes(key)
        known = await watched.issuer(cluster_issuer)
        assert known.spec.secret == ObjectKey("Secret", watched.driver.cluster_namespace, "credentials")
        assert watched.cluster.issuer_of(cluster_issuer) is None
        for key in (request_key, csr_key):
            assert watched.cluster.issuer_of(key) == cluster_issuer
            snapshot = await watched.request(key)
            assert snapshot.issuer == known
            assert snapshot.request.csr == a_csr()
            assert snapshot.request.usages == ("digital signature", "client auth")
            assert snapshot.request.duration == timedelta(hours=1)

    async def test_an_approval_wakes_the_request_and_says_when(
        self, watched: Watched, cluster_issuer: ObjectKey, request_key: ObjectKey, csr_key: ObjectKey
    ) -> None:
        for key in (request_key, csr_key):
            await watched.driver.create_request(key, cluster_issuer)
            await watched.wakes(key)
            assert (await watched.request(key)).request.approval is Approval.UNDECIDED
            await watched.driver.approve(key)
            await watched.wakes(key)
            approved = (await watched.request(key)).request
            assert approved.approval is Approval.APPROVED
            assert approved.approved_at is not None

    async def test_a_changed_spec_is_a_new_generation_and_wakes_the_issuer(
        self, watched: Watched, issuer: ObjectKey
    ) -> None:
        await watched.driver.create_issuer(issuer, "credentials")
        await watched.wakes(issuer)
        await watched.write(issuer, IssuerStatus(condition("True", "Checked", generation=1), "demo"))
        assert (await watched.issuer(issuer)).is_ready
        await watched.driver.change_issuer(issuer, "https://changed.example.com")
        await watched.wakes(issuer)
        changed = await watched.issuer(issuer)
        assert (changed.generation, changed.spec.url) == (2, "https://changed.example.com")
        assert not changed.is_ready

    async def test_an_annotation_wakes_an_issuer_and_a_request(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        await watched.driver.create_issuer(issuer, "credentials")
        await watched.driver.create_request(request_key, issuer)
        for key in (issuer, request_key):
            await watched.wakes(key)
            await watched.driver.annotate(key, "look again")
            await watched.wakes(key)

    async def test_a_deleted_object_is_forgotten(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        await watched.driver.create_issuer(issuer, "credentials")
        await watched.driver.create_request(request_key, issuer)
        await watched.wakes(issuer)
        await watched.wakes(request_key)
        await watched.driver.delete(issuer)
        await watched.wakes(request_key)  # whose message must now say that the issuer is missing
        assert (await watched.request(request_key)).issuer is None
        await watched.driver.delete(request_key)
        assert await watched.cluster.reload(request_key) is None
        assert await watched.cluster.load(request_key) is None
        assert watched.cluster.issuer_of(request_key) is None

    async def test_a_secret_is_read_by_its_name_and_namespace(self, watched: Watched) -> None:
        here = ObjectKey("Secret", watched.driver.namespace, "credentials")
        there = replace(here, namespace=watched.driver.other_namespace)
        await watched.driver.put_secret(there, {"token": b"another tenant's"})
        with pytest.raises(NotFound, match='secrets "credentials" not found'):
            await watched.cluster.credentials(here)
        await watched.driver.put_secret(here, {"token": b"ours"})
        assert (await watched.cluster.credentials(here)).data == {"token": b"ours"}

    async def test_a_secret_that_comes_changes_and_goes_wakes_its_issuers(
        self, watched: Watched, issuer: ObjectKey
    ) -> None:
        secret = ObjectKey("Secret", issuer.namespace, "credentials")
        await watched.driver.create_issuer(issuer, secret.name)
        await watched.wakes(issuer)
        await watched.driver.put_secret(secret, {"token": b"first"})
        await watched.wakes(issuer)
        first = await watched.cluster.credentials(secret)
        await watched.driver.put_secret(secret, {"token": b"second"})
        await watched.wakes(issuer)
        second = await watched.cluster.credentials(secret)
        assert (second.data, second.version != first.version) == ({"token": b"second"}, True)
        await watched.driver.delete(secret)
        await watched.wakes(issuer)
        with pytest.raises(NotFound):
            await watched.cluster.credentials(secret)

    @pytest.mark.parametrize("name", ["../../kube-system/secrets/x", "", "a/b", "A", "x?y=z", "x\n"])
    async def test_a_name_that_is_none_is_refused(self, watched: Watched, name: str) -> None:
        with pytest.raises((Invalid, NotFound)):
            await watched.cluster.credentials(ObjectKey("Secret", watched.driver.namespace, name))
        with pytest.raises((Invalid, NotFound)):
            await watched.cluster.credentials(ObjectKey("Secret", name, "credentials"))
