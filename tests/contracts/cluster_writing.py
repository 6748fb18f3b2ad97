"""What a Cluster must make of our writes: whole statuses, the fence, and the rules of each kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.effects import IssuerStatus, PatchStatus, RequestStatus, SigningRequestStatus, Status
from domain.errors import AdmissionRefused, Conflict, Invalid, NotFound
from domain.model import (
    Approval,
    Issuer,
    ObjectKey,
    PendingOrder,
    RequestSnapshot,
)
from tests.contracts.cluster_driver import a_certificate
from tests.contracts.cluster_stage import NOW, NOW_STORED, ClusterStage, Watched, condition, stored


class Writing(ClusterStage):
    async def test_what_was_applied_is_known_at_once_and_stored_in_whole_seconds(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        await watched.driver.create_issuer(issuer, "credentials")
        await watched.driver.create_request(request_key, issuer)
        await watched.wakes(issuer)
        await watched.wakes(request_key)
        ready = condition("True", "Checked", generation=1)
        await watched.write(issuer, IssuerStatus(ready, "demo"))
        assert (await watched.issuer(issuer)).ready == stored(ready)
        assert await watched.driver.status(issuer) == IssuerStatus(stored(ready), "demo")
        failed = condition("False", "Failed")
        await watched.write(request_key, RequestStatus(failed, failure_time=NOW))
        assert (await watched.request(request_key)).request.is_terminal
        assert await watched.driver.status(request_key) == RequestStatus(stored(failed), failure_time=NOW_STORED)

    async def test_what_an_apply_leaves_out_is_dropped(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        await watched.driver.create_request(request_key, issuer)
        await watched.wakes(request_key)
        full = RequestStatus(condition("True", "Issued"), b"certificate", b"ca", NOW)
        await watched.write(request_key, full)
        assert await watched.driver.status(request_key) == replace(
            full, ready=stored(full.ready), failure_time=NOW_STORED
        )
        bare = condition("False", "Pending")
        await watched.write(request_key, RequestStatus(bare))
        assert await watched.driver.status(request_key) == RequestStatus(stored(bare))

    async def test_an_issuer_is_stalled_until_a_status_says_otherwise(
        self, watched: Watched, issuer: ObjectKey, cluster_issuer: ObjectKey
    ) -> None:
        failed = condition("False", "Failed", generation=1)
        for key in (issuer, cluster_issuer):
            await watched.driver.create_issuer(key, "credentials")
            await watched.wakes(key)
            stalled = condition("True", "Failed", "Stalled", generation=1)
            await watched.write(key, IssuerStatus(failed, "demo", stalled))
            found = await watched.issuer(key)
            assert (found.ready, found.stalled, found.shown_signer) == (stored(failed), stored(stalled), "demo")
            assert await watched.driver.status(key) == IssuerStatus(stored(failed), "demo", stored(stalled))
            await watched.write(key, IssuerStatus(failed, "ca"))
            found = await watched.issuer(key)
            assert (found.ready, found.stalled, found.shown_signer) == (stored(failed), None, "ca")
            assert await watched.driver.status(key) == IssuerStatus(stored(failed), "ca")

    async def test_an_issuer_keeps_the_condition_of_its_bundle_until_a_status_leaves_it_out(
        self, watched: Watched, cluster_issuer: ObjectKey
    ) -> None:
        await watched.driver.create_issuer(cluster_issuer, "credentials")
        await watched.wakes(cluster_issuer)
        ready, bundle = condition("True", "Checked", generation=1), condition("True", "Published", "TrustBundle", 1)
        await watched.write(cluster_issuer, IssuerStatus(ready, "demo", bundle=bundle))
        assert (await watched.issuer(cluster_issuer)).bundle == stored(bundle)
        assert await watched.driver.status(cluster_issuer) == IssuerStatus(stored(ready), "demo", bundle=stored(bundle))
        await watched.write(cluster_issuer, IssuerStatus(ready, "demo"))
        assert (await watched.issuer(cluster_issuer)).bundle is None
        assert await watched.driver.status(cluster_issuer) == IssuerStatus(stored(ready), "demo")

    async def test_what_others_said_stays(self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey) -> None:
        await watched.driver.create_request(request_key, issuer)
        await watched.driver.approve(request_key)
        await watched.eventually(lambda: request_key in watched.woken, "the request is known")
        assert await watched.cluster.reload(request_key) is not None
        await watched.write(request_key, RequestStatus(condition("False", "Pending")))
        assert (await watched.request(request_key)).request.approval is Approval.APPROVED

    async def test_the_same_status_again_changes_nothing(self, watched: Watched, issuer: ObjectKey) -> None:
        await watched.driver.create_issuer(issuer, "credentials")
        await watched.wakes(issuer)
        status = IssuerStatus(condition("True", "Checked", generation=1), "demo")
        await watched.write(issuer, status)
        before = await watched.issuer(issuer)
        await watched.write(issuer, status)
        assert await watched.cluster.reload(issuer) == before

    async def test_our_own_write_wakes_nobody_but_the_requests_of_an_issuer_that_becomes_ready(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        await watched.driver.create_issuer(issuer, "credentials")
        await watched.driver.create_request(request_key, issuer)
        await watched.wakes(issuer)
        await watched.wakes(request_key)
        await watched.write(request_key, RequestStatus(condition("False", "Pending")))
        await watched.write(issuer, IssuerStatus(condition("False", "Pending", generation=1), "demo"))
        last = replace(request_key, name="last")
        await watched.driver.create_request(last, issuer)
        await watched.wakes(last)  # so the watch has told of all that was before
        assert watched.woken == []
        await watched.write(issuer, IssuerStatus(condition("True", "Checked", generation=1), "demo"))
        await watched.wakes(request_key)
        await watched.wakes(last)
        assert issuer not in watched.woken

    async def test_an_apply_to_what_has_changed_is_a_conflict_until_it_is_read_again(
        self, watched: Watched, issuer: ObjectKey
    ) -> None:
        await watched.driver.create_issuer(issuer, "credentials")
        await watched.wakes(issuer)
        old = await watched.issuer(issuer)
        await watched.driver.annotate(issuer, "changed under our driver")
        status = IssuerStatus(condition("True", "Checked", generation=1), "demo")
        with pytest.raises(Conflict):
            await watched.cluster.apply(PatchStatus(issuer, old.resource_version, status))
        assert await watched.driver.status(issuer) is None
        new = await watched.cluster.reload(issuer)
        assert isinstance(new, Issuer)
        await watched.cluster.apply(PatchStatus(issuer, new.resource_version, status))
        assert await watched.driver.status(issuer) == IssuerStatus(stored(status.ready), "demo")

    async def test_an_apply_never_creates(self, watched: Watched, issuer: ObjectKey) -> None:
        with pytest.raises(NotFound):
            await watched.cluster.apply(PatchStatus(issuer, "1", IssuerStatus(condition("True", "Checked"), "demo")))
        assert await watched.cluster.reload(issuer) is None

    async def test_a_status_that_admission_refuses_is_told_in_its_words_and_not_stored(
        self, watched: Watched, cluster_issuer: ObjectKey, request_key: ObjectKey, csr_key: ObjectKey
    ) -> None:
        statuses: dict[ObjectKey, Status] = {
            request_key: RequestStatus(condition("True", "Issued"), b"certificate"),
            csr_key: SigningRequestStatus(a_certificate("one")),
        }
        for key, status in statuses.items():
            await watched.driver.create_request(key, cluster_issuer)
            await watched.wakes(key)
            await watched.driver.refuse_statuses(key, "no certificates on Fridays")
            with pytest.raises(AdmissionRefused, match="no certificates on Fridays"):
                await watched.write(key, status)
            assert not (await watched.request(key)).request.is_terminal
            await watched.driver.accept_statuses(key)
            await watched.write(key, status)
            assert (await watched.request(key)).request.is_terminal

    async def test_a_request_with_its_answer_is_kept_without_its_csr_and_sleeps(
        self, watched: Watched, issuer: ObjectKey, request_key: ObjectKey
    ) -> None:
        await watched.driver.create_request(request_key, issuer)
        await watched.wakes(request_key)
        await watched.write(request_key, RequestStatus(condition("True", "Issued"), b"certificate"))
        snapshot = await watched.request(request_key)
        assert (snapshot.request.is_terminal, snapshot.request.csr) == (True, b"")
        await watched.driver.annotate(request_key, "look again")
        last = replace(request_key, name="last")
        await watched.driver.create_request(last, issuer)
        await watched.wakes(last)
        assert watched.woken == []

    async def test_an_order_is_kept_until_the_answer_and_a_csr_never_loses_it(
        self, watched: Watched, cluster_issuer: ObjectKey, request_key: ObjectKey, csr_key: ObjectKey
    ) -> None:
        order, chain = PendingOrder("order-7", since=NOW_STORED, due=NOW), a_certificate("one")
        waiting, issued = condition("False", "Pending"), RequestStatus(condition("True", "Issued"), b"certificate")
        steps: list[tuple[ObjectKey, Status, Status, Status]] = [
            (request_key, RequestStatus(waiting, order=order), issued, replace(issued, ready=stored(issued.ready))),
            (
                csr_key,
                SigningRequestStatus(order=order),
                SigningRequestStatus(chain),
                SigningRequestStatus(chain, order=order),
            ),
        ]
        for key, taken, answered, expected in steps:
            await watched.driver.create_request(key, cluster_issuer)
            await watched.wakes(key)
            watched.woken.clear()
            await watched.write(key, taken)
            assert watched.woken == []  # by our own writes nobody is
            for found in (await watched.cluster.load(key), await watched.cluster.reload(key)):
                assert isinstance(found, RequestSnapshot)
                assert (found.request.order, found.request.is_terminal) == (order, False)
            await watched.write(key, answered)
            assert await watched.driver.status(key) == expected
            assert (await watched.request(key)).request.is_terminal

    async def test_the_certificate_of_a_csr_can_be_neither_changed_nor_omitted(
        self, watched: Watched, cluster_issuer: ObjectKey, csr_key: ObjectKey
    ) -> None:
        chain = a_certificate("one")
        await watched.driver.create_request(csr_key, cluster_issuer)
        await watched.driver.approve(csr_key)
        await watched.eventually(lambda: csr_key in watched.woken, "the request is known")
        await watched.cluster.reload(csr_key)
        await watched.write(csr_key, SigningRequestStatus(certificate=chain))
        assert await watched.driver.status(csr_key) == SigningRequestStatus(certificate=chain)
        with pytest.raises(Invalid):
            await watched.write(csr_key, SigningRequestStatus(certificate=a_certificate("another")))
        failed = condition("True", "Failed", "Failed")
        with pytest.raises(Invalid):
            await watched.write(csr_key, SigningRequestStatus(failed=failed))
        assert await watched.driver.status(csr_key) == SigningRequestStatus(certificate=chain)

    async def test_a_csr_never_loses_its_failed_condition(
        self, watched: Watched, cluster_issuer: ObjectKey, csr_key: ObjectKey
    ) -> None:
        await watched.driver.create_request(csr_key, cluster_issuer)
        await watched.wakes(csr_key)
        failed = condition("True", "Failed", "Failed")
        await watched.write(csr_key, SigningRequestStatus(failed=failed))
        assert (await watched.request(csr_key)).request.is_terminal
        chain = a_certificate("one")
        await watched.write(csr_key, SigningRequestStatus(certificate=chain))  # accepted: so we must not
        assert await watched.driver.status(csr_key) == SigningRequestStatus(chain, stored(failed))

    async def test_an_unapproved_csr_accepts_a_certificate(
        self, watched: Watched, cluster_issuer: ObjectKey, csr_key: ObjectKey
    ) -> None:
        await watched.driver.create_request(csr_key, cluster_issuer)
        await watched.wakes(csr_key)
        chain = a_certificate("one")
        await watched.write(csr_key, SigningRequestStatus(certificate=chain))  # so it is we who must not
        assert await watched.driver.status(csr_key) == SigningRequestStatus(certificate=chain)
