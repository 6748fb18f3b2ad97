"""Decides about CertificateRequests, CertificateSigningRequests and PodCertificateRequests, by `decide` and `settle`.

Both are pure. The kinds are decided alike, except that nobody approves a pod's request: the issuer's spec does.
`decide` returns Sign only for a request that is approved and has no answer yet. deploy/README.md explains the reasons,
under "Requests".
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from domain import answers, durations, pods, rights
from domain.annotations import apply_csr_annotations
from domain.conditions import explain
from domain.effects import (
    NOTHING,
    Effects,
    Event,
    Review,
    Sign,
)
from domain.errors import (
    AdmissionRefused,
    ClusterError,
    Invalid,
    IssuerUnhealthy,
    RequestRejected,
    SigningError,
    UnsupportedKey,
    WrongCertificate,
)
from domain.model import (
    POD_CERTIFICATE_REQUEST,
    Approval,
    Credentials,
    Issued,
    Issuer,
    ObjectKey,
    Pending,
    PendingOrder,
    Request,
    RequestSnapshot,
    SignRequest,
)
from domain.names import IssuerNames
from domain.pods import Denial, Pod, PodPolicy
from domain.reasons import RequestReason
from domain.retry import Attempt, Moment, RetryPolicy

_LONGEST_HANDLE = 4096
_LONGEST_POLL = timedelta(days=30)
"""Also where the CA names a longer time, which may be a mistake."""


def decide(
    snapshot: RequestSnapshot, attempt: Attempt, now: Moment, policy: RetryPolicy, names: IssuerNames
) -> Effects | Sign | Review:
    """What to do next; Sign says that `order` may go to the signer now.

    Review says that the cluster must be asked first; then `reviewed` decides, or without an answer `unreviewed`.
    """
    request = snapshot.request
    if request.issuer is None or request.deleting or request.invalid or request.is_terminal:
        return NOTHING
    if request.approval is Approval.DENIED:
        return answers.denied_by_approver(request, now.date)
    if request.unserved:  # before approval, which cert-manager's webhook refuses for a kind that does not exist
        return _unserved(request, attempt, now.date)
    if request.approval is Approval.UNDECIDED:
        return _unapproved(request, attempt, now, policy, names)
    if attempt.first_seen is None:
        attempt = replace(attempt, first_seen=now)
    attempt = _without_old_answer(request, attempt, now.date)
    if attempt.outcome is not None:  # an answer that could not be written when it came
        return settle(snapshot, attempt, attempt.outcome, now, policy)
    if request.problem:
        return settle(snapshot, attempt, RequestRejected(request.problem), now, policy)
    if request.must_reference:
        return Review(request.issuer, attempt)
    return _sign_when_ready(snapshot, attempt, now)


def reviewed(
    snapshot: RequestSnapshot, attempt: Attempt, allowed: bool, now: Moment, names: IssuerNames
) -> Effects | Sign:
    """What to do once the cluster has said whether the requester may reference the issuer."""
    if allowed:
        return _sign_when_ready(snapshot, attempt, now)
    why = rights.to_reference(snapshot.request, names)
    return answers.failed(snapshot.request, RequestReason.MAY_NOT_REFERENCE.value, why, now.date)


def unreviewed(request: Request, attempt: Attempt, trouble: ClusterError, policy: RetryPolicy) -> Effects:
    """The cluster did not say whether the requester may reference the issuer: asks again with backoff, for ever."""
    attempt = replace(attempt, failures=attempt.failures + 1)
    why = f"the API server did not say whether the requester may reference {request.issuer}: {explain(trouble)}"
    wait = policy.backoff(attempt.failures, attempt.uid)
    effects = answers.announced(request, attempt, RequestReason.RETRYING.value, why)
    return replace(effects, requeue_after=max(wait, trouble.retry_after or wait))


def _sign_when_ready(snapshot: RequestSnapshot, attempt: Attempt, now: Moment) -> Effects | Sign:
    request, issuer = snapshot.request, snapshot.issuer
    if issuer is None:
        return _wait(request, attempt, f"{request.issuer} not found", now.date)
    if not issuer.is_ready:
        return _wait(request, attempt, f"{issuer.key} is not Ready", now.date)
    if request.pod and (denial := pods.denial(request.pod, issuer.spec.pods)):
        return answers.denied(request, denial, now.date)
    if request.order is None:
        return Sign(issuer, attempt)
    poll = _poll(request.order, attempt, now)
    if now.uptime < poll.uptime:
        return Effects(attempt=replace(attempt, poll=poll), requeue_after=min(poll.uptime - now.uptime, _LONGEST_POLL))
    return Sign(issuer, replace(attempt, poll=poll))


def _unserved(request: Request, attempt: Attempt, now: datetime) -> Effects:
    if request.pod:
        return answers.denied(request, Denial(RequestReason.POD_SIGNER.value, request.unserved), now)
    return answers.reported(request, attempt, RequestReason.UNSERVED.value, request.unserved, now, request.order)


def _without_old_answer(request: Request, attempt: Attempt, now: datetime) -> Attempt:
    """A pod's certificate that begins too long ago is dropped: the API server would not store it."""
    if request.pod is None or not isinstance(attempt.outcome, Issued) or attempt.outcome.validity is None:
        return attempt
    return replace(attempt, outcome=None) if now > attempt.outcome.validity[0] + pods.WRITE_WITHIN else attempt


def _poll(order: PendingOrder, attempt: Attempt, now: Moment) -> Moment:
    """When the order is due; after a restart by the wall clock, but in no more than the whole time of the order."""
    if attempt.poll and attempt.poll.date == order.due:
        return attempt.poll
    return Moment(order.due, now.uptime + min(order.due - now.date, order.due - order.since))


def sign_request(
    request: Request, issuer: Issuer, credentials: Credentials, *, allow_annotations: bool = False
) -> SignRequest:
    """What the signer is asked; `allow_annotations` is what it does where the issuer does not say."""
    allowed = issuer.spec.allow_annotations
    if allow_annotations if allowed is None else allowed:
        request = apply_csr_annotations(request)
    order = SignRequest(
        uid=request.uid,
        csr=request.csr,
        usages=request.usages,
        is_ca=request.is_ca,
        duration=request.duration,
        issuer=issuer.spec,
        credentials=credentials,
        handle=request.order.handle if request.order else None,
    )
    return _for_pod(order, request.pod, issuer.spec.pods) if request.pod and issuer.spec.pods else order


def _for_pod(order: SignRequest, pod: Pod, policy: PodPolicy) -> SignRequest:
    """The pod's request says how long at most; all else is the issuer's to say."""
    durations_ = [each for each in (order.duration, policy.max_duration) if each is not None]
    return replace(order, names=pods.names(pod, policy), usages=policy.usages, duration=min(durations_, default=None))


def settle(
    snapshot: RequestSnapshot,
    attempt: Attempt,
    outcome: Issued | Pending | Exception,
    now: Moment,
    policy: RetryPolicy,
) -> Effects:
    """What follows from the signer's answer, or from what it raised."""
    request, attempt = snapshot.request, replace(attempt, outcome=None)
    match outcome:
        case Issued():
            return answers.issued(request, snapshot.issuer, outcome, now.date)
        case UnsupportedKey() if request.pod:
            return answers.denied(request, Denial(RequestReason.UNSUPPORTED_KEY.value, explain(outcome)), now.date)
        case RequestRejected():
            return answers.failed(request, RequestReason.REJECTED.value, explain(outcome), now.date)
        case Pending(handle=str(handle)) if len(handle) > _LONGEST_HANDLE:
            outcome = SigningError(
                f"the signer's handle has {len(handle):,} characters, {_LONGEST_HANDLE:,} are allowed"
            )
        case Pending():
            return _ordered(request, replace(attempt, failures=0), outcome, now, policy)
        case IssuerUnhealthy():
            return _wait(request, attempt, explain(outcome), now.date)
        case WrongCertificate(difference=difference) if difference == attempt.difference:
            return answers.failed(request, RequestReason.WRONG_TWICE.value, explain(outcome), now.date)
        case WrongCertificate():  # failures of other kinds in between are no answers: they do not change `difference`
            attempt = replace(attempt, difference=outcome.difference)
    return _retry(snapshot, replace(attempt, failures=attempt.failures + 1), outcome, now, policy)


def remembered(snapshot: RequestSnapshot, attempt: Attempt) -> RequestSnapshot:
    """With the order that only this process knows of, since the status of a pod's request cannot keep it."""
    if attempt.order is None:
        return snapshot
    return replace(snapshot, request=replace(snapshot.request, order=attempt.order))


def refused_certificate(request: ObjectKey, refusal: Invalid) -> SigningError:
    """What follows where the API server will never take the certificate; for a pod another one may begin in time."""
    why = f"the API server refused the signed certificate: {explain(refusal)}"
    return SigningError(why) if request.kind == POD_CERTIFICATE_REQUEST else RequestRejected(why)


def refused(request: Request, refusal: AdmissionRefused) -> Event:
    """The Event for a status that admission refuses: a status could not say it."""
    return answers.event(request, RequestReason.REFUSED.value, explain(refusal))


def _ordered(request: Request, attempt: Attempt, answer: Pending, now: Moment, policy: RetryPolicy) -> Effects:
    after = min(max(answer.poll_after, policy.first), _LONGEST_POLL)
    order = PendingOrder(answer.handle, request.order.since if request.order else now.date, now.date + after)
    attempt = replace(attempt, poll=Moment(order.due, now.uptime + after))
    effects = answers.reported(request, attempt, RequestReason.ORDERED.value, answer.reason, now.date, order)
    return replace(effects, requeue_after=after)


def _retry(
    snapshot: RequestSnapshot, attempt: Attempt, failure: Exception, now: Moment, policy: RetryPolicy
) -> Effects:
    request, why = snapshot.request, explain(failure)
    opened = _opened(snapshot, attempt, now)
    left = opened.uptime + policy.max_duration - now.uptime
    if left <= timedelta(0):
        return answers.failed(
            request, RequestReason.GIVEN_UP.value, why, now.date, retried=durations.text(policy.max_duration)
        )
    attempt = replace(attempt, opened=opened)
    effects = answers.reported(request, attempt, RequestReason.RETRYING.value, why, now.date, request.order)
    event = answers.event(request, RequestReason.RETRYING.value, why)
    return replace(effects, event=event, requeue_after=min(policy.backoff(attempt.failures, attempt.uid), left))


def _opened(snapshot: RequestSnapshot, attempt: Attempt, now: Moment) -> Moment:
    """The retry window opens when the request could have been signed: approved, its issuer Ready, its order due.

    Which of these was last is known by their times in objects. How long ago that was is asked of the wall clock only
    at the first failure. A time that lies in the future, because the wall clock was set back, counts as now.
    A pod's request counts from when it was first seen, since no kubelet asks again after Failed.
    """
    request, ready = snapshot.request, snapshot.issuer.ready if snapshot.issuer else None
    seen = attempt.first_seen and attempt.first_seen.date
    approved = request.approved_at if not request.pod else None
    times = (approved or seen, ready and ready.since, request.order and request.order.due)
    date = max((time for time in times if time), default=now.date)
    for known in (attempt.opened, attempt.first_seen, attempt.poll):
        if known and known.date == date:
            return known
    return Moment(date, now.uptime - max(now.date - date, timedelta(0)))


def _unapproved(request: Request, attempt: Attempt, now: Moment, policy: RetryPolicy, names: IssuerNames) -> Effects:
    """An Event says why the request waits; not at once, since cert-manager usually approves within seconds."""
    due = attempt.due or now.uptime + policy.approval_grace
    if now.uptime < due:
        return Effects(attempt=replace(attempt, due=due), requeue_after=due - now.uptime)
    return answers.announced(request, attempt, RequestReason.UNAPPROVED.value, rights.to_approve(request, names))


def _wait(request: Request, attempt: Attempt, why: str, now: datetime) -> Effects:
    """Nothing to do before the issuer changes, which enqueues the request."""
    return answers.reported(request, attempt, RequestReason.WAITING.value, why, now, request.order)
