"""What tenants put into Secrets: CA certificates and private keys.

Whatever it is, the issuer alone is the worse for it, and no message quotes it.
"""

from __future__ import annotations

import base64

from adapters.signers.ca.signer import CA
from adapters.signers.verify import VerifyingSigner
from domain.errors import IssuerFailed, IssuerUnhealthy, RequestRejected, WrongCertificate
from domain.model import Credentials
from tests.tools.fuzz import parties
from tests.tools.fuzz.targets import refusals


def ca(data: bytes) -> bool:
    """tls.crt: the bytes as they are, and a CA certificate of which they are the body, put to work."""
    return any([_signs(data), _signs(parties.certificate(data))])


def _signs(certificate: bytes) -> bool:
    credentials = Credentials({"tls.crt": certificate, "tls.key": parties.CA.key_pem}, "1")
    signer = VerifyingSigner(CA(parties.CLOCK), parties.CLOCK)
    try:
        for is_ca in (False, True):
            parties.finish(signer.sign(parties.order(is_ca=is_ca, credentials=credentials)))
    except (IssuerUnhealthy, RequestRejected, WrongCertificate) as refusal:
        refusals.check(refusal, type(refusal), quotes=True)
        return False
    return True


def key(data: bytes) -> bool:
    """tls.key, as it is and in PEM."""
    armored = b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(data) + b"-----END PRIVATE KEY-----\n"
    return any([_is_key(data), _is_key(armored)])


def _is_key(data: bytes) -> bool:
    credentials = Credentials({"tls.crt": parties.CA.pem, "tls.key": data}, "1")
    try:
        parties.finish(CA(parties.CLOCK).check(parties.ISSUER, credentials))
    except IssuerFailed as refusal:
        refusals.check(refusal, IssuerFailed, begins="Secret team-a/my-ca")
        return False
    return True
