"""Just enough DER to read a subject as it stands, its string types included.

Law: nothing is decoded and encoded again, so bytes that differ are seen to differ. Encoding: X.690 section 8; the
order of fields: RFC 2986 section 4.1, RFC 5280 section 4.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509

_ATTRIBUTES = {
    "550403": "CN",
    "550405": "SERIALNUMBER",
    "550406": "C",
    "550407": "L",
    "550408": "ST",
    "550409": "STREET",
    "55040a": "O",
    "55040b": "OU",
    "550411": "POSTALCODE",
    "2a864886f70d010901": "EMAIL",
    "0992268993f22c640101": "UID",
    "0992268993f22c640119": "DC",
}
_STRINGS = {
    0x0C: ("utf8:", "utf-8"),
    0x12: ("numeric:", "ascii"),
    0x13: ("", "ascii"),  # PrintableString, which Go's encoder takes wherever it can
    0x14: ("t61:", "latin-1"),
    0x16: ("ia5:", "ascii"),
    0x1C: ("universal:", "utf-32-be"),
    0x1E: ("bmp:", "utf-16-be"),
}


@dataclass(frozen=True)
class Element:
    tag: int
    content: bytes
    whole: bytes

    @property
    def children(self) -> list[Element]:
        return list(elements(self.content))


def elements(der: bytes) -> Iterator[Element]:
    """The elements that stand one after the other."""
    while der:
        length, header = der[1], 2
        if length & 0x80:
            header += length & 0x7F
            length = int.from_bytes(der[2:header], "big")
        yield Element(der[0], der[header : header + length], der[: header + length])
        der = der[header + length :]


def subject_of_request(csr: x509.CertificateSigningRequest) -> Element:
    return next(elements(csr.tbs_certrequest_bytes)).children[1]


def subject_of_certificate(certificate: x509.Certificate) -> Element:
    return next(elements(certificate.tbs_certificate_bytes)).children[5]


def rdns(subject: Element) -> tuple[str, ...]:
    """One text for each RDN: 'O=Acme', 'CN=app+UID=7', 'O=utf8:Zürich'; no prefix means PrintableString."""
    return tuple("+".join(_attribute(each) for each in rdn.children) for rdn in subject.children)


def string(element: Element) -> str:
    """With the prefix that tells its type."""
    prefix, encoding = _STRINGS[element.tag]
    return prefix + element.content.decode(encoding)


def _attribute(pair: Element) -> str:
    oid, value = pair.children
    return f"{_ATTRIBUTES.get(oid.content.hex(), oid.content.hex())}={string(value)}"
