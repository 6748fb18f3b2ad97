"""From what a CA elsewhere returned to what a signer returns: the leaf, the way up, and the end of it to trust."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

from cryptography import x509

from adapters.signers.x509 import bag, keys
from domain.errors import SigningError
from domain.model import Issued

Certificates = Sequence[x509.Certificate]


async def assemble(
    who: str,
    found: Certificates,
    key: keys.PublicKey,
    trusted: Certificates,
    renew: Callable[[], Awaitable[Certificates]],
) -> Issued:
    """The certificate for `key` among those found, its chain, and of `trusted` the one that the chain leads to.

    Where it leads to none of them the CA may have a new one: then `renew` is asked, once, and its failure does not
    cost the certificate. SigningError where there is no certificate for the key, or no telling who issued it; `who`
    begins that message.
    """

    def climb() -> Certificates:
        try:
            return bag.path(bag.leaf(found, key), [*found, *trusted])
        except ValueError as error:
            raise SigningError(f"the answer of {who} {error}; see its log") from None

    path = await asyncio.to_thread(climb)
    if not bag.is_complete(path, trusted):
        with contextlib.suppress(SigningError):
            trusted = await renew()
            path = await asyncio.to_thread(climb)
    return bag.issued(path, trusted)
