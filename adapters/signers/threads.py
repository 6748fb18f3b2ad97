"""Runs work on certificates and keys in threads, so that it does not hold up the event loop, its watches and the Lease.

- Only what may take long goes to a thread: cryptography keeps Python's lock while it signs and verifies, so that short
  work would gain nothing, and handing it over costs as much as the work itself.
- Of each namespace at most one piece of work runs at a time; the rest of it waits in that namespace's own line. So a
  namespace with a thousand pieces, or slow ones, holds one thread, and the others keep theirs.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class NamespaceExecutor:
    """A ThreadPoolExecutor of `threads` threads with a line for each namespace. Belongs to no event loop."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="signers")
        self._lines: dict[str, deque[tuple[Future[Any], Callable[[], Any]]]] = {}
        self._guard = threading.Lock()

    def submit(self, namespace: str, work: Callable[[], _Result]) -> Future[_Result]:
        """Runs the work after all that this namespace submitted before. Until it begins, it can be cancelled."""
        future: Future[_Result] = Future()
        with self._guard:
            line = self._lines.setdefault(namespace, deque())
            line.append((future, work))
            if len(line) == 1:
                self._pool.submit(self._do_first, namespace)
        return future

    def _do_first(self, namespace: str) -> None:
        _do(*self._lines[namespace][0])
        with self._guard:
            line = self._lines[namespace]
            line.popleft()
            if line:  # behind what other namespaces have submitted meanwhile
                self._pool.submit(self._do_first, namespace)
            else:
                del self._lines[namespace]


def _do(future: Future[_Result], work: Callable[[], _Result]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # a panic of cryptography is no Exception; the caller gets all
        future.set_exception(error)
    else:
        future.set_result(result)


_SHORT = 8192
"""Bytes; a request of three hundred names. What reads less takes less than half a millisecond."""
_EXECUTOR = NamespaceExecutor(threads=4)
"""The signers' own: asyncio's default one would be shared with name resolution and with the other adapters."""


async def run_in_thread_if_large(namespace: str, read: int, work: Callable[[], _Result]) -> _Result:
    """The result of `work`, which reads `read` bytes of input; in a thread where they are more than 8 KiB."""
    return work() if read <= _SHORT else await run_in_thread(namespace, work)


async def run_in_thread(namespace: str, work: Callable[[], _Result]) -> _Result:
    """The result of `work`, done in a thread. `namespace` is that of the issuer's Secret: it has one thread at a time.

    If the caller is cancelled, work that has not begun is dropped; work that has begun keeps its thread to the end.
    """
    return await asyncio.wrap_future(_EXECUTOR.submit(namespace, work))
