"""Failures, named by their consequence.

Law: a signer raises one of these to say what must follow. Their messages reach users in conditions and Events: they
name object, field and remedy, never a credential or a response body. Anything else that a signer raises is retried
too, but of that only the class is shown, since nobody knows what its message holds.
A port's adapters raise ClusterError and its children, whatever their client library calls the same thing.
"""

from datetime import timedelta


class SigningError(Exception):
    """The signer knows what went wrong and its message may be shown; by itself it means: try again later."""


class RequestRejected(SigningError):
    """This request can never be signed: it becomes Failed."""


class IssuerUnhealthy(SigningError):
    """The CA cannot serve anybody just now: the issuer becomes Pending, its requests wait (circuit breaker)."""


class IssuerFailed(IssuerUnhealthy):
    """The issuer can never work as it is: it becomes Failed until its spec or its Secret changes."""


class ClusterError(Exception):
    """The cluster did not do as asked; the work is retried."""

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotFound(ClusterError):
    """The object does not exist (HTTP 404)."""


class Conflict(ClusterError):
    """The object changed since it was read, or exists already (HTTP 409): read again and decide again."""


class Gone(ClusterError):
    """The resourceVersion is too old to continue from (HTTP 410): list again."""


class Invalid(ClusterError):
    """The write can never be accepted as it is (HTTP 400, 413, 422, or a name that is none)."""


class Forbidden(ClusterError):
    """RBAC or an admission webhook refuses (HTTP 401, 403)."""


class Throttled(ClusterError):
    """The server asks to come back later (HTTP 429)."""


class Transient(ClusterError):
    """The server, or the way to it, failed: 5xx, timeouts, broken connections."""


class UnknownOutcome(ClusterError):
    """The answer to a write could not be read; the write may have happened."""
