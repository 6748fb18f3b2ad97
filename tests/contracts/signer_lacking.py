"""The part of the SignerContract about what a CA does not honour: it concerns the one request that asks for it.

Such a request is refused, or signed with what the CA decides where users are told so. It never stops its issuer, and
never gets a certificate that is for more than was asked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from domain.errors import IssuerUnhealthy, SigningError
from domain.model import Credentials, IssuerSpec
from domain.ports import Signer
from tests.contracts.signer_cases import PRINCIPAL, ca_request
from tests.contracts.signer_honours import Honours, lacks
from tests.contracts.signer_orders import OrderMaker, sign_or_fail
from tests.support import pki

_DNS = ["app.example.com"]
_CONSTRAINTS = x509.NameConstraints([x509.DNSName("example.com")], None)
ORDERS: dict[Honours, Callable[[], dict[str, Any]]] = {
    Honours.SUBJECT: lambda: {"csr": pki.csr(common_name="Company", dns=_DNS)},
    Honours.USAGES: lambda: {"csr": pki.csr(), "usages": ("signing", "code signing")},
    Honours.DURATION: lambda: {"csr": pki.csr(), "duration": timedelta(minutes=10)},
    Honours.IS_CA: lambda: {"csr": ca_request(), "is_ca": True},
    Honours.NAME_CONSTRAINTS: lambda: {"csr": ca_request(1, (_CONSTRAINTS, True)), "is_ca": True},
    Honours.IP_ADDRESSES: lambda: {"csr": pki.csr(dns=_DNS, ips=["192.0.2.1"])},
    Honours.URIS: lambda: {"csr": pki.csr(dns=_DNS, uris=["spiffe://example.com/app"])},
    Honours.EMAIL_ADDRESSES: lambda: {"csr": pki.csr(dns=_DNS, emails=["ops@example.com"])},
    Honours.OTHER_NAMES: lambda: {"csr": pki.csr(dns=_DNS, others=[PRINCIPAL])},
    Honours.KEYS: lambda: {"csr": pki.csr(pki.key("p384"))},
}
"""For each thing that a CA may not honour, an order that asks for it."""
ALWAYS_COMPARED = (
    Honours.IS_CA,
    Honours.NAME_CONSTRAINTS,
    Honours.IP_ADDRESSES,
    Honours.URIS,
    Honours.EMAIL_ADDRESSES,
    Honours.OTHER_NAMES,
)
"""A certificate that differs in these is not passed on; one that is passed on has what was asked for."""


class Lacking:
    @pytest.mark.parametrize("member", [pytest.param(member, marks=lacks(member), id=member.name) for member in ORDERS])
    async def test_what_the_ca_does_not_honour_stops_no_other_request(
        self, signer: Signer, order: OrderMaker, issuer: IssuerSpec, credentials: Credentials, member: Honours
    ) -> None:
        asked = order(**ORDERS[member]())
        try:
            answer = await sign_or_fail(signer, asked)
        except IssuerUnhealthy as error:
            raise AssertionError(
                f"{type(error).__name__}: {error}\nThis makes all requests of the issuer wait: raise "
                f"RequestRejected for what the CA refuses in one request"
            ) from error
        except SigningError:
            await signer.check(issuer, credentials)
            return

        assert member not in ALWAYS_COMPARED, f"the CA does give {member.value}: add Honours.{member.name} to `honours`"
        assert answer.leaf.public_key() == x509.load_pem_x509_csr(asked.csr).public_key()
        begin, end = answer.leaf.not_valid_before_utc, answer.leaf.not_valid_after_utc
        assert asked.duration is None or end - begin <= asked.duration + timedelta(minutes=15)

    @lacks(Honours.ROOT)
    async def test_no_root_is_made_up(self, signer: Signer, order: OrderMaker) -> None:
        answer = await sign_or_fail(signer, order(pki.csr()))

        assert answer.issued.ca is None, "Issued.ca is there: add Honours.ROOT to `honours`"
