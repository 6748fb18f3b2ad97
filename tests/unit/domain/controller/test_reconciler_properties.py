"""What holds whatever the order of events: a machine that does everything that can happen to a cluster, in any order.

No signer is asked for a request that is not approved and open at that moment, none twice for what it has answered
(but for a pod's certificate that cannot be stored any more), and none again after the same wrong certificate twice in a
row; nothing with an answer is written again, each answer is counted and recorded once; and once all is well again every
open request is signed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain import pods
from domain.effects import SigningRequestStatus
from domain.errors import (
    AdmissionRefused,
    Conflict,
    Invalid,
    IssuerFailed,
    IssuerUnhealthy,
    RequestRejected,
    SigningError,
    Transient,
    UnknownOutcome,
    WrongCertificate,
)
from domain.events import EventSeries
from domain.model import Approval, Issued, ObjectKey, Pending, Request, RequestSnapshot, SignRequest
from tests.support.factories import (
    KINDS,
    MINUTE,
    SECOND,
    a_new_issuer,
    a_request,
    a_spec,
    certificate,
    cluster_issuer_key,
    request_key,
    secret_key,
)
from tests.support.harness import Fault, Harness, fails, fails_after, meanwhile
from tests.support.scripted_signer import RequestOutcome, ScriptedSigner, certificate_for

ISSUERS = [cluster_issuer_key("one"), cluster_issuer_key("two")]
REQUESTS = [request_key(kind, name) for kind in KINDS for name in ("a", "b", "c")]
SECRETS = [secret_key(key, key.name) for key in ISSUERS]
ANSWERS: list[Callable[[], RequestOutcome]] = [
    lambda: Pending("wait", 5 * SECOND, "order"),
    lambda: Pending("wait", MINUTE),
    lambda: RequestRejected("no"),
    lambda: IssuerUnhealthy("down"),
    lambda: IssuerFailed("broken"),
    lambda: SigningError("stutters"),
    lambda: ValueError("a bug"),
    lambda: WrongCertificate("isCA, at 1", "isCA"),
    lambda: WrongCertificate("isCA, at 2", "isCA"),
    lambda: WrongCertificate("usages", "usages"),
]
VERDICTS: list[Callable[[], Exception]] = [
    lambda: IssuerUnhealthy("down"),
    lambda: IssuerFailed("broken"),
    lambda: SigningError("stutters"),
    lambda: KeyError("a bug"),
]
FAULTS: list[Callable[[], Fault]] = [
    lambda: fails(Transient("503")),
    lambda: fails(Conflict("409")),
    lambda: fails(Invalid("422")),
    lambda: fails(AdmissionRefused("admission webhook denied the request")),
    lambda: fails(UnknownOutcome("lost")),
    lambda: fails_after(UnknownOutcome("lost")),
    lambda: fails_after(Transient("lost")),
]

ENDS = ("Issued", "Failed", "Denied")

requests, issuers, secrets = st.sampled_from(REQUESTS), st.sampled_from(ISSUERS), st.sampled_from(SECRETS)
_T = TypeVar("_T")


class WatchedSigner(ScriptedSigner):
    """Knows the cluster, and whether it should have been asked."""

    harness: Harness

    def __init__(self) -> None:
        super().__init__()
        self.answered: dict[str, datetime | None] = {}  # by uid, when it was issued; None: rejected
        self.differences: dict[str, list[str]] = {}
        self.trials: dict[ObjectKey, ObjectKey] = {}
        self.violations: list[str] = []

    async def sign(self, order: SignRequest) -> Issued | Pending:
        """Keeps what it asserts, for the reconciler takes whatever a signer raises for a failure of the CA."""
        try:
            return await self._sign(order)
        except AssertionError as violation:
            self.violations.append(str(violation))
            raise

    async def _sign(self, order: SignRequest) -> Issued | Pending:
        found = [each for key in REQUESTS if (each := stored(self.harness, key)) is not None and each.uid == order.uid]
        if not found:
            known = [
                each for key in REQUESTS if isinstance(each := await self.harness.cluster.load(key), RequestSnapshot)
            ]
            assert order.uid in [each.request.uid for each in known], f"{order.uid} is gone and was sent to the CA"
            return await super().sign(order)  # it was deleted a moment ago, which the watch has not told yet
        request: Any = found[0]
        assert request.approval is Approval.APPROVED, f"{request.key} is {request.approval} and was sent to the CA"
        assert not request.is_terminal, f"{request.key} has its answer and was sent to the CA"
        assert not request.deleting
        due = request.order.due if request.order else self.harness.clock.now()
        assert due <= self.harness.clock.now(), f"{request.key} was asked for before the CA wanted to be asked"
        if order.uid in self.answered:
            assert self._may_be_signed_anew(request), f"{request.key} was answered already and was sent to the CA again"
        last = self.differences.setdefault(order.uid, [])[-2:]
        assert len(last) < 2 or last[0] != last[1], f"{request.key} was asked for though the CA had decided: {last}"
        with self.on_trial(request):
            try:
                answer = await super().sign(order)
            except WrongCertificate as wrong:
                self.differences[order.uid].append(wrong.difference)
                raise
            except RequestRejected:
                self.answered[order.uid] = None
                raise
        if isinstance(answer, Issued):
            self.answered[order.uid] = self.clock.now()
        return answer

    def _may_be_signed_anew(self, request: Request) -> bool:
        """A pod's certificate that is too old to be stored, or that the API server will never take."""
        issued = self.answered[request.uid]
        if request.pod is None or issued is None:
            return False
        return self.clock.now() > issued + pods.WRITE_WITHIN or request.key in self.harness.cluster.never_taken

    @contextmanager
    def on_trial(self, request: Request) -> Iterator[None]:
        assert request.issuer is not None
        issuer = stored(self.harness, request.issuer)
        if issuer is None or not self.harness.reconciler.is_circuit_open(issuer.key):
            yield
            return
        assert issuer.key not in self.trials, f"{self.trials[issuer.key]} and {request.key} are on trial together"
        self.trials[issuer.key] = request.key
        try:
            yield
        finally:
            self.trials.pop(issuer.key, None)


def stored(harness: Harness, key: ObjectKey) -> Any:
    return harness.cluster._objects.get(key)


class Controller(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.harness = Harness()
        self.signer = WatchedSigner()
        self.signer.harness, self.harness.signer = self.harness, self.signer
        self.harness.start()
        self.uncounted: set[str] = set()  # ended by processes that were killed before they could know

    def ended(self) -> list[Request]:
        found = (stored(self.harness, key) for key in REQUESTS)
        return [request for request in found if request is not None and request.is_terminal]

    def ends_of(self, uid: str) -> int:
        """How many Events say that the request has its answer."""
        return sum(seen.count for seen in self.told() if seen.event.uid == uid)

    def told(self) -> list[EventSeries]:
        """The Events that say that a request has its answer."""
        events = (self.harness.recorder.about(key) for key in REQUESTS)
        return [seen for about in events for seen in about if seen.event.reason in ENDS]

    def do(self, deed: Callable[[], Awaitable[_T]]) -> _T:
        async def done() -> _T:
            return await deed()

        return self.runner.run(done())

    def there(self, key: ObjectKey) -> bool:
        return stored(self.harness, key) is not None

    # What people do.

    @initialize(number=st.integers(0, 2))
    def some_issuers_are_there(self, number: int) -> None:
        for key in ISSUERS[:number]:
            self.put_secret(secret_key(key, key.name))
            self.create_issuer(key)
        self.time_passes(0)

    @rule(key=requests, issuer=issuers, approval=st.sampled_from([*Approval, Approval.APPROVED]), timed=st.booleans())
    def create_request(self, key: ObjectKey, issuer: ObjectKey, approval: Approval, timed: bool) -> None:
        if not self.there(key):
            at = self.harness.clock.now() if timed and approval is Approval.APPROVED else None
            self.harness.cluster.create(a_request(key.kind, key=key, issuer=issuer, approval=approval, approved_at=at))

    @rule(key=requests, approval=st.sampled_from([Approval.APPROVED, Approval.DENIED]))
    def decide(self, key: ObjectKey, approval: Approval) -> None:
        request = stored(self.harness, key)
        if request is not None and request.approval is Approval.UNDECIDED:
            self.harness.cluster.update(key, approval=approval, approved_at=self.harness.clock.now())

    @rule(key=requests | issuers, value=st.integers(0, 3))
    def annotate(self, key: ObjectKey, value: int) -> None:
        if self.there(key):
            self.harness.cluster.update(key, annotations={"value": str(value)})

    @rule(key=requests)
    def begin_to_delete(self, key: ObjectKey) -> None:
        if self.there(key):
            self.harness.cluster.update(key, deleting=True)

    @rule(key=requests | issuers | secrets)
    def delete(self, key: ObjectKey) -> None:
        if self.there(key):
            self.harness.cluster.delete(key)

    @rule(key=issuers)
    def create_issuer(self, key: ObjectKey) -> None:
        if not self.there(key):
            self.harness.cluster.create(a_new_issuer(key, spec=a_spec(key, secret=secret_key(key, key.name))))

    @rule(key=issuers, value=st.integers(0, 3))
    def change_spec(self, key: ObjectKey, value: int) -> None:
        if self.there(key):
            spec = a_spec(key, secret=secret_key(key, key.name), url=f"https://{value}.example.com")
            self.harness.cluster.update(key, spec=spec)

    @rule(key=secrets)
    def put_secret(self, key: ObjectKey) -> None:
        self.harness.cluster.put_secret(key, {"token": b"t0ken"})

    # What goes wrong.

    @rule(answer=st.sampled_from(ANSWERS), number=st.integers(1, 3))
    def answers_badly(self, answer: Callable[[], RequestOutcome], number: int) -> None:
        self.signer.answers.extend(answer() for _ in range(number))

    @rule(verdict=st.sampled_from(VERDICTS), number=st.integers(1, 3))
    def checks_badly(self, verdict: Callable[[], Exception], number: int) -> None:
        self.signer.verdicts.extend(verdict() for _ in range(number))

    @rule(fault=st.sampled_from(FAULTS), number=st.integers(1, 3))
    def writes_fail(self, fault: Callable[[], Fault], number: int) -> None:
        self.harness.cluster.faults.extend(fault() for _ in range(number))

    @rule(
        key=requests,
        issuer=issuers,
        mistakes=st.lists(st.sampled_from(["isCA", "usages"]), max_size=4),
        faults=st.lists(st.sampled_from(FAULTS), max_size=3),
    )
    def a_new_request_meets_wrong_certificates_and_failing_writes(
        self, key: ObjectKey, issuer: ObjectKey, mistakes: list[str], faults: list[Callable[[], Fault]]
    ) -> None:
        """In one step, for the search would seldom find all of them one after the other."""
        self.put_secret(secret_key(issuer, issuer.name))
        self.create_issuer(issuer)
        self.time_passes(1)
        self.create_request(key, issuer, Approval.APPROVED, timed=True)
        self.signer.answers.extendleft(WrongCertificate(f"{what} is wrong", what) for what in mistakes)
        self.harness.cluster.faults.extend(fault() for fault in faults)
        self.time_passes(10)

    @rule(key=requests | issuers, recreated=st.booleans())
    def somebody_comes_between(self, key: ObjectKey, recreated: bool) -> None:
        def deed() -> None:
            old = stored(self.harness, key)
            if old is not None and recreated:
                self.harness.cluster.delete(key)
                successor: Any = replace(old, ready=None, deleting=False)
                if isinstance(old, Request):
                    successor = a_request(key.kind, key=key, issuer=old.issuer, approval=Approval.UNDECIDED)
                self.harness.cluster.create(successor)
            elif old is not None:
                self.harness.cluster.update(key, annotations={"by": "somebody"})

        self.harness.cluster.faults.append(meanwhile(deed))

    @rule()
    def the_ca_is_slow(self) -> None:
        self.signer.hold()

    @precondition(lambda self: self.signer.held)
    @rule(data=st.data())
    def the_ca_answers_one(self, data: st.DataObject) -> None:
        self.signer.release(data.draw(st.integers(0, len(self.signer.held) - 1)))
        self.do(self.harness.go_on)

    @rule()
    def the_ca_answers_all(self) -> None:
        self.signer.release_all()

    @rule()
    def the_manager_is_killed_and_started_again(self) -> None:
        self.do(self.harness.kill)
        self.signer.answered.clear()
        self.signer.differences.clear()
        self.uncounted |= {request.uid for request in self.ended() if not self.ends_of(request.uid)}
        self.harness.start()

    # Time.

    @rule(seconds=st.sampled_from([0, 0, 0, 1, 10, 60, 700]))
    def time_passes(self, seconds: int) -> None:
        self.do(lambda: self.harness.advance(seconds * SECOND))

    @rule()
    def a_little_work_is_done(self) -> None:
        self.do(self.harness.a_little)

    @invariant()
    def the_signer_was_asked_only_what_it_may_be_asked(self) -> None:
        assert self.signer.violations == []

    @invariant()
    def a_csr_has_a_certificate_or_has_failed_and_never_both(self) -> None:
        for key in REQUESTS:
            status = self.harness.cluster._statuses.get(key)
            if isinstance(status, SigningRequestStatus):
                assert status.certificate is None or status.failed is None

    @invariant()
    def a_certificate_is_the_requests_own(self) -> None:
        for key in REQUESTS:
            held = certificate(self.harness.cluster._statuses.get(key))
            assert held is None or held == certificate_for(stored(self.harness, key).uid)

    @invariant()
    def an_answer_is_counted_when_it_is_told_and_told_at_most_once(self) -> None:
        told = self.told()
        assert all(seen.count == 1 for seen in told), f"told twice: {told}"
        assert len({seen.event.uid for seen in told}) == len(told) == self.harness.metrics.answers.total()

    def teardown(self) -> None:
        try:
            self.when_all_is_well_again_every_open_request_is_signed()
        finally:
            self.do(self.harness.kill)
            self.runner.close()

    def when_all_is_well_again_every_open_request_is_signed(self) -> None:
        for script in (self.signer.answers, self.signer.verdicts, self.harness.cluster.faults):
            script.clear()
        self.signer.release_all()
        for issuer, secret in zip(ISSUERS, SECRETS, strict=True):
            if not self.there(secret):
                self.put_secret(secret)
            if self.there(issuer):
                self.harness.cluster.update(issuer, deleting=False)
            self.create_issuer(issuer)
        for key in REQUESTS:
            self.decide(key, Approval.APPROVED)
        self.time_passes(700)
        for issuer, secret in zip(ISSUERS, SECRETS, strict=True):
            if stored(self.harness, issuer).ready.reason == "Failed":  # and stays so until somebody mends it
                self.put_secret(secret)
        self.time_passes(700)
        self.everything_has_come_to_its_end()

    def everything_has_come_to_its_end(self) -> None:
        self.the_signer_was_asked_only_what_it_may_be_asked()
        for issuer in ISSUERS:
            assert stored(self.harness, issuer).is_ready, f"{issuer} did not recover: {stored(self.harness, issuer)}"
        for key in REQUESTS:
            request = stored(self.harness, key)
            if request is not None and not request.deleting and request.approval is Approval.APPROVED:
                assert request.is_terminal, f"{key} was left behind: {request}"
        for request in self.ended():
            assert request.uid in self.uncounted or self.ends_of(request.uid) == 1, f"{request.key} was not told"


Controller.TestCase.settings = settings(max_examples=5 * settings().max_examples, stateful_step_count=40)
TestController = Controller.TestCase
