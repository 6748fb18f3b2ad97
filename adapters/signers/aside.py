"""Arithmetic on certificates that must not hold up the watches and the Lease.

Law: only what may take long goes to a thread. cryptography keeps Python's lock while it signs and verifies, so that a
thread frees nobody for the time of what is short, and handing it over and back costs as much as the work itself.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")

_SHORT = 8192
"""Bytes; a request of three hundred names. What reads less takes less than half a millisecond."""


async def aside(read: int, work: Callable[[], _Result]) -> _Result:
    """The result of `work`, which reads so many bytes that somebody else wrote."""
    return work() if read <= _SHORT else await asyncio.to_thread(work)
