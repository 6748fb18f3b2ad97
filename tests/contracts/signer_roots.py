"""The part of the SignerContract about the roots of a check, which clients of a ClusterTrustBundle trust."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509

from domain.model import Credentials, IssuerSpec
from domain.ports import Signer
from tests.contracts.signer_orders import OrderMaker, sign
from tests.support import openssl, pki


class Roots:
    async def test_by_the_roots_of_a_check_clients_verify_what_is_issued(
        self, signer: Signer, issuer: IssuerSpec, credentials: Credentials, order: OrderMaker
    ) -> None:
        roots = (await signer.check(issuer, credentials)).roots
        answer = await sign(signer, order(pki.csr()))

        named = credentials.data.get("ca.crt", b"")
        partial = roots != b"" and all(root in named for root in _blocks(roots))
        assert not roots or openssl.refusal(answer.issued, datetime.now(UTC), trusted=roots, partial=partial) == "", (
            "return in CheckResult.roots what Issued.ca holds, or nothing: pods trust it by a ClusterTrustBundle"
        )


class KnownRoots:
    """Besides, for signers whose check knows the roots."""

    async def test_a_check_returns_roots_and_the_same_again(
        self, signer: Signer, issuer: IssuerSpec, credentials: Credentials
    ) -> None:
        first = await signer.check(issuer, credentials)

        assert x509.load_pem_x509_certificates(first.roots)
        assert (await signer.check(issuer, credentials)).roots == first.roots


def _blocks(roots: bytes) -> list[bytes]:
    end = b"-----END CERTIFICATE-----\n"
    return [block + end for block in roots.split(end) if block]
