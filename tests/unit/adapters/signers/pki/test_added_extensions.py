"""Extensions that requests cannot ask for: a CA may add its own, and takes none over from the request."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from domain.errors import WrongCertificate
from domain.model import Issued
from tests.support import pki
from tests.unit.adapters.signers.lying import LOWER, honest, pem, verify
from tests.unit.adapters.signers.orders import order

POINTS = x509.CRLDistributionPoints(
    [x509.DistributionPoint([x509.UniformResourceIdentifier("http://ca.example.com/crl")], None, None, None)]
)
ACCESS = x509.AuthorityInformationAccess(
    [
        x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ca.example.com")
        )
    ]
)
POLICIES = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.2.1"), None)])
NETSCAPE = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.16.840.1.113730.1.1"), b"\x03\x02\x06\xc0")
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
CONSTRAINTS = x509.NameConstraints([x509.DNSName("example.com")], None)
KINDS = {
    "CRL distribution points": POINTS,
    "information access": ACCESS,
    "policies": POLICIES,
    "Netscape's certificate type": NETSCAPE,
    "must-staple": x509.TLSFeature([x509.TLSFeatureType.status_request]),
    "an unknown one": UNKNOWN,
}


@pytest.mark.parametrize("extension", [*KINDS.values(), CONSTRAINTS], ids=[*KINDS, "name constraints"])
async def test_an_extension_that_is_copied_from_the_request_is_refused(extension: x509.ExtensionType) -> None:
    asked = order(pki.csr(extensions=[(extension, False)]))
    leaf = pki.altered(await honest(asked), LOWER, extension=extension)

    with pytest.raises(WrongCertificate, match=f"extension {extension.oid.dotted_string}: copied from spec.request"):
        await verify(Issued(pem(leaf)), asked)


@pytest.mark.parametrize("extension", KINDS.values(), ids=KINDS)
async def test_an_extension_of_the_cas_own_is_passed_on(extension: x509.ExtensionType) -> None:
    leaf = pki.altered(await honest(), LOWER, extension=extension)

    assert await verify(Issued(pem(leaf))) == Issued(pem(leaf))


async def test_another_value_than_the_requests_is_the_cas_own() -> None:
    asked = order(pki.csr(extensions=[(POLICIES, False)]))
    other = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)])
    leaf = pki.altered(await honest(asked), LOWER, extension=other)

    assert await verify(Issued(pem(leaf)), asked) == Issued(pem(leaf))


async def test_a_critical_extension_that_go_does_not_understand_is_refused() -> None:
    leaf = pki.altered(await honest(), LOWER, extension=UNKNOWN, critical=True)

    with pytest.raises(WrongCertificate, match=r"extension 1\.2\.3\.4: critical, not asked for"):
        await verify(Issued(pem(leaf)))


async def test_critical_policies_are_passed_on() -> None:
    leaf = pki.altered(await honest(), LOWER, extension=POLICIES, critical=True)

    assert await verify(Issued(pem(leaf))) == Issued(pem(leaf))
