"""The part of the SignerContract about the chain: whether clients, Go programs and openssl accept what was issued."""

from __future__ import annotations

import asyncio
from collections.abc import Set
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from domain.model import Credentials
from domain.ports import Signer
from tests.contracts.signer_cases import NAMES, SERVER
from tests.contracts.signer_honours import ALL, Honours, needs
from tests.contracts.signer_names import honoured_names
from tests.contracts.signer_orders import OrderMaker, is_web_pki, policy, sign
from tests.contracts.signer_usages import COMMON_KEYS, each_key
from tests.integration.x509_reader.reader import GoReader
from tests.support import openssl, pki

common_keys = pytest.mark.parametrize("kind", COMMON_KEYS)


def _is_self_signed(certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


class Chain:
    honours: Set[Honours] = ALL

    @each_key
    async def test_each_certificate_is_signed_by_the_next(self, signer: Signer, order: OrderMaker, kind: str) -> None:
        answer = await sign(signer, order(pki.csr(pki.key(kind))))

        path = [answer.leaf, *answer.intermediates]
        for child, parent in pairwise(path):
            child.verify_directly_issued_by(parent)

    @needs(Honours.ROOT)
    async def test_the_ca_certificate_is_known_and_stands_above_the_chain(
        self, signer: Signer, order: OrderMaker
    ) -> None:
        answer = await sign(signer, order(pki.csr()))

        assert answer.roots, "return the root as Issued.ca: users need it to trust the certificate"
        top = [answer.leaf, *answer.intermediates][-1]
        if top not in answer.roots:
            above = [root for root in answer.roots if root.subject == top.issuer]
            assert above, f"Issued.chain ends below {top.issuer.rfc4514_string()!r}: return the missing intermediates"
            top.verify_directly_issued_by(above[0])
        assert answer.issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca

    async def test_what_clients_are_to_trust_is_a_root_or_named_in_the_secret(
        self, signer: Signer, order: OrderMaker, credentials: Credentials
    ) -> None:
        answer = await sign(signer, order(pki.csr()))

        bundle = credentials.data.get("ca.crt")
        named = x509.load_pem_x509_certificates(bundle) if bundle else []
        assert all(_is_self_signed(root) or root in named for root in answer.roots), (
            "return no Issued.ca in place of an intermediate: most clients verify nothing by one that no Secret names"
        )

    @needs(Honours.ROOT)
    async def test_openssl_verifies_the_leaf_by_the_chain_and_the_ca(self, signer: Signer, order: OrderMaker) -> None:
        answer = await sign(signer, order(pki.csr()))

        partial = not all(_is_self_signed(root) for root in answer.roots)
        assert openssl.refusal(answer.issued, datetime.now(UTC), partial=partial) == ""

    async def test_the_chain_holds_no_root(self, signer: Signer, order: OrderMaker) -> None:
        answer = await sign(signer, order(pki.csr()))

        assert all(certificate.subject != certificate.issuer for certificate in answer.intermediates)

    @needs(Honours.ROOT, Honours.USAGES)
    @common_keys
    async def test_a_client_accepts_a_server(self, signer: Signer, order: OrderMaker, kind: str) -> None:
        answer = await sign(signer, order(pki.csr(pki.key(kind), dns=["app.example.com"]), usages=SERVER))
        if not is_web_pki(answer):
            assert answer.issuer in answer.roots + answer.intermediates
            return

        verifier = policy(answer).build_server_verifier(x509.DNSName("app.example.com"))

        assert verifier.verify(answer.leaf, answer.intermediates)

    @needs(Honours.ROOT, Honours.USAGES)
    @common_keys
    async def test_a_server_accepts_a_client(self, signer: Signer, order: OrderMaker, kind: str) -> None:
        csr = pki.csr(pki.key(kind), common_name="app", dns=["app.example.com"])
        answer = await sign(signer, order(csr, usages=("digital signature", "client auth")))
        if not is_web_pki(answer):
            assert answer.issuer in answer.roots + answer.intermediates
            return

        verified = policy(answer).build_client_verifier().verify(answer.leaf, answer.intermediates)

        assert verified.subjects == [x509.DNSName("app.example.com")]

    @each_key
    async def test_go_reads_the_certificate_and_all_that_comes_with_it(
        self, signer: Signer, order: OrderMaker, go_reader: GoReader, kind: str
    ) -> None:
        names = honoured_names(NAMES["one of each"], self.honours)
        answer = await sign(signer, order(pki.csr(pki.key(kind), **names)))

        for certificate in [answer.leaf, *answer.intermediates, *answer.roots]:
            assert go_reader.certificate_error(certificate.public_bytes(Encoding.DER)) == "", (
                "cert-manager is a Go program and would not accept this certificate: set the CA's profile otherwise"
            )

    async def test_key_identifiers_name_both_keys(self, signer: Signer, order: OrderMaker) -> None:
        """If this fails, have the CA's profile add both key identifiers (RFC 5280 sections 4.2.1.1 and 4.2.1.2)."""
        answer = await sign(signer, order(pki.csr()))

        issuers = answer.issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        own = x509.SubjectKeyIdentifier.from_public_key(pki.key().public_key())
        assert answer.extension(x509.AuthorityKeyIdentifier).value.key_identifier == issuers.digest
        assert answer.extension(x509.SubjectKeyIdentifier).value == own

    async def test_serial_numbers_are_unique_and_long(self, signer: Signer, order: OrderMaker) -> None:
        answers = await asyncio.gather(*(sign(signer, order(pki.csr(), uid=f"uid-{number}")) for number in range(8)))

        serials = {answer.leaf.serial_number for answer in answers}
        assert len(serials) == 8, "two requests got the same certificate: the CA or the signer answers from a cache"
        assert all(64 <= serial.bit_length() <= 159 for serial in serials), (
            "RFC 5280 section 4.1.2.2 and the CA/Browser Forum's 7.1 want longer or shorter ones: set the CA otherwise"
        )
