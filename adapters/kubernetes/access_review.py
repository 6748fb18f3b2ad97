"""The port AccessReview: a SubjectAccessReview, asked as cert-manager asks before it signs a Kubernetes CSR.

https://cert-manager.io/docs/usage/kube-csr/
https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/subject-access-review-v1/
"""

from __future__ import annotations

from adapters.kubernetes.api import Api
from adapters.kubernetes.token_review import ACCESS_REVIEWS, User, subject
from domain.model import ObjectKey, Requester
from domain.ports import AccessReview

_EVERY_NAME = "*"  # RBAC takes it literally in resourceNames; cert-manager's documentation has roles that say it


class KubernetesAccessReview(AccessReview):
    """`group` is the API group of our issuers."""

    def __init__(self, api: Api, group: str) -> None:
        self._api = api
        self._group = group

    async def may_reference(self, requester: Requester, issuer: ObjectKey) -> bool:
        return await self._may(requester, issuer.namespace, issuer.name) or await self._may(
            requester, issuer.namespace, _EVERY_NAME
        )

    async def _may(self, requester: Requester, namespace: str, name: str) -> bool:
        attributes = {
            "group": self._group,
            "version": "*",
            "resource": "signers",
            "verb": "reference",
            "namespace": namespace,
            "name": name,
        }
        review = await self._api.review(ACCESS_REVIEWS, {"resourceAttributes": attributes, **subject(_user(requester))})
        allowed: bool = review.status.allowed
        return allowed


def _user(requester: Requester) -> User:
    extra = {name: list(values) for name, values in requester.extra.items()}
    return User(requester.username, requester.uid, list(requester.groups), extra)
