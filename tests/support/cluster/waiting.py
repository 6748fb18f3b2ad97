"""The one place that waits: ask again until the answer is yes, never longer than a deadline.

No test and no fixture sleeps for a fixed time.
"""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.1


def wait_until(probe: Callable[[], T], seconds: float, what: str) -> T:
    """The first truthy answer of `probe`; what it raises passes through.

    Raises TimeoutError, which names `what` was waited for, after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not (answer := probe()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s in vain: {what}")
        time.sleep(POLL_SECONDS)
    return answer
