"""Where fuzzing begins: `python -m tests.tools.fuzz.seeds` writes these inputs into the corpus.

For each target what its code knows how to read, one of each kind, and what broke it once. The keys among them were
made for this and open nothing.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

import tests.tools.fuzz.step_ca_seeds as step_ca_seeds
from tests.support import pki, raw_csr
from tests.support.der import SEQUENCE, UTF8, element
from tests.tools.fuzz import parties

CORPUS = Path(__file__).parent / "corpus"
Seeds = dict[str, bytes]

_DNS = x509.DNSName("example.com")
_SUBTREES = [
    _DNS,
    x509.IPAddress(ip_network("192.0.2.0/24")),
    x509.RFC822Name("example.com"),
    x509.UniformResourceIdentifier(".example.com"),
    x509.DirectoryName(pki.name("app")),
]
_EXTENSIONS: dict[str, x509.ExtensionType] = {
    "ca": x509.BasicConstraints(ca=True, path_length=1),
    "usages": pki.usage("digital_signature", "key_encipherment"),
    "agreement": pki.usage("key_agreement", "encipher_only"),
    "purposes": x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5")]),
    "permitted": x509.NameConstraints(_SUBTREES, None),
    "excluded": x509.NameConstraints(None, _SUBTREES),
    "names": x509.SubjectAlternativeName(
        [
            _DNS,
            x509.DirectoryName(pki.name("app")),
            x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
            x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x01a"),
        ]
    ),
    "policies": x509.CertificatePolicies(
        [
            x509.PolicyInformation(
                x509.ObjectIdentifier("2.23.140.1.2.1"),
                ["https://example.com/", x509.UserNotice(x509.NoticeReference("us", [1]), "text")],
            )
        ]
    ),
    "points": x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier("http://example.com/")], None, None, None)]
    ),
    "access": x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://example.com/")
            )
        ]
    ),
    "must-staple": x509.TLSFeature([x509.TLSFeatureType.status_request]),
    "unknown": x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"),
}
_SUBJECT = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "SE"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Größe, Inc."),
        x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "example"),
    ]
)


def good() -> dict[str, Seeds]:
    """For each target, by name."""
    requests, answers, cas = dict(_requests()), dict(_answers()), dict(_cas())
    bundle = answers["plain"].public_bytes(Encoding.PEM) + parties.CA.pem
    return {
        "pem": {"two": bundle, "text": b"CN=CA\r\n" + bundle, "der": parties.CA.certificate.public_bytes(Encoding.DER)},
        "csr": {"pem": parties.REQUEST, **{name: found.public_bytes(Encoding.DER) for name, found in requests.items()}},
        "request": {name: found.tbs_certrequest_bytes for name, found in requests.items() if name not in _KEYS},
        "go-request": {name: found.tbs_certrequest_bytes for name, found in requests.items()} | _encodings(),
        "go-certificate": {name: found.tbs_certificate_bytes for name, found in [*answers.items(), *cas.items()]},
        "leaf": {name: found.tbs_certificate_bytes for name, found in answers.items()},
        "chain": {"plain": bundle, "reversed": parties.CA.pem + answers["plain"].public_bytes(Encoding.PEM)},
        "pkcs7": {
            "der": _pkcs7(answers["plain"]),
            "base64": base64.encodebytes(_pkcs7(answers["plain"])),
            "unreadable": _unreadable(_pkcs7(answers["plain"])),
        },
        "retry-after": {"seconds": b"120", "date": b"Thu, 03 Jan 2030 03:04:05 GMT", "zone": b"3 Jan 2030 03:04 +0230"},
        "url": {"plain": b"https://ca.example.com", "ipv6": b"https://[2001:db8::1]:9000/", "http": b"http://ca/path"},
        "ca": {name: found.tbs_certificate_bytes for name, found in cas.items()},
        "key": {"pem": parties.CA.key_pem, **{kind: _pkcs8(pki.key(kind)) for kind in _KEYS}},
        "watch": {"page": _page(), "changes": _changes()},
        "object": {name: json.dumps(found).encode() for name, found in _objects().items()},
        "duration": {"plain": b"2160h", "parts": b"1h30m10.5s", "small": "-1.5ms2µs3ns".encode()},
        "est-url": {"plain": b"https://ca.example.com", "label": b"est", "path": b"https://ca.example.com/path"},
        **step_ca_seeds.good(bundle.decode(), [found.tbs_certrequest_bytes for found in requests.values()]),
    }


def bad() -> dict[str, Seeds]:
    """What broke something once, and garbage for all."""
    forged = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app\nINFO CertificateRequest team-a/other: Issued")])
    fields, deep = json.dumps({"f:spec": {"f:request": {}}}), 1_100 * '{"f:a": ' + "{}" + 1_100 * "}"
    odd = json.dumps(_objects()["request"]).replace(fields, deep).encode()
    broken = {
        **step_ca_seeds.bad(),
        "csr": {"empty": pki.armor(b""), "begins": 50 * b"-----BEGIN CERTIFICATE REQUEST-----"},
        "leaf": {"forged": _certificate(forged, parties.KEY, []).tbs_certificate_bytes},
        "retry-after": {"year": b"Mon, 01 Jan 99999999999 00:00:00 GMT", "offset": b"3 Jan 2030 03:04 +99999999999999"},
        "watch": {
            "deep-page": b'{"metadata": {}, "items": [%s]}' % odd,
            "deep-change": b'{"type": "ADDED", "object": %s}\n' % odd,
        },
        "object": {"deep": odd, "year": _dated("0625-01-02T03:04:05Z"), "no-year": _dated("0001-01-01T00:00:00+01:00")},
    }
    return {target: {"garbage": b"garbage"} | broken.get(target, {}) for target in good()}


def _encodings() -> Seeds:
    """Bodies of requests that Go and cryptography read differently, and that are rewritten."""
    false = raw_csr.extension(raw_csr.BASIC_CONSTRAINTS, element(SEQUENCE, raw_csr.FALSE), raw_csr.FALSE)
    challenge = raw_csr.attribute(raw_csr.CHALLENGE_PASSWORD, element(UTF8, b"secret"))
    asked = raw_csr.asked(raw_csr.NAMES_OF_APP)
    return {
        "version": raw_csr.body(version=element(0x02, b"\1")),
        "asterisk": raw_csr.body(subject=raw_csr.name([(raw_csr.COMMON_NAME, element(0x13, b"*.example.com"))])),
        "teletex": raw_csr.body(subject=raw_csr.name([(raw_csr.COMMON_NAME, element(0x14, b"\xfc"))])),
        "false": raw_csr.body(attributes=[raw_csr.asked(raw_csr.NAMES_OF_APP, false)]),
        "unsorted": raw_csr.body(attributes=[asked, challenge]),
        "microsoft": raw_csr.body(attributes=[raw_csr.asked(by=raw_csr.MICROSOFT_EXTENSION_REQUEST), asked]),
    }


def _dated(time: str) -> bytes:
    return json.dumps(_objects()["waiting"]).replace(_TIME, time).encode()


_TIME = "2030-01-02T03:04:05Z"
_KEYS = ("rsa2048", "p256", "p384", "p521", "ed25519")


def _requests() -> Iterator[tuple[str, x509.CertificateSigningRequest]]:
    yield "plain", x509.load_pem_x509_csr(parties.REQUEST)
    yield "subject", x509.load_pem_x509_csr(pki.csr(parties.KEY, subject=_SUBJECT))
    for kind in _KEYS:
        yield kind, x509.load_pem_x509_csr(pki.csr(pki.key(kind)))
    for name, extension in _EXTENSIONS.items():
        builder = x509.CertificateSigningRequestBuilder().subject_name(pki.name("app")).add_extension(extension, False)
        yield name, x509.load_pem_x509_csr(pki.signed(builder, parties.KEY))


def _answers() -> Iterator[tuple[str, x509.Certificate]]:
    asked = x509.load_pem_x509_csr(parties.REQUEST)
    names = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    wanted = [(names.value, False), (_EXTENSIONS["usages"], True)]
    yield "plain", _certificate(asked.subject, parties.KEY, wanted)
    for name, extension in _EXTENSIONS.items():
        yield name, _certificate(asked.subject, parties.KEY, [(extension, False)])


def _cas() -> Iterator[tuple[str, x509.Certificate]]:
    yield "plain", parties.CA.certificate
    for name, extension in _EXTENSIONS.items():
        if name not in ("ca", "usages", "agreement"):
            constraints = (_EXTENSIONS["ca"], True)
            yield name, _certificate(pki.name("CA"), parties.CA_KEY, [constraints, (extension, True)])


def _certificate(subject: x509.Name, key: pki.Key, extensions: pki.Extensions) -> x509.Certificate:
    found = pki.authority(
        parent=parties.CA,
        private=key,
        begins=parties.NOW,
        lasts=parties.DAY,
        constraints=None,
        bits=(),
        extensions=extensions,
    )
    return pki.altered(found.certificate, parties.CA, subject=subject)


def _pkcs7(certificate: x509.Certificate) -> bytes:
    return pkcs7.serialize_certificates([certificate, parties.CA.certificate], Encoding.DER)


def _unreadable(pkcs7: bytes) -> bytes:
    """With a CA certificate of a version that X.509 does not know."""
    der = parties.CA.certificate.public_bytes(Encoding.DER)
    return pkcs7.replace(der, der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020109"), 1))


def _pkcs8(key: pki.Key) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _objects() -> dict[str, dict[str, Any]]:
    metadata = {"name": "app", "namespace": "team-a", "uid": "uid", "resourceVersion": "7", "generation": 1}
    metadata |= {"annotations": {"a": "b"}, "managedFields": [{"fieldsV1": {"f:spec": {"f:request": {}}}}]}
    approved = {"type": "Approved", "status": "True", "reason": "ok", "message": "ok", "lastTransitionTime": _TIME}
    ready = {
        "type": "Ready",
        "status": "False",
        "reason": "Pending",
        "lastTransitionTime": _TIME,
        "observedGeneration": 1,
    }
    request = base64.b64encode(parties.REQUEST[:60]).decode()
    ours = {"group": parties.ISSUERS.group, "kind": parties.ISSUERS.cluster_issuer, "name": "ca"}
    signer_name = f"{parties.ISSUERS.cluster_issuers}.{parties.ISSUERS.group}/ca"
    issuer = {"url": "https://ca.example.com", "authSecretName": "my-ca", "ca": {}}
    asked = {"request": request, "usages": ["digital signature"], "isCA": True, "duration": "90h", "issuerRef": ours}
    return {
        "request": {
            "metadata": metadata,
            "spec": asked,
            "status": {"conditions": [ready, approved], "certificate": "YQ=="},
        },
        "waiting": {
            "metadata": metadata,
            "spec": asked | {"duration": "1x"},
            "status": {"conditions": [ready, approved]},
        },
        "denied": {
            "metadata": metadata,
            "spec": asked,
            "status": {"conditions": [ready, approved | {"type": "Denied"}]},
        },
        "signing-request": {
            "metadata": {"name": "app", "uid": "uid", "resourceVersion": "7"},
            "spec": {
                "request": request,
                "signerName": signer_name,
                "expirationSeconds": 600,
                "usages": ["server auth"],
            },
            "status": {"conditions": [approved]},
        },
        "issuer": {
            "metadata": metadata | {"deletionTimestamp": _TIME},
            "spec": issuer,
            "status": {"conditions": [ready]},
        },
    }


def _page() -> bytes:
    items = list(_objects().values())
    return json.dumps({"metadata": {"resourceVersion": "9", "continue": ""}, "items": items}).encode()


def _changes() -> bytes:
    found = _objects()["request"]
    gone = {"kind": "Status", "code": 410, "message": "too old resource version"}
    told = [
        ("ADDED", found),
        ("MODIFIED", {"spec": {"request": 1}}),
        ("BOOKMARK", {"metadata": {"resourceVersion": "8"}}),
    ]
    told += [("DELETED", found), ("ERROR", gone)]
    return b"".join(json.dumps({"type": kind, "object": object_}).encode() + b"\n" for kind, object_ in told)


def write() -> None:
    for target, found in [*good().items(), *bad().items()]:
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in found.items():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    write()
