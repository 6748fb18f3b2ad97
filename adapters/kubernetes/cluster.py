"""The port Cluster on a Kubernetes API server.

- `load` answers from the cache, which the watches fill. `apply` writes our whole status with the resource version that
  it was decided on, and puts the response into the cache.
- Secrets are read by name only, and only those that an issuer names.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta

from adapters.idle_cache import IdleCache
from adapters.kubernetes.api import Api
from adapters.kubernetes.codec import Codec
from adapters.kubernetes.errors import TooLarge
from adapters.kubernetes.reflector import Reflector
from adapters.kubernetes.schema import SECRET, SECRETS, Resource, followed
from domain.controller.cache import Cache, Keys
from domain.effects import PatchStatus
from domain.errors import Invalid, NotFound
from domain.model import Credentials, Issuer, ObjectKey, Request, Snapshot
from domain.names import IssuerNames
from domain.ports import Cluster, Enqueue, Metrics

_MOST_BYTES = 2**20  # of a Secret in JSON: 512 KiB of data, as base64, and 256 KiB of annotations have room
_MOST_KEYS = 1000  # of a Secret: a million empty ones would take a hundred times their size in memory
_READ_AT_A_TIME = 8
SECRETS_BUDGET = 16 * 2**20
"""Bytes of all Secrets that are held."""
_ENTRY = 200  # bytes that a key of a Secret takes in memory besides its text
_LEAVE_OUT = "leave out what the issuer's signer does not need"


class KubernetesCluster(Cluster):
    """`namespaces` are those whose objects are followed; none named: all. `held` keeps Secrets that were read."""

    def __init__(
        self,
        api: Api,
        names: IssuerNames,
        codec: Codec,
        held: IdleCache[ObjectKey, Credentials],
        metrics: Metrics,
        namespaces: Sequence[str] = (),
    ) -> None:
        self._api = api
        self._namespaces = namespaces
        self._metrics = metrics
        self._codec = codec
        self._resources = {resource.kind: resource for resource in followed(names)}
        self._held = held
        self._cache = Cache(unused=held.drop)
        self._one_of_few_secrets = asyncio.Semaphore(_READ_AT_A_TIME)
        self._enqueue: Enqueue = _ignore
        self._synced = asyncio.Event()

    async def watch(self, enqueue: Enqueue) -> None:
        self._enqueue = enqueue
        async with asyncio.TaskGroup() as group:
            for resource in self._resources.values():  # one after the other: the first fill what the next look up
                reflectors = [self._reflector(resource, namespace) for namespace in self._scopes(resource)]
                for reflector in reflectors:
                    group.create_task(reflector.run(), name=f"watch {reflector.title}")
                for reflector in reflectors:
                    await reflector.synced.wait()
            self._synced.set()

    async def synced(self) -> None:
        await self._synced.wait()

    def enqueue_all(self) -> None:
        self._enqueue_all(self._cache.all_to_do())

    def issuers(self) -> Iterable[Issuer]:
        return self._cache.issuers()

    def waiting(self) -> Iterable[Request]:
        return self._cache.waiting()

    async def load(self, key: ObjectKey) -> Snapshot | None:
        return self._cache.snapshot(key)

    def issuer_of(self, key: ObjectKey) -> ObjectKey | None:
        return self._cache.issuer_of(key)

    async def reload(self, key: ObjectKey) -> Snapshot | None:
        resource = self._resources[key.kind]
        try:
            obj = await self._api.get(resource, key.namespace, key.name)
        except NotFound:
            self._enqueue_all(self._cache.remove(key))
            return None
        self._enqueue_all(self._cache.refresh(self._codec.object(key.kind, obj)))
        return self._cache.snapshot(key)

    async def apply(self, patch: PatchStatus) -> None:
        key, resource = patch.key, self._resources[patch.key.kind]
        obj = await self._api.apply_status(
            resource, key.namespace, key.name, patch.resource_version, self._codec.status(patch.status)
        )
        self._enqueue_all(self._cache.refresh(self._codec.object(key.kind, obj)))

    async def credentials(self, secret: ObjectKey) -> Credentials:
        held = self._held.get(secret)
        if held is not None and held.version == self._cache.version(secret):
            return held
        async with self._one_of_few_secrets:
            credentials = await self._read(secret)
        if self._cache.is_used(secret):
            self._held.put(secret, credentials, _size(credentials))
        return credentials

    async def _read(self, secret: ObjectKey) -> Credentials:
        name = f"Secret {secret.namespace}/{secret.name}"
        try:
            obj = await self._api.get_within(SECRETS, secret.namespace, secret.name, _MOST_BYTES)
        except TooLarge:
            limit = f"more than the {_MOST_BYTES:,} bytes that are read, its data being in base64"
            raise Invalid(f"{name} has {limit}; {_LEAVE_OUT}") from None
        data = obj.data or {}
        if len(data) > _MOST_KEYS:
            raise Invalid(f"{name} has {len(data):,} keys, more than the {_MOST_KEYS:,} that are read; {_LEAVE_OUT}")
        return Credentials(data, obj.metadata.resourceVersion)

    def _scopes(self, resource: Resource) -> Iterable[str | None]:
        """The namespaces that have a watch each; None, once, for all of them and for what is in none."""
        if not self._namespaces or not resource.namespaced:
            return [None]
        if resource.kind == SECRET:
            return dict.fromkeys((*self._namespaces, self._codec.cluster_resource_namespace))
        return self._namespaces

    def _reflector(self, resource: Resource, namespace: str | None) -> Reflector:
        kind = resource.kind
        return Reflector(
            self._api,
            resource,
            put=lambda obj: self._enqueue_all(self._cache.put(self._codec.object(kind, obj))),
            remove=lambda namespace, name: self._removed(ObjectKey(kind, namespace, name)),
            known=lambda: (
                (key.namespace, key.name) for key in self._cache.keys(kind) if namespace in (None, key.namespace)
            ),
            namespace=namespace,
            metadata_only=kind == SECRET,
            metrics=self._metrics,
        )

    def _removed(self, key: ObjectKey) -> None:
        self._held.drop(key)
        self._enqueue_all(self._cache.remove(key))

    def _enqueue_all(self, keys: Keys) -> None:
        for key, after in keys:
            self._enqueue(key, after)


def _size(credentials: Credentials) -> int:
    """About how many bytes of memory it takes."""
    return sum(_ENTRY + len(name) + len(content) for name, content in credentials.data.items()) + _ENTRY


def _ignore(key: ObjectKey, after: timedelta) -> None:
    """Before `watch`, changes enqueue nothing."""
