"""The port TrustBundles: one ClusterTrustBundle for each issuer.

- A label says that a bundle is ours. That its name and its signerName fit together is the API server's own rule.
- An ownerReference to the issuer has the garbage collector of Kubernetes delete the bundle after the issuer.
- Writes name the resourceVersion that was read, so that nothing of somebody else's is overwritten.

https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#cluster-trust-bundles
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

from adapters.kubernetes.api import Api
from adapters.kubernetes.schema import TRUST_BUNDLES, TrustBundleObject
from domain.errors import Forbidden, Invalid, NameTaken, NotFound, NotServed
from domain.model import Issuer
from domain.names import IssuerNames
from domain.ports import MergeRoots, TrustBundles

MANAGED_BY = "app.kubernetes.io/managed-by"


class KubernetesTrustBundles(TrustBundles):
    def __init__(self, api: Api, names: IssuerNames, merge: MergeRoots) -> None:
        self._api = api
        self._names = names
        self._merge = merge

    async def publish(self, issuer: Issuer, roots: bytes, now: datetime) -> str:
        async with self._served():
            return await self._publish(issuer, roots, now)

    async def remove(self, issuer: Issuer) -> None:
        name = self._names.trust_bundle_name(issuer.key)
        async with self._served():
            if (present := await self._read(name)) is not None:
                with suppress(NotFound):
                    await self._api.delete(TRUST_BUNDLES, "", name, present.metadata["resourceVersion"])

    async def _publish(self, issuer: Issuer, roots: bytes, now: datetime) -> str:
        name, owner = self._names.trust_bundle_name(issuer.key), self._owner(issuer)
        present = await self._read(name)
        is_its = present is not None and present.metadata.get("ownerReferences") == [owner]
        text = await self._merged(present.spec.trustBundle if present and is_its else "", roots, now)
        metadata = present.metadata if present else {"name": name, "labels": {MANAGED_BY: self._names.controller}}
        body = {
            "apiVersion": TRUST_BUNDLES.api_version,
            "kind": TRUST_BUNDLES.kind,
            "metadata": {**metadata, "ownerReferences": [owner]},
            "spec": {"signerName": self._names.signer_name(issuer.key), "trustBundle": text},
        }
        if present is None:
            await self._api.create(TRUST_BUNDLES, "", body)
        elif not is_its or text != present.spec.trustBundle:
            await self._api.replace(TRUST_BUNDLES, "", body)
        return name

    @asynccontextmanager
    async def _served(self) -> AsyncIterator[None]:
        """Asks the API server whether it has the kind at all, if an answer of it may be due to that."""
        try:
            yield
        except (NotFound, Forbidden):
            if await self._api.serves(TRUST_BUNDLES):
                raise
            what = f"{TRUST_BUNDLES.kind} in {TRUST_BUNDLES.api_version}"
            raise NotServed(f"this version of Kubernetes has no {what}") from None

    async def _read(self, name: str) -> TrustBundleObject | None:
        try:
            found: TrustBundleObject = await self._api.get(TRUST_BUNDLES, "", name)
        except NotFound:
            return None
        if (found.metadata.get("labels") or {}).get(MANAGED_BY) != self._names.controller:
            raise NameTaken(f"{name} has no label {MANAGED_BY}: {self._names.controller}")
        return found

    async def _merged(self, published: str, roots: bytes, now: datetime) -> str:
        try:
            return (await asyncio.to_thread(self._merge, published.encode(), roots, now)).decode()
        except ValueError as error:
            raise Invalid(f"the bundle {error}") from None

    def _owner(self, issuer: Issuer) -> Mapping[str, Any]:
        version = f"{self._names.group}/{self._names.version}"
        return {"apiVersion": version, "kind": issuer.key.kind, "name": issuer.key.name, "uid": issuer.uid}
