"""A pytest plugin: a test of the SignerContract whose signer is not wrapped in VerifyingSigner fails and says so.

Without it most of them would fail for that reason and say something else.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.signers.verify import VerifyingSigner
from domain.ports import Signer

BARE = (
    "The signer under test is not wrapped in VerifyingSigner: wrap it, as the container does. Have the fixture "
    "`signer` return VerifyingSigner(Mine(...), clock). A signer around that one must subclass SignerDecorator "
    "(adapters/signers/decorators.py)"
)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    suite = item.getparent(pytest.Class)
    if suite is None or not hasattr(suite.obj, "honours"):
        return
    signer = getattr(item, "funcargs", {}).get("signer")
    if signer is None or any(isinstance(layer, VerifyingSigner) for layer in _layers(signer)):
        return
    pytest.fail(BARE, pytrace=False)


def _layers(signer: Signer) -> Iterator[Signer]:
    """The signer, and those that it is wrapped around."""
    layer: Signer | None = signer
    while layer is not None:
        yield layer
        layer = getattr(layer, "_inner", None)
