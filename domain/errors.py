"""Exceptions, named by what follows from them.

- A signer raises RequestRejected, IssuerUnhealthy, IssuerFailed or SigningError; the docstrings name issuer-lib's
  equivalents. Anything else that a signer raises is retried, and users see only its class.
- Adapters of the ports raise ClusterError and its subclasses, whatever their client library calls the same failure.
- Messages are shown in conditions and Events. They name object, field and remedy, and hold neither a credential nor a
  response body.
"""

from datetime import timedelta


class SigningError(Exception):
    """A failure of a signer whose message may be shown. The request is retried."""


class WrongCertificate(SigningError):
    """The CA's answer is not what it was asked for: it is not stored, and the CA is asked once more.

    `difference` is equal whenever the CA repeats its mistake: what differs, without times, sizes or serial numbers. The
    same difference in two answers in a row fails the request.
    """

    def __init__(self, message: str, difference: str = "") -> None:
        super().__init__(message)
        self.difference = difference or message


class RequestRejected(SigningError):
    """This request can never be signed: it becomes Failed."""


class UnsupportedKey(RequestRejected):
    """The signer does not accept this type of key. The message names types that it accepts. A pod is denied."""


class IssuerUnhealthy(SigningError):
    """No request can be signed just now: the issuer becomes Pending, its requests wait (circuit breaker)."""


class IssuerFailed(IssuerUnhealthy):
    """The issuer can never work as it is: it becomes Failed until its spec or its Secret changes."""


class ClusterError(Exception):
    """A call to the cluster failed; the work is retried."""

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotFound(ClusterError):
    """The object does not exist (HTTP 404)."""


class NotServed(ClusterError):
    """The API server does not have this kind of object, as older versions of Kubernetes do not."""


class NameTaken(ClusterError):
    """An object of the name that ours would have is somebody else's: it is left alone."""


class Conflict(ClusterError):
    """The object changed since it was read, or exists already (HTTP 409): read again and decide again."""


class Gone(ClusterError):
    """The resourceVersion is too old to continue from (HTTP 410): list again."""


class Invalid(ClusterError):
    """The API server can never accept the write as it is (its own HTTP 400 or 422, or a name that is none)."""


class AdmissionRefused(ClusterError):
    """An admission webhook, policy or plugin refuses the write, with any HTTP status: it may accept it later."""


class Forbidden(ClusterError):
    """Authentication or RBAC refuses (HTTP 401, 403)."""


class Throttled(ClusterError):
    """The server asks to come back later (HTTP 429)."""


class Transient(ClusterError):
    """The server, or the way to it, failed: 5xx, timeouts, broken connections."""


class UnknownOutcome(ClusterError):
    """The answer to a write could not be read; the write may have happened."""


class LeadLost(Exception):
    """This process was the leader and has lost the Lease: it must end. The log has the reason."""
