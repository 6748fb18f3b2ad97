"""Authenticates a bearer token and authorizes a path, by TokenReview and SubjectAccessReview.

The token is sent to the API server and nowhere else. An invalid token and a missing right are answers; ClusterError
means that the API server could not be asked. Sources:
https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/subject-access-review-v1/
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec

from adapters.kubernetes.api import Api
from adapters.kubernetes.schema import resource


class Verdict(Enum):
    ALLOWED = "allowed"
    UNKNOWN = "unknown"
    """The API server does not accept the token."""
    FORBIDDEN = "forbidden"


class User(msgspec.Struct):
    username: str = ""
    uid: str | None = None
    groups: list[str] | None = None
    extra: dict[str, list[str]] | None = None


class _Authentication(msgspec.Struct):
    authenticated: bool = False
    user: User | None = None


class TokenReviewObject(msgspec.Struct):
    status: _Authentication = msgspec.field(default_factory=_Authentication)


class _Access(msgspec.Struct):
    allowed: bool = False


class AccessReviewObject(msgspec.Struct):
    status: _Access = msgspec.field(default_factory=_Access)


TOKEN_REVIEWS = resource(
    "TokenReview", "authentication.k8s.io", "v1", "tokenreviews", TokenReviewObject, namespaced=False
)
ACCESS_REVIEWS = resource(
    "SubjectAccessReview", "authorization.k8s.io", "v1", "subjectaccessreviews", AccessReviewObject, namespaced=False
)


class Reviews:
    def __init__(self, api: Api) -> None:
        self._api = api

    async def may_get(self, path: str, token: str) -> Verdict:
        """Whether the holder of this token may `get` the path, as a nonResourceURL. Raises ClusterError."""
        found = (await self._api.review(TOKEN_REVIEWS, {"token": token})).status
        if not found.authenticated or found.user is None:
            return Verdict.UNKNOWN
        asked = {"nonResourceAttributes": {"path": path, "verb": "get"}, **subject(found.user)}
        allowed = (await self._api.review(ACCESS_REVIEWS, asked)).status.allowed
        return Verdict.ALLOWED if allowed else Verdict.FORBIDDEN


def subject(user: User) -> dict[str, Any]:
    """The fields of a SubjectAccessReview's spec that name the user."""
    wanted = {"user": user.username, "uid": user.uid, "groups": user.groups, "extra": user.extra}
    return {field: value for field, value in wanted.items() if value}
