"""What tenants put into Secrets: CA certificates, private keys, keys of step-ca's provisioners.

Whatever it is, the issuer alone is the worse for it, and no message quotes it.
"""

from __future__ import annotations

import base64
import json

from adapters.signers.ca.signer import CA
from adapters.signers.pki import csr as requests
from adapters.signers.step_ca import jwe as provisioners
from adapters.signers.step_ca import token
from adapters.signers.verify import VerifyingSigner
from domain.errors import IssuerFailed, IssuerUnhealthy, RequestRejected, WrongCertificate
from domain.model import Credentials
from tests.integration.step_ca.provisioner import encrypt
from tests.tools.fuzz import parties
from tests.tools.fuzz.targets import refusals

_PASSWORD = b"password"
_CSR = requests.read(parties.REQUEST)
_SEALED = encrypt(b"{}", _PASSWORD, iterations=1).split(".")[1:]


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


def jwe(data: bytes) -> bool:
    """The encrypted key of a provisioner; and one with these bytes for its header."""
    header = base64.urlsafe_b64encode(data).decode()
    return any([_opens(data), _opens(".".join([header, *_SEALED]).encode())])


def _opens(encrypted: bytes) -> bool:
    try:
        provisioners.decrypt(encrypted, _PASSWORD)
    except ValueError as error:
        refusals.check(error, ValueError)
        return False
    return True


def jwk(data: bytes) -> bool:
    """What was encrypted, and a token made with it."""
    encrypted = encrypt(data, _PASSWORD, iterations=1).encode()
    credentials = Credentials({token.JWK: encrypted, token.PASSWORD: _PASSWORD})
    try:
        tokens = token.read_tokens(parties.SECRET, credentials, parties.NOW)
    except IssuerFailed as refusal:
        refusals.check(refusal, IssuerFailed, begins="Secret team-a/my-ca: jwk ")
        return False
    made = tokens.make("us", "ca.example.com", parties.order(), _CSR, parties.NOW)
    header = made.split(".")[0]
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["kid"] == tokens.header["kid"]
    return True
