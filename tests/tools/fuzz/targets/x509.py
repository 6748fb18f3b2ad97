"""PEM, CSRs and certificates: what a requester asks for, and what a CA answers."""

from __future__ import annotations

from adapters.signers.ca.signer import CA
from adapters.signers.pki import csr as csrs
from adapters.signers.pki import pem
from adapters.signers.verify import VerifyingSigner
from domain.errors import RequestRejected, UnsupportedKey, WrongCertificate
from domain.model import Issued
from tests.support import pki
from tests.tools.fuzz import parties
from tests.tools.fuzz.targets import refusals
from tests.unit.adapters.signers.lying import Scripted

_SIGNER = VerifyingSigner(CA(parties.CLOCK), parties.CLOCK)


def certificates(data: bytes) -> bool:
    """pem.certificates, of the bytes as they are, and of their PEM."""
    return any([_certificates(data), _certificates(pki.armor(data, "CERTIFICATE"))])


def _certificates(data: bytes) -> bool:
    try:
        found = pem.certificates(data, pem.BUNDLE_LIMIT)
    except ValueError as error:
        refusals.check(error, ValueError)
        return False
    assert pem.certificates(pem.encode(found), 10 * pem.BUNDLE_LIMIT) == found
    return True


def csr(data: bytes) -> bool:
    """csr.read, and csr.read_key as of a kubelet's request, of the bytes as they are, and of their PEM."""
    return any([_csr(data), _csr(pki.armor(data))])


def _csr(data: bytes) -> bool:
    try:
        _, key = csrs.read_key(data)
    except RequestRejected as refusal:
        refusals.check(refusal, _rejection(refusal), begins="spec.stubPKCS10Request: ")
        key = None
    try:
        assert csrs.read(data).public_key == key
    except RequestRejected as refusal:
        refusals.check(refusal, _rejection(refusal), begins="spec.request: ")
        return False
    return True


def _rejection(refusal: RequestRejected) -> type[RequestRejected]:
    return UnsupportedKey if isinstance(refusal, UnsupportedKey) else RequestRejected


def request(data: bytes) -> bool:
    """A CSR's body, signed as it should be: read, signed by a CA of ours, and what that signed held against it."""
    signed = parties.request(data)
    return any([_sign(signed, is_ca=False), _sign(signed, is_ca=True)])


def _sign(signed: bytes, *, is_ca: bool) -> bool:
    order = parties.order(signed, is_ca=is_ca)
    try:
        parties.finish(_SIGNER.sign(order))
    except RequestRejected as refusal:
        refusals.check(refusal, _rejection(refusal), begins="spec.", quotes=True)
        return False
    return True


def leaf(data: bytes) -> bool:
    """A certificate's body, signed as it should be, for an answer of the CA."""
    return chain(parties.certificate(data) + parties.CA.pem)


def chain(data: bytes) -> bool:
    """A whole answer of a CA."""
    try:
        parties.finish(VerifyingSigner(Scripted(Issued(data, parties.CA.pem)), parties.CLOCK).sign(parties.order()))
    except WrongCertificate as refusal:
        refusals.check(refusal, WrongCertificate, quotes=True)
        return False
    return True
