"""Whom TLS trusts, as strictly on every Python, and what is said of a server that is not trusted."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from adapters.signers.http import tls
from adapters.signers.http.pool import ClientPool
from domain.errors import IssuerFailed
from domain.model import Credentials
from tests.contracts.clock import StoppedClock
from tests.support import pki
from tests.support.remote import https
from tests.support.remote.asking import PLAIN, SECRET, endpoint, refusal
from tests.support.remote.https import ROOT, serving

LOCALHOST = x509.SubjectAlternativeName([x509.DNSName("localhost")])
SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
async def clients() -> AsyncIterator[ClientPool]:
    made = ClientPool(StoppedClock())
    yield made
    await made.close()


@pytest.fixture
def python_3_13(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes this Python as strict as 3.13 and later are."""
    plain = ssl.create_default_context

    def strict(*arguments: object, **named: object) -> ssl.SSLContext:
        made = plain(*arguments, **named)  # type: ignore[arg-type]
        made.verify_flags |= ssl.VERIFY_X509_STRICT
        return made

    monkeypatch.setattr(ssl, "create_default_context", strict)


def server(parent: pki.Authority | None = ROOT, **changed: object) -> pki.Authority:
    """A certificate for localhost, with its key."""
    plain: dict[str, object] = {"constraints": None, "bits": (), "extensions": [(LOCALHOST, False), (SERVER, False)]}
    return pki.authority("server", parent=parent, **(plain | changed))  # type: ignore[arg-type]


def bare(authority: pki.Authority) -> pki.Authority:
    """The same root with basicConstraints alone, as old and home-made CAs have it."""
    key = authority.key
    certificate = (
        x509.CertificateBuilder()
        .subject_name(authority.certificate.subject)
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=False)
        .sign(key, hashes.SHA256())
    )
    return pki.Authority(certificate, key)


def version_1(authority: pki.Authority, directory: Path) -> bytes:
    """A root of version 1 with its name and key, which has no extensions at all."""
    (directory / "root.key").write_bytes(authority.key_pem)
    subject = f"/{authority.certificate.subject.rfc4514_string()}"
    made = b""
    for command in (["req", "-new", "-key", "root.key", "-subj", subject], ["x509", "-req", "-signkey", "root.key"]):
        made = subprocess.run(["openssl", *command], input=made, cwd=directory, capture_output=True, check=True).stdout
    assert x509.load_pem_x509_certificate(made).version is x509.Version.v1
    return made


def context(data: dict[str, bytes], *, client_certificate: bool = False) -> ssl.SSLContext:
    return tls.context(SECRET, Credentials(data), client_certificate=client_certificate, now=NOW)


# Not stricter than Python 3.11


@pytest.mark.usefixtures("python_3_13")
@pytest.mark.parametrize("data", [{}, {"ca.crt": ROOT.pem}], ids=["the system's store", "ca.crt"])
def test_verification_is_as_strict_on_every_python(data: dict[str, bytes]) -> None:
    made = context(data)

    assert not made.verify_flags & ssl.VERIFY_X509_STRICT
    assert made.verify_flags & ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    assert (made.verify_mode, made.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert made.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.usefixtures("python_3_13")
async def test_a_ca_without_key_usage_and_key_identifiers_is_accepted(clients: ClientPool, tmp_path: Path) -> None:
    root = bare(ROOT)
    async with serving(tmp_path, certificate=server()) as there:
        assert (await clients.exchange(endpoint(there.url, {"ca.crt": root.pem}), PLAIN)).status == 200


@pytest.mark.usefixtures("python_3_13")
async def test_a_root_of_version_1_is_accepted(clients: ClientPool, tmp_path: Path) -> None:
    root = version_1(ROOT, tmp_path)
    async with serving(tmp_path, certificate=server()) as there:
        assert (await clients.exchange(endpoint(there.url, {"ca.crt": root}), PLAIN)).status == 200


def test_the_keys_of_connections_are_written_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))

    assert context({}).keylog_filename is None


# What ca.crt may hold


@pytest.mark.parametrize("bundle", [ROOT.pem * 2, b"Subject: CN=TLS root\n" + ROOT.pem + b"\r\n# the end\r\n"])
async def test_duplicates_and_text_in_ca_crt_harm_nobody(clients: ClientPool, tmp_path: Path, bundle: bytes) -> None:
    async with serving(tmp_path) as there:
        assert (await clients.exchange(endpoint(there.url, {"ca.crt": bundle}), PLAIN)).status == 200


def unloadable() -> bytes:
    """A certificate that cryptography reads and OpenSSL does not: a time where its issuer's name should be."""
    der = pki.authority("Some CA").certificate.public_bytes(Encoding.DER)
    return pki.armor(der.replace(b"\x0c\x07Some CA", b"\x17\x07Some CA"), "CERTIFICATE")


async def test_a_certificate_that_openssl_cannot_load_is_left_out(clients: ClientPool, tmp_path: Path) -> None:
    async with serving(tmp_path) as there:
        for bundle in (unloadable() + ROOT.pem, ROOT.pem + unloadable()):
            assert (await clients.exchange(endpoint(there.url, {"ca.crt": bundle}), PLAIN)).status == 200


def test_a_ca_crt_of_which_openssl_loads_nothing_is_named() -> None:
    with pytest.raises(IssuerFailed, match=r"Secret team-a/my-ca: ca\.crt holds no certificate that OpenSSL can load"):
        context({"ca.crt": unloadable()})


def test_a_client_certificate_that_openssl_refuses_is_named() -> None:
    weak = pki.authority("us", private=pki.key("rsa1024"))

    with pytest.raises(IssuerFailed, match=r"OpenSSL refuses tls\.crt and tls\.key .*\(ee key too small\)"):
        context({"tls.crt": weak.pem, "tls.key": weak.key_pem}, client_certificate=True)


# Why a server is not trusted

NO_CA = https.leaf("No CA", ROOT)
NARROW = pki.authority("Narrow CA", parent=ROOT, constraints=x509.BasicConstraints(ca=True, path_length=0))
BELOW_NARROW = pki.authority("Below it", parent=NARROW)
CRL_SIGNER = pki.authority("Signs CRLs alone", parent=ROOT, bits=("crl_sign",))
EXPIRED_CA = pki.authority("Expired CA", parent=ROOT, begins=NOW - 3 * DAY, lasts=2 * DAY)
EARLY_CA = pki.authority("Early CA", parent=ROOT, begins=NOW + DAY)
RSA_CA = pki.authority("RSA CA", parent=ROOT, private=pki.key("rsa2048"))
WEAK_CA = pki.authority("Weak CA", parent=ROOT, private=pki.key("rsa1024"))
OTHER = pki.authority("Another root")
IMPOSTOR = pki.authority("TLS root", private=pki.key(owner="another key"))

RENEW = "renew it there, or replace the expired one in ca.crt of Secret team-a/my-ca"
TOO_WEAK = "shows a certificate that is too weak, or one above it is"
CLOCKS = "see that the clocks there and here show the same time"
NONE_ISSUED = (
    "no certificate in ca.crt of Secret team-a/my-ca issued it; put the CA certificate that it leads to there, "
    "or have the server send the intermediate certificates too"
)
CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
DISTRUSTED: dict[str, tuple[pki.Authority, list[pki.Authority], str]] = {
    "expired": (server(begins=NOW - 3 * DAY, lasts=2 * DAY), [], f"(certificate has expired); {RENEW}"),
    "an expired CA": (server(EXPIRED_CA), [EXPIRED_CA], f"(certificate has expired); {RENEW}"),
    "not valid yet": (server(begins=NOW + DAY), [], f"(certificate is not yet valid); {CLOCKS}"),
    "a CA that is not valid yet": (server(EARLY_CA), [EARLY_CA], f"(certificate is not yet valid); {CLOCKS}"),
    "an unknown root": (server(OTHER), [], f"not trusted (unable to get local issuer certificate): {NONE_ISSUED}"),
    "an unknown root, sent": (server(OTHER), [OTHER], f"(self-signed certificate in certificate chain): {NONE_ISSUED}"),
    "self-signed": (server(None), [], f"not trusted (self-signed certificate): {NONE_ISSUED}"),
    "a root of that name": (
        server(IMPOSTOR),
        [],
        f"not trusted (unable to get local issuer certificate): {NONE_ISSUED}",
    ),
    "a CA that is none": (server(NO_CA), [NO_CA], "(invalid CA certificate); have it issued anew there"),
    "a path too long": (
        server(BELOW_NARROW),
        [BELOW_NARROW, NARROW],
        "(path length constraint exceeded); have it issued anew there",
    ),
    "no cert sign": (server(CRL_SIGNER), [CRL_SIGNER], "(invalid CA certificate); have it issued anew there"),
    "for clients": (
        server(extensions=[(LOCALHOST, False), (CLIENT, False)]),
        [],
        "(unsuitable certificate purpose); have it issued anew there",
    ),
    "a weak key": (server(private=pki.key("rsa1024")), [], f"{TOO_WEAK} (EE certificate key too weak); replace it"),
    "a weak CA": (server(WEAK_CA), [WEAK_CA], f"{TOO_WEAK} (CA certificate key too weak); replace it there"),
    "a weak digest": (
        pki.signed_with_sha1(server(RSA_CA), RSA_CA),
        [RSA_CA],
        f"{TOO_WEAK} (CA signature digest algorithm too weak); replace it there",
    ),
    "another name": (
        https.server_certificate("ca.example.com"),
        [],
        "for another name (Hostname mismatch, certificate is not valid for 'localhost'); write spec.url with a name",
    ),
}


@pytest.mark.parametrize("case", DISTRUSTED)
async def test_the_reason_why_a_server_is_not_trusted_is_told(clients: ClientPool, tmp_path: Path, case: str) -> None:
    certificate, above, told = DISTRUSTED[case]
    async with serving(tmp_path, certificate=certificate, above=above) as there:
        said = await refusal(clients.exchange(endpoint(there.url), PLAIN))

    assert said.startswith(there.url.removeprefix("https://") + " shows a certificate ")
    assert told in said
    assert there.seen == []


async def test_without_ca_crt_the_remedy_is_to_put_one_there(clients: ClientPool, tmp_path: Path) -> None:
    async with serving(tmp_path) as there:
        said = await refusal(clients.exchange(endpoint(there.url, {"ca.crt": b""}), PLAIN))

    assert said.endswith("; put the CA certificate that it leads to into ca.crt of Secret team-a/my-ca")
