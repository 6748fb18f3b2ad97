"""What every CAStore must do.

Inherit, and say how to make one:

    class TestMine(CAStoreContract):
        @pytest.fixture
        def store(self) -> CAStore:
            return MyCAStore(...)
"""

import asyncio

import pytest

from domain.ports import CAStore

Pair = tuple[bytes, bytes]


class Makers:
    """Makes a different pair each time, and remembers how many."""

    def __init__(self) -> None:
        self.made: list[Pair] = []

    def __call__(self) -> Pair:
        number = len(self.made)
        self.made.append((f"certificate {number}\n".encode(), f"key {number}\n".encode()))
        return self.made[-1]


class CAStoreContract:
    @pytest.fixture
    def store(self) -> CAStore:
        """An empty store."""
        raise NotImplementedError

    @pytest.fixture
    def elsewhere(self, store: CAStore) -> CAStore:
        """The same store as another process sees it; override where there can be another process."""
        return store

    @pytest.fixture
    def make(self) -> Makers:
        return Makers()

    async def test_an_empty_store_keeps_what_was_made(self, store: CAStore, make: Makers) -> None:
        assert await store.get_or_create(make) == make.made[0]

    async def test_what_is_kept_is_not_made_again(self, store: CAStore, elsewhere: CAStore, make: Makers) -> None:
        first = await store.get_or_create(make)

        assert await store.get_or_create(_never) == first
        assert await elsewhere.get_or_create(_never) == first

    async def test_all_of_several_callers_get_the_same_pair(
        self, store: CAStore, elsewhere: CAStore, make: Makers
    ) -> None:
        callers = [store.get_or_create(make) for _ in range(5)] + [elsewhere.get_or_create(make) for _ in range(5)]

        pairs = set(await asyncio.gather(*callers))

        assert len(pairs) == 1
        assert pairs == {await store.get_or_create(_never)}
        assert pairs <= set(make.made)

    async def test_a_maker_that_fails_leaves_the_store_empty(self, store: CAStore, make: Makers) -> None:
        with pytest.raises(ArithmeticError):
            await store.get_or_create(_failing)

        assert await store.get_or_create(make) == make.made[0]


def _never() -> Pair:
    raise AssertionError("there was a pair already")


def _failing() -> Pair:
    raise ArithmeticError("no entropy")
