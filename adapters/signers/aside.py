"""Arithmetic on certificates and keys that must not hold up the event loop, and so the watches and the Lease.

Only what may take long goes to a thread. cryptography keeps Python's lock while it signs and verifies, so that a thread
frees nobody for the time of what is short, and handing it over and back costs as much as the work itself.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from adapters.signers.executor import NamespaceExecutor

_Result = TypeVar("_Result")

_SHORT = 8192
"""Bytes; a request of three hundred names. What reads less takes less than half a millisecond."""
_EXECUTOR = NamespaceExecutor(threads=4)
"""The signers' own: asyncio's default one would be shared with name resolution and with the other adapters."""


async def aside(namespace: str, read: int, work: Callable[[], _Result]) -> _Result:
    """The result of `work`, which reads `read` bytes of somebody else's; in a thread where they are many."""
    return work() if read <= _SHORT else await run_in_thread_if_large(namespace, work)


async def run_in_thread_if_large(namespace: str, work: Callable[[], _Result]) -> _Result:
    """The result of `work`, done in a thread. `namespace` is that of the issuer's Secret: it has one thread at a time.

    If the caller is cancelled, work that has not begun is dropped; work that has begun keeps its thread to the end.
    """
    return await asyncio.wrap_future(_EXECUTOR.submit(namespace, work))
