"""What every Signer must do, as a suite to inherit.

It knows no signer, only the port. Inherit, and say how to make one, wired as the container wires it:

    class TestMine(SignerContract):
        @pytest.fixture
        def signer(self) -> Signer:
            return VerifyingSigner(Mine(...), clock)

and, where yours needs them, `issuer` (spec of an issuer) and `credentials` (the Secret's data).
"""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from domain.errors import RequestRejected
from domain.model import CheckResult, Credentials, IssuerSpec, ObjectKey, Pending
from domain.ports import Signer
from tests.contracts.signer_cases import EXTENDED_KEY_USAGES, KEY_USAGES, NAMES, REFUSED, SERVER, ca_request
from tests.contracts.signer_names import Naming
from tests.contracts.signer_orders import OrderMaker, is_web_pki, policy, quoted, sign
from tests.integration.x509_reader.reader import GoReader
from tests.support import openssl, pki


def _is_self_signed(certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


class SignerContract(Naming):
    @pytest.fixture
    def signer(self) -> Signer:
        raise NotImplementedError

    @pytest.fixture
    def issuer(self) -> IssuerSpec:
        """What a user writes into the issuer's spec."""
        return IssuerSpec(url="", secret=ObjectKey("Secret", "default", "credentials"), signer="")

    @pytest.fixture
    def credentials(self) -> Credentials:
        """The data of the issuer's Secret; what it holds must never be seen again."""
        return Credentials({"token": b"canary-5b2f9c1e7d"}, version="1")

    @pytest.fixture
    def order(self, issuer: IssuerSpec, credentials: Credentials) -> OrderMaker:
        return OrderMaker(issuer, credentials)

    async def test_check_passes(self, signer: Signer, issuer: IssuerSpec, credentials: Credentials) -> None:
        assert isinstance(await signer.check(issuer, credentials), CheckResult)

    async def test_a_check_warns_of_the_same_again(
        self, signer: Signer, issuer: IssuerSpec, credentials: Credentials
    ) -> None:
        """If this fails, a warning contains something that changes each time: each check would write a status."""
        first = await signer.check(issuer, credentials)

        assert (await signer.check(issuer, credentials)).warnings == first.warnings

    # The certificate holds what was asked for

    @pytest.mark.parametrize("kind", pki.STRONG)
    async def test_the_public_key_is_the_requests(self, signer: Signer, order: OrderMaker, kind: str) -> None:
        answer = await sign(signer, order(pki.csr(pki.key(kind))))

        assert answer.leaf.public_key() == pki.key(kind).public_key()

    @pytest.mark.parametrize(("usage", "bit"), KEY_USAGES.items())
    async def test_each_key_usage(self, signer: Signer, order: OrderMaker, usage: str, bit: str) -> None:
        is_ca = usage == "cert sign"
        more = ["key agreement"] if usage.endswith(" only") else []

        answer = await sign(signer, order(pki.csr(common_name="app"), usages=(usage, *more), is_ca=is_ca))

        assert answer.bits() == {bit} | {KEY_USAGES[usage] for usage in more}
        assert answer.extension(x509.KeyUsage).critical

    @pytest.mark.parametrize(("usage", "purpose"), EXTENDED_KEY_USAGES.items())
    async def test_each_extended_key_usage(self, signer: Signer, order: OrderMaker, usage: str, purpose: str) -> None:
        answer = await sign(signer, order(pki.csr(), usages=("digital signature", usage)))

        assert answer.bits() == {"digital_signature"}
        assert answer.purposes() == {purpose}

    async def test_all_usages_at_once(self, signer: Signer, order: OrderMaker) -> None:
        usages = (*KEY_USAGES, *EXTENDED_KEY_USAGES)

        answer = await sign(signer, order(pki.csr(common_name="app"), usages=usages, is_ca=True))

        assert answer.bits() == set(KEY_USAGES.values())
        assert answer.purposes() == set(EXTENDED_KEY_USAGES.values())

    async def test_without_usages_it_is_cert_managers_default(self, signer: Signer, order: OrderMaker) -> None:
        answer = await sign(signer, order(pki.csr(), usages=()))

        assert answer.bits() == {"digital_signature", "key_encipherment"}
        with pytest.raises(x509.ExtensionNotFound):
            answer.purposes()

    async def test_a_leaf_is_no_ca(self, signer: Signer, order: OrderMaker) -> None:
        answer = await sign(signer, order(pki.csr()))

        constraints = answer.extension(x509.BasicConstraints)
        assert (constraints.value.ca, constraints.critical) == (False, True)

    @pytest.mark.parametrize("path_length", [None, 0, 2])
    async def test_a_ca(self, signer: Signer, order: OrderMaker, path_length: int | None) -> None:
        answer = await sign(signer, order(ca_request(path_length), is_ca=True, usages=("crl sign",)))

        constraints = answer.extension(x509.BasicConstraints)
        assert constraints.value == x509.BasicConstraints(ca=True, path_length=path_length)
        assert constraints.critical
        assert answer.bits() == {"key_cert_sign", "crl_sign"}

    @pytest.mark.parametrize("is_ca", [False, True])
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
        answer = await sign(signer, order(pki.csr(extensions=[(extension, False)])))

        with pytest.raises(x509.ExtensionNotFound):
            answer.leaf.extensions.get_extension_for_oid(extension.oid)

    # Time

    @pytest.mark.parametrize("duration", [timedelta(minutes=10), timedelta(hours=1), timedelta(days=7)])
    async def test_the_certificate_lasts_exactly_as_long_as_asked(
        self, signer: Signer, order: OrderMaker, duration: timedelta
    ) -> None:
        """notAfter - notBefore, as cert-manager's conformance suite measures it."""
        asked_at = datetime.now(UTC)

        answer = await sign(signer, order(pki.csr(), duration=duration))

        assert answer.leaf.not_valid_after_utc - answer.leaf.not_valid_before_utc == duration
        assert answer.leaf.not_valid_before_utc <= asked_at <= answer.leaf.not_valid_after_utc

    async def test_without_duration_the_signer_decides(self, signer: Signer, order: OrderMaker) -> None:
        answer = await sign(signer, order(pki.csr(), duration=None))

        assert answer.leaf.not_valid_after_utc > datetime.now(UTC)

    async def test_no_certificate_outlives_its_ca(self, signer: Signer, order: OrderMaker) -> None:
        answer = await sign(signer, order(pki.csr(), duration=timedelta(days=365 * 500)))

        assert answer.leaf.not_valid_after_utc <= answer.issuer.not_valid_after_utc
        assert answer.leaf.not_valid_before_utc >= answer.issuer.not_valid_before_utc

    # The chain

    @pytest.mark.parametrize("kind", pki.STRONG)
    async def test_each_certificate_is_signed_by_the_next(self, signer: Signer, order: OrderMaker, kind: str) -> None:
        answer = await sign(signer, order(pki.csr(pki.key(kind))))

        path = [answer.leaf, *answer.intermediates]
        for child, parent in pairwise(path):
            child.verify_directly_issued_by(parent)

    async def test_the_ca_certificate_is_known_and_stands_above_the_chain(
        self, signer: Signer, order: OrderMaker
    ) -> None:
        answer = await sign(signer, order(pki.csr()))

        top = [answer.leaf, *answer.intermediates][-1]
        if top not in answer.roots:
            top.verify_directly_issued_by(next(root for root in answer.roots if root.subject == top.issuer))
        assert answer.issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca

    async def test_what_clients_are_to_trust_is_a_root_or_named_in_the_secret(
        self, signer: Signer, order: OrderMaker, credentials: Credentials
    ) -> None:
        """If this fails, return no `ca`: most clients verify nothing by an intermediate that no Secret names."""
        answer = await sign(signer, order(pki.csr()))

        bundle = credentials.data.get("ca.crt")
        named = x509.load_pem_x509_certificates(bundle) if bundle else []
        assert all(_is_self_signed(root) or root in named for root in answer.roots)

    async def test_openssl_verifies_the_leaf_by_the_chain_and_the_ca(self, signer: Signer, order: OrderMaker) -> None:
        answer = await sign(signer, order(pki.csr()))

        partial = not all(_is_self_signed(root) for root in answer.roots)
        assert openssl.refusal(answer.issued, datetime.now(UTC), partial=partial) == ""

    async def test_the_chain_holds_no_root(self, signer: Signer, order: OrderMaker) -> None:
        answer = await sign(signer, order(pki.csr()))

        assert all(certificate.subject != certificate.issuer for certificate in answer.intermediates)

    @pytest.mark.parametrize("kind", ["rsa2048", "p256"])
    async def test_a_client_accepts_a_server(self, signer: Signer, order: OrderMaker, kind: str) -> None:
        answer = await sign(signer, order(pki.csr(pki.key(kind), dns=["app.example.com"]), usages=SERVER))
        if not is_web_pki(answer):
            assert answer.issuer in answer.roots + answer.intermediates
            return

        verifier = policy(answer).build_server_verifier(x509.DNSName("app.example.com"))

        assert verifier.verify(answer.leaf, answer.intermediates)

    @pytest.mark.parametrize("kind", ["rsa2048", "p256"])
    async def test_a_server_accepts_a_client(self, signer: Signer, order: OrderMaker, kind: str) -> None:
        csr = pki.csr(pki.key(kind), common_name="app", dns=["app.example.com"])
        answer = await sign(signer, order(csr, usages=("digital signature", "client auth")))
        if not is_web_pki(answer):
            assert answer.issuer in answer.roots + answer.intermediates
            return

        verified = policy(answer).build_client_verifier().verify(answer.leaf, answer.intermediates)

        assert verified.subjects == [x509.DNSName("app.example.com")]

    @pytest.mark.parametrize("kind", pki.STRONG)
    async def test_go_reads_the_certificate_and_all_that_comes_with_it(
        self, signer: Signer, order: OrderMaker, go_reader: GoReader, kind: str
    ) -> None:
        """cert-manager and other Go programs accept no other certificate."""
        answer = await sign(signer, order(pki.csr(pki.key(kind), **NAMES["one of each"])))

        for certificate in [answer.leaf, *answer.intermediates, *answer.roots]:
            assert go_reader.certificate_error(certificate.public_bytes(Encoding.DER)) == ""

    async def test_key_identifiers_name_both_keys(self, signer: Signer, order: OrderMaker) -> None:
        answer = await sign(signer, order(pki.csr()))

        issuers = answer.issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        own = x509.SubjectKeyIdentifier.from_public_key(pki.key().public_key())
        assert answer.extension(x509.AuthorityKeyIdentifier).value.key_identifier == issuers.digest
        assert answer.extension(x509.SubjectKeyIdentifier).value == own

    async def test_serial_numbers_are_unique_and_long(self, signer: Signer, order: OrderMaker) -> None:
        answers = await asyncio.gather(*(sign(signer, order(pki.csr(), uid=f"uid-{number}")) for number in range(8)))

        serials = {answer.leaf.serial_number for answer in answers}
        assert len(serials) == 8
        assert all(64 <= serial.bit_length() <= 159 for serial in serials)  # RFC 5280 4.1.2.2, CA/B Forum BR 7.1

    # What must be refused, and what must not be told

    @pytest.mark.parametrize("case", REFUSED)
    async def test_is_refused(self, signer: Signer, order: OrderMaker, credentials: Credentials, case: str) -> None:
        make, spec = REFUSED[case]
        csr = make()

        with pytest.raises(RequestRejected) as refusal:
            await sign(signer, order(csr, **spec))

        assert "spec." in str(refusal.value)
        told = repr(refusal.value) + "".join(traceback.format_exception(refusal.value))
        for secret in [*credentials.data.values(), csr]:
            assert not quoted(secret, told)

    # Orders that the CA answers later

    @pytest.fixture
    def restarted(self, signer: Signer) -> Signer:
        """The signer as the next process makes it; override where yours hands out handles."""
        return signer

    async def test_an_order_that_waits_is_answered_to_the_next_process(
        self, signer: Signer, restarted: Signer, order: OrderMaker
    ) -> None:
        asked = order(pki.csr())
        first = await signer.sign(asked)

        answer = await sign(restarted, replace(asked, handle=first.handle if isinstance(first, Pending) else None))

        assert answer.leaf.public_key() == pki.key().public_key()

    async def test_nothing_shows_the_credentials(
        self, signer: Signer, order: OrderMaker, issuer: IssuerSpec, credentials: Credentials
    ) -> None:
        await signer.check(issuer, credentials)
        asked = order(pki.csr())
        await sign(signer, asked)

        shown = f"{signer!r} {vars(signer)!r} {asked!r}"
        for secret in credentials.data.values():
            assert not quoted(secret, shown)
