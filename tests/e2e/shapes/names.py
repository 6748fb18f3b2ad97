"""The rows about names: what a Certificate calls its subject, and what stands in the certificate and its CSR.

String types are those of Go's encoder, which makes the CSR: PrintableString where it will do, else UTF8String.
"""

from __future__ import annotations

from typing import Any

from tests.e2e.shapes.shape import Row, Shape

UPN = "1.3.6.1.4.1.311.20.2.3"
LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
"""253 characters, the most that DNS allows, in labels of 63, the most that it allows."""
MANY = [f"n{number}.example.com" for number in range(100)]
HOST_OF_64 = f"{'h' * 52}.example.com"
COMPANY = "Gesellschaft zur Verwahrung von Zertifikaten mit sehr langen Namen und ohne Abkürzungen mbH"


def _names(name: str, *expected: str, **spec: Any) -> Row:
    """A Certificate with an empty subject, so that its names are critical."""
    return Row(name, Shape(names=expected), spec={"dnsNames": []} | spec)


def _subject(name: str, *expected: str, **spec: Any) -> Row:
    """A Certificate with this subject, for app.example.com."""
    return Row(name, Shape(subject=expected, names_critical=False), spec=spec)


def _subject_alone(name: str, *expected: str, **spec: Any) -> Row:
    return Row(name, Shape(subject=expected, names=(), names_critical=None), spec={"dnsNames": []} | spec)


ALTERNATIVE_NAMES = [
    _names("dns-several", "DNS:b.example.com", "DNS:a.example.com", dnsNames=["b.example.com", "a.example.com"]),
    _names("dns-wildcard", "DNS:*.example.com", dnsNames=["*.example.com"]),
    _names("dns-longest", f"DNS:{LONGEST}", dnsNames=[LONGEST]),
    _names("dns-many", *(f"DNS:{host}" for host in MANY), dnsNames=MANY),
    _names("dns-internationalized", "DNS:xn--mnchen-3ya.example.com", dnsNames=["xn--mnchen-3ya.example.com"]),
    _names("dns-upper-case", "DNS:App.Example.COM", dnsNames=["App.Example.COM"]),
    _names("ip-v4", "IP:192.0.2.1", ipAddresses=["192.0.2.1"]),
    _names("ip-v6", "IP:2001:db8::1", ipAddresses=["2001:db8:0:0::1"]),
    _names("uri-spiffe", "URI:spiffe://example.com/ns/a/sa/b", uris=["spiffe://example.com/ns/a/sa/b"]),
    _names("uri-with-query", "URI:https://example.com:8443/a?b=c%20d", uris=["https://example.com:8443/a?b=c%20d"]),
    _names("email", "email:ops@example.com", emailAddresses=["ops@example.com"]),
    _names("other-name", f"{UPN}:utf8:jo@example.com", otherNames=[{"oid": UPN, "utf8Value": "jo@example.com"}]),
    _names("other-name-not-ascii", "1.2.3.4:utf8:Jürgen", otherNames=[{"oid": "1.2.3.4", "utf8Value": "Jürgen"}]),
    Row(
        "names-of-every-kind",
        Shape(
            subject=("CN=app.example.com",),
            names=(
                "DNS:app.example.com",
                "DNS:*.app.example.com",
                "IP:192.0.2.7",
                "IP:2001:db8::7",
                "URI:urn:uuid:7",
                "email:app@example.com",
                f"{UPN}:utf8:app@example.com",
            ),
            names_critical=False,
        ),
        spec={
            "commonName": "app.example.com",
            "dnsNames": ["app.example.com", "*.app.example.com"],
            "ipAddresses": ["192.0.2.7", "2001:db8::7"],
            "uris": ["urn:uuid:7"],
            "emailAddresses": ["app@example.com"],
            "otherNames": [{"oid": UPN, "utf8Value": "app@example.com"}],
        },
    ),
]

SUBJECTS = [
    _subject_alone("common-name-alone", "CN=app", commonName="app"),
    _subject("common-name-of-64", f"CN={HOST_OF_64}", commonName=HOST_OF_64),
    _subject("common-name-not-ascii", "CN=utf8:Grüße", commonName="Grüße"),
    _subject("common-name-with-star", "CN=utf8:*.example.com", commonName="*.example.com"),
    _subject(
        "subject-with-every-field",
        *("C=DE", "ST=BE", "L=Berlin", "STREET=Main St. 1", "POSTALCODE=10115", "O=Acme", "OU=Platform", "CN=app"),
        "SERIALNUMBER=42",
        commonName="app",
        subject={
            "countries": ["DE"],
            "organizations": ["Acme"],
            "organizationalUnits": ["Platform"],
            "localities": ["Berlin"],
            "provinces": ["BE"],
            "streetAddresses": ["Main St. 1"],
            "postalCodes": ["10115"],
            "serialNumber": "42",
        },
    ),
    _subject(
        "subject-of-several-values",
        *("O=Acme+O=Beta", "OU=A+OU=B+OU=C"),
        subject={"organizations": ["Beta", "Acme"], "organizationalUnits": ["C", "A", "B"]},
    ),
    _subject("subject-longer-than-64", f"O=utf8:{COMPANY}", subject={"organizations": [COMPANY]}),
    _subject(
        "literal-order",
        *("C=DE", "O=Acme", "CN=app", "OU=Platform"),
        literalSubject="OU=Platform,CN=app,O=Acme,C=DE",
    ),
    _subject(
        "literal-domain-components",
        *("DC=com", "DC=example", "OU=Users", "UID=7", "CN=Jo Doe"),
        literalSubject="CN=Jo Doe,UID=7,OU=Users,DC=example,DC=com",
    ),
    _subject("literal-multi-valued", "O=Acme", "UID=7+CN=application", literalSubject="CN=application+UID=7,O=Acme"),
    _subject("literal-escaped", 'O=utf8:Acme; "A"', "CN=a, b", literalSubject='CN=a\\, b,O=Acme\\; \\"A\\"'),
    _subject(
        "literal-string-types",
        *("O=utf8:Zürich", "CN=app", "EMAIL=utf8:a@example.com"),
        literalSubject="1.2.840.113549.1.9.1=a@example.com,CN=app,O=Zürich",
    ),
    _subject_alone("literal-alone", "CN=only", literalSubject="CN=only"),
]
