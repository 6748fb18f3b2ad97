"""CAs with certificates that Go cannot read: the issuer says so before it signs, and answers with them are refused."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.signers.ca.signer import CA
from adapters.signers.verify import VerifyingSigner
from domain.errors import IssuerUnhealthy, RequestRejected, WrongCertificate
from domain.model import Credentials, Issued
from tests.contracts.clock import StoppedClock
from tests.contracts.signer_cases import ca_request
from tests.support import pki
from tests.unit.adapters.signers.lying import LOWER, ROOT, UPPER, honest, pem, verify
from tests.unit.adapters.signers.orders import ISSUER, order

CLOCK = StoppedClock()
BRAINPOOL = ec.derive_private_key(1, ec.BrainpoolP256R1())
ODD_ROOT = pki.authority("Odd root", private=BRAINPOOL)
BELOW = pki.authority("Below", parent=ODD_ROOT)
ODD_LIMIT = x509.NameConstraints([x509.DNSName("example com")], None)
WHY = (
    "Go programs, cert-manager among them, cannot read 'CN=Odd root': its key is on a curve other than P-224, P-256, "
    "P-384 and P-521"
)


async def test_the_check_of_a_ca_with_an_unreadable_root_names_it() -> None:
    secret = Credentials({"tls.crt": BELOW.pem + ODD_ROOT.pem, "tls.key": BELOW.key_pem})

    with pytest.raises(IssuerUnhealthy) as told:
        await CA(CLOCK).check(ISSUER, secret)

    assert str(told.value) == f"{ISSUER.secret}: {WHY}; replace that certificate"


async def test_an_unreadable_root_that_no_chain_needs_harms_nobody() -> None:
    secret = Credentials({"tls.crt": ROOT.pem + ODD_ROOT.pem, "tls.key": ROOT.key_pem})

    result = await CA(CLOCK).check(ISSUER, secret)

    assert result.expires == ROOT.certificate.not_valid_after_utc


async def test_an_answer_with_an_unreadable_certificate_is_refused() -> None:
    lie = pki.altered(await honest(), LOWER, extension=ODD_LIMIT)

    with pytest.raises(
        WrongCertificate, match=r"the CA returned a certificate that is of no use: .* DNS name 'example com'"
    ):
        await verify(Issued(pem(lie, LOWER, UPPER), ROOT.pem))


async def test_a_ca_request_with_name_constraints_that_go_cannot_read_is_refused() -> None:
    secret = Credentials({"tls.crt": ROOT.pem, "tls.key": ROOT.key_pem})
    asked = order(ca_request(None, (ODD_LIMIT, True)), is_ca=True, credentials=secret)

    with pytest.raises(RequestRejected, match=r"spec\.request: asks for a CA certificate that is of no use"):
        await VerifyingSigner(CA(CLOCK), CLOCK).sign(asked)
