import ipaddress

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from adapters.signers.pki import constraints
from adapters.signers.pki import csr as csrs
from domain.errors import RequestRejected
from tests.support import pki


def dns(value: str) -> x509.GeneralName:
    return x509.DNSName(value)


def email(value: str) -> x509.GeneralName:
    return x509.RFC822Name(value)


def uri(value: str) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(value)


def ip(value: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_network(value) if "/" in value else ipaddress.ip_address(value))


def directory(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.GeneralName:
    return x509.DirectoryName(x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes]))


COMPANY = (NameOID.ORGANIZATION_NAME, "Company")
APP = (NameOID.COMMON_NAME, "app")

# limit, names within it, names outside it
LIMITS: dict[str, tuple[x509.GeneralName, list[x509.GeneralName], list[x509.GeneralName]]] = {
    "a domain": (
        dns("example.com"),
        [dns("example.com"), dns("a.b.EXAMPLE.com"), dns("*.example.com")],
        [dns("badexample.com"), dns("com"), dns("example.com.evil.test"), dns("*.com")],
    ),
    "a domain with a dot": (dns(".example.com"), [dns("a.example.com")], [dns("badexample.com")]),
    "any domain": (dns(""), [dns("example.com")], []),
    "a network": (ip("10.0.0.0/8"), [ip("10.1.2.3")], [ip("11.0.0.1"), ip("2001:db8::1")]),
    "a network of IPv6": (ip("2001:db8::/32"), [ip("2001:db8::1")], [ip("2001:db9::1"), ip("10.0.0.1")]),
    "a mailbox": (email("a@example.com"), [email("a@EXAMPLE.com")], [email("b@example.com"), email("a@example.org")]),
    "a mail host": (email("example.com"), [email("a@example.com")], [email("a@mail.example.com")]),
    "mail hosts": (email(".example.com"), [email("a@mail.example.com")], [email("a@example.com")]),
    "a host": (
        uri("example.com"),
        [uri("https://example.com/x"), uri("spiffe://EXAMPLE.com/ns/a")],
        [uri("https://www.example.com"), uri("https://example.com@evil.test"), uri("urn:example.com")],
    ),
    "hosts": (uri(".example.com"), [uri("https://www.example.com")], [uri("https://example.com")]),
    "a directory": (
        directory(COMPANY),
        [directory(COMPANY, APP), directory(COMPANY)],
        [directory(APP), directory(APP, COMPANY)],
    ),
}
PERMITTED = [(limit, name) for limit, within, _ in LIMITS.values() for name in within]
OUTSIDE = [(limit, name) for limit, _, outside in LIMITS.values() for name in outside]


@pytest.mark.parametrize(("limit", "name"), PERMITTED, ids=str)
def test_within_what_is_permitted(limit: x509.GeneralName, name: x509.GeneralName) -> None:
    require(name, permitted=limit)


@pytest.mark.parametrize(("limit", "name"), OUTSIDE, ids=str)
def test_outside_what_is_permitted(limit: x509.GeneralName, name: x509.GeneralName) -> None:
    with pytest.raises(
        RequestRejected, match=r"spec\.request: the name constraints of the CA certificate 'CN=Test CA'"
    ):
        require(name, permitted=limit)


@pytest.mark.parametrize(("limit", "name"), PERMITTED, ids=str)
def test_what_is_excluded(limit: x509.GeneralName, name: x509.GeneralName) -> None:
    with pytest.raises(RequestRejected, match="leave the name out, or use an issuer whose CA allows it"):
        require(name, excluded=limit)


@pytest.mark.parametrize(("limit", "name"), [(limit, name) for limit, name in OUTSIDE if name != dns("*.com")], ids=str)
def test_what_is_not_excluded(limit: x509.GeneralName, name: x509.GeneralName) -> None:
    require(name, excluded=limit)


def test_a_wildcard_may_not_cover_what_is_excluded() -> None:
    with pytest.raises(RequestRejected):
        require(dns("*.example.com"), excluded=dns("secret.example.com"))
    require(dns("*.example.com"), permitted=dns("example.com"), excluded=dns("example.org"))


def test_excluding_wins_over_permitting() -> None:
    with pytest.raises(RequestRejected):
        require(dns("a.example.com"), permitted=dns("example.com"), excluded=dns("a.example.com"))


def test_names_of_other_kinds_are_not_limited() -> None:
    require(ip("192.0.2.1"), permitted=dns("example.com"))


def test_what_nobody_can_compare_is_refused_where_its_kind_is_limited() -> None:
    principal = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
    name, limit = x509.OtherName(principal, b"\x0c\x01u"), x509.OtherName(principal, b"\x0c\x01v")

    with pytest.raises(RequestRejected, match=r"do not allow the otherName 1\.3\.6\.1\.4\.1\.311\.20\.2\.3 \(0c0175\)"):
        require(name, permitted=limit)
    with pytest.raises(RequestRejected):
        require(name, excluded=limit)
    require(name, permitted=dns("example.com"))


def test_the_subject_is_a_name_too() -> None:
    with pytest.raises(RequestRejected, match="do not allow the subject 'CN=app'"):
        require(dns("app.example.com"), permitted=directory(COMPANY), common_name="app")


def test_all_cas_above_are_asked() -> None:
    limited = pki.authority("Root CA", extensions=[(x509.NameConstraints([dns("example.com")], None), True)])
    lower = pki.authority("Lower CA", parent=limited)
    csr = csrs.read(pki.csr(dns=["app.example.org"]))

    with pytest.raises(RequestRejected, match=r"'CN=Root CA' do not allow the DNS name 'app\.example\.org'"):
        constraints.require_allowed([lower.certificate, limited.certificate], csr)


@pytest.mark.parametrize(
    ("lengths", "refused_by"),
    [([None], None), ([1], None), ([0], "CN=CA 0"), ([None, 1], "CN=CA 1"), ([None, 2], None), ([0, None], "CN=CA 0")],
)
def test_path_lengths(lengths: list[int | None], refused_by: str | None) -> None:
    """The issuing CA's comes first."""
    cas = [
        pki.authority(f"CA {place}", constraints=x509.BasicConstraints(ca=True, path_length=length)).certificate
        for place, length in enumerate(lengths)
    ]
    if refused_by is None:
        constraints.require_room(cas)
        return
    with pytest.raises(RequestRejected, match=f"spec.isCA: the CA certificate '{refused_by}' has path length"):
        constraints.require_room(cas)


def test_an_old_root_without_basic_constraints_has_room() -> None:
    constraints.require_room([pki.authority().certificate, pki.authority(constraints=None).certificate])


def test_names_and_constraints_are_not_compared_without_end() -> None:
    limits = x509.NameConstraints([dns(f"{number}.test") for number in range(250)], [dns("example.org")])
    ca = pki.authority(extensions=[(limits, True)]).certificate
    asked = [f"{number}.249.test" for number in range(1_000)]

    constraints.require_allowed([ca], csrs.read(pki.csr(dns=asked[:990])))
    with pytest.raises(RequestRejected, match=r"has too many names to compare .* 'CN=Test CA'; ask for fewer"):
        constraints.require_allowed([ca], csrs.read(pki.csr(dns=asked)))


def require(
    name: x509.GeneralName,
    *,
    permitted: x509.GeneralName | None = None,
    excluded: x509.GeneralName | None = None,
    common_name: str = "",
) -> None:
    """Whether a request for this name passes a CA with these limits."""
    limits = x509.NameConstraints([permitted] if permitted else None, [excluded] if excluded else None)
    ca = pki.authority(extensions=[(limits, True)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(pki.name(common_name))
    request = pki.signed(builder.add_extension(x509.SubjectAlternativeName([name]), critical=True))
    constraints.require_allowed([ca.certificate], csrs.read(request))
