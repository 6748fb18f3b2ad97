"""The part of the SignerContract about keys, usages and CA certificates: what a certificate may be used for."""

from __future__ import annotations

import pytest
from cryptography import x509

from domain.ports import Signer
from tests.contracts.signer_cases import EXTENDED_KEY_USAGES, KEY_USAGES, SERVER, ca_request
from tests.contracts.signer_honours import Honours, needs
from tests.contracts.signer_orders import OrderMaker, sign
from tests.support import pki

COMMON_KEYS = ("rsa2048", "p256")
each_key = pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=() if kind in COMMON_KEYS else needs(Honours.KEYS)) for kind in pki.STRONG],
)
whether_ca = pytest.mark.parametrize("is_ca", [False, pytest.param(True, marks=needs(Honours.IS_CA))])


class Usages:
    @each_key
    async def test_the_public_key_is_the_requests(self, signer: Signer, order: OrderMaker, kind: str) -> None:
        answer = await sign(signer, order(pki.csr(pki.key(kind))))

        assert answer.leaf.public_key() == pki.key(kind).public_key()

    @needs(Honours.USAGES)
    @pytest.mark.parametrize(
        ("usage", "bit"),
        [
            pytest.param(usage, bit, marks=needs(Honours.IS_CA) if usage == "cert sign" else ())
            for usage, bit in KEY_USAGES.items()
        ],
    )
    async def test_each_key_usage(self, signer: Signer, order: OrderMaker, usage: str, bit: str) -> None:
        is_ca = usage == "cert sign"
        more = ["key agreement"] if usage.endswith(" only") else []

        answer = await sign(signer, order(pki.csr(common_name="app"), usages=(usage, *more), is_ca=is_ca))

        assert answer.bits() == {bit} | {KEY_USAGES[usage] for usage in more}, "pass order.usages on to the CA"
        assert answer.extension(x509.KeyUsage).critical, "keyUsage must be critical: set it so in the CA's profile"

    @needs(Honours.USAGES)
    @pytest.mark.parametrize(("usage", "purpose"), EXTENDED_KEY_USAGES.items())
    async def test_each_extended_key_usage(self, signer: Signer, order: OrderMaker, usage: str, purpose: str) -> None:
        answer = await sign(signer, order(pki.csr(), usages=("digital signature", usage)))

        assert answer.bits() == {"digital_signature"}
        assert answer.purposes() == {purpose}, "pass order.usages on to the CA"

    @needs(Honours.USAGES, Honours.IS_CA)
    async def test_all_usages_at_once(self, signer: Signer, order: OrderMaker) -> None:
        usages = (*KEY_USAGES, *EXTENDED_KEY_USAGES)

        answer = await sign(signer, order(pki.csr(common_name="app"), usages=usages, is_ca=True))

        assert answer.bits() == set(KEY_USAGES.values())
        assert answer.purposes() == set(EXTENDED_KEY_USAGES.values())

    @needs(Honours.USAGES)
    async def test_without_usages_it_is_cert_managers_default(self, signer: Signer, order: OrderMaker) -> None:
        answer = await sign(signer, order(pki.csr(), usages=()))

        assert answer.bits() == {"digital_signature", "key_encipherment"}
        with pytest.raises(x509.ExtensionNotFound):
            answer.purposes()

    @needs(Honours.USAGES)
    @whether_ca
    async def test_what_cert_manager_writes_into_requests(self, signer: Signer, order: OrderMaker, is_ca: bool) -> None:
        bits = ["digital_signature", "key_encipherment", *(["key_cert_sign"] if is_ca else [])]
        extensions: pki.Extensions = [
            (pki.usage(*bits), True),
            (x509.ExtendedKeyUsage([x509.ObjectIdentifier(EXTENDED_KEY_USAGES["server auth"])]), False),
            (x509.BasicConstraints(ca=is_ca, path_length=None), True),
        ]

        answer = await sign(
            signer, order(pki.csr(common_name="app", extensions=extensions), usages=SERVER, is_ca=is_ca)
        )

        assert answer.bits() == set(bits)

    async def test_a_leaf_is_no_ca(self, signer: Signer, order: OrderMaker) -> None:
        answer = await sign(signer, order(pki.csr()))

        found = [each.value for each in answer.leaf.extensions if isinstance(each.value, x509.BasicConstraints)]
        assert not any(constraints.ca for constraints in found)

    @needs(Honours.IS_CA)
    async def test_a_leaf_says_that_it_is_no_ca(self, signer: Signer, order: OrderMaker) -> None:
        answer = await sign(signer, order(pki.csr()))

        constraints = answer.extension(x509.BasicConstraints)
        assert (constraints.value.ca, constraints.critical) == (False, True)

    @needs(Honours.IS_CA)
    @pytest.mark.parametrize("path_length", [None, 0, 2])
    async def test_a_ca(self, signer: Signer, order: OrderMaker, path_length: int | None) -> None:
        answer = await sign(signer, order(ca_request(path_length), is_ca=True, usages=("crl sign",)))

        constraints = answer.extension(x509.BasicConstraints)
        assert constraints.value == x509.BasicConstraints(ca=True, path_length=path_length)
        assert constraints.critical
        assert "key_cert_sign" in answer.bits()

    @needs(Honours.IS_CA, Honours.USAGES)
    async def test_a_ca_has_cert_sign_beside_its_usages(self, signer: Signer, order: OrderMaker) -> None:
        answer = await sign(signer, order(ca_request(), is_ca=True, usages=("crl sign",)))

        assert answer.bits() == {"key_cert_sign", "crl_sign"}

    @pytest.mark.parametrize(
        "extension",
        [
            x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"),
            x509.NameConstraints([x509.DNSName("example.com")], None),
        ],
        ids=["unknown", "for CAs alone"],
    )
    async def test_an_extension_without_place_is_left_out(
        self, signer: Signer, order: OrderMaker, extension: x509.ExtensionType
    ) -> None:
        """If this fails, set the CA's profile so that it copies no extensions from CSRs."""
        answer = await sign(signer, order(pki.csr(extensions=[(extension, False)])))

        with pytest.raises(x509.ExtensionNotFound):
            answer.leaf.extensions.get_extension_for_oid(extension.oid)
