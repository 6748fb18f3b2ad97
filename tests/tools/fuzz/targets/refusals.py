"""What a refusal may look like.

Exactly the promised class, not a child that somebody else raised; people are told it on one line; no cause that
would quote what was read.
"""

from __future__ import annotations

from domain.conditions import explain, message
from domain.reasons import RequestReason


def check(refusal: Exception, kind: type[Exception], *, begins: str = "", quotes: bool = False) -> None:
    """AssertionError unless it is as promised; `quotes` allows what was read to be in it."""
    said = str(refusal)
    assert type(refusal) is kind, f"{type(refusal).__name__} where {kind.__name__} is promised"
    assert said.startswith(begins), f"a message that does not begin with {begins!r}"
    assert message(RequestReason.REJECTED.value, why=explain(refusal)).isprintable(), "a message that forges lines"
    assert refusal.__cause__ is None, "a refusal with a cause"
    if not quotes:
        assert len(said) <= 300, "a message that quotes what was read"
        assert said.isascii(), "a message that quotes what was read"
        assert said.isprintable(), "a message that quotes what was read"
