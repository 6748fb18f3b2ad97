"""Certificates for pods are X509-SVIDs, as SPIFFE's reference implementation (go-spiffe) reads and verifies them.

https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.clock import SystemClock
from adapters.kubernetes.pod_spec import PodsSpec
from adapters.memory.ca_store import MemoryCAStore
from adapters.signers.ca.signer import CA
from adapters.signers.demo.signer import Demo
from adapters.signers.pki import pem
from adapters.signers.verify import VerifyingSigner
from domain import pods
from domain.errors import WrongCertificate
from domain.model import Credentials, Issued, IssuerSpec, ObjectKey, SignRequest
from domain.pods import Pod, PodPolicy
from domain.ports import Signer
from tests.support import pki
from tests.support.cluster.fixtures import built
from tests.support.programs import SVID_VERIFIER

TRUST_DOMAIN = "example.com"
ROOT = pki.authority("root of SVIDs")
UPPER = pki.authority("upper CA of SVIDs", parent=ROOT)
LOWER = pki.authority("lower CA of SVIDs", parent=UPPER)
CLOCK = SystemClock()
POD = Pod("team-a", "app-1", "uid-1", "billing")
SIGNERS: dict[str, tuple[Signer, dict[str, bytes]]] = {
    "demo": (Demo(MemoryCAStore(), CLOCK, "demo CA"), {"token": b"any"}),
    "a root": (CA(CLOCK), {"tls.crt": ROOT.pem, "tls.key": ROOT.key_pem}),
    "a CA below two": (CA(CLOCK), {"tls.crt": LOWER.pem + UPPER.pem + ROOT.pem, "tls.key": LOWER.key_pem}),
}


@dataclass(frozen=True)
class Verifier:
    process: subprocess.Popen[str]

    def ask(self, chain: bytes, key: pki.Key, roots: bytes, trust_domain: str = TRUST_DOMAIN) -> dict[str, str]:
        question: dict[str, Any] = {
            "chain": chain.decode(),
            "key": pki.key_pem(key).decode(),
            "roots": roots.decode(),
            "trustDomain": trust_domain,
        }
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer: dict[str, str] = json.loads(self.process.stdout.readline())
        return answer


@pytest.fixture(scope="module")
def verifier(pytestconfig: pytest.Config) -> Iterator[Verifier]:
    program: Path = built(pytestconfig, SVID_VERIFIER.name, SVID_VERIFIER.ensure, "install Go")
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Verifier(process)


async def signed(kind: str, pod: Pod = POD, key: pki.Key | None = None, **policy: Any) -> Issued:
    """By the product, for a stub CSR that asks for more."""
    signer, data = SIGNERS[kind]
    allowed = PodPolicy(**{"trust_domain": TRUST_DOMAIN, "service_accounts": ("*/*",), **policy})
    assert pods.denial(pod, allowed) is None
    order = SignRequest(
        uid="uid",
        csr=pki.csr(key, common_name="admin", uris=["spiffe://example.com/ns/kube-system/sa/admin"]),
        usages=allowed.usages,
        is_ca=False,
        duration=timedelta(hours=1),
        issuer=IssuerSpec("", ObjectKey("Secret", "default", "credentials"), "ca"),
        credentials=Credentials(data),
        names=pods.names(pod, allowed),
    )
    issued = await VerifyingSigner(signer, CLOCK).sign(order)
    assert isinstance(issued, Issued)
    return issued


def policy_of(trust_domain: str) -> PodPolicy:
    """As it is read from spec.pods of an issuer."""
    return msgspec.convert({"trustDomain": trust_domain, "serviceAccounts": ["*/*"]}, PodsSpec).policy("")


@pytest.mark.parametrize("kind", SIGNERS)
@pytest.mark.parametrize("key", ["rsa3072", "rsa4096", "p256", "p384", "p521", "ed25519"])
async def test_what_the_signers_sign_for_pods_is_an_svid(verifier: Verifier, kind: str, key: str) -> None:
    issued = await signed(kind, key=pki.key(key), dns_names=("{pod}.{namespace}.pods.example.com",))
    assert issued.ca
    told = verifier.ask(issued.chain, pki.key(key), issued.ca)
    assert told == {"id": "spiffe://example.com/ns/team-a/sa/billing", "error": ""}


@pytest.mark.parametrize(
    ("trust_domain", "account"),
    [
        ("a", "a"),
        ("-._", "1"),
        ("prod_1.example-x.com", "a.b-c.d"),
        ("a" * 63 + ".b" * 96, ".".join(["s" * 62] * 4)),
        ("a" * 255, "a"),
    ],
)
async def test_whatever_kubernetes_calls_things_the_identity_is_read(
    verifier: Verifier, trust_domain: str, account: str
) -> None:
    assert policy_of(trust_domain).trust_domain == trust_domain
    pod = Pod("n" * 63, "app", "1", account)
    issued = await signed("a root", pod, trust_domain=trust_domain)
    told = verifier.ask(issued.chain, pki.key(), ROOT.pem, trust_domain)
    assert told == {"id": f"spiffe://{trust_domain}/ns/{'n' * 63}/sa/{account}", "error": ""}


@pytest.mark.parametrize("trust_domain", ["a..b", ".a", "a."])
async def test_a_trust_domain_that_go_cannot_read_is_refused_in_the_spec(trust_domain: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="trustDomain"):
        policy_of(trust_domain)
    with pytest.raises(WrongCertificate, match="is malformed"):
        await signed("a root", trust_domain=trust_domain)


# The verifier can say no


async def test_another_root_or_trust_domain_does_not_do(verifier: Verifier) -> None:
    issued = await signed("a root")
    foreign = pki.authority("somebody's root").pem
    assert "certificate signed by unknown authority" in verifier.ask(issued.chain, pki.key(), foreign)["error"]
    assert "could not get X509 bundle" in verifier.ask(issued.chain, pki.key(), ROOT.pem, "example.org")["error"]


async def test_a_chain_without_its_intermediates_does_not_do(verifier: Verifier) -> None:
    issued = await signed("a CA below two")
    leaf, upper, lower = x509.load_pem_x509_certificates(issued.chain)
    assert [upper, lower] == [LOWER.certificate, UPPER.certificate]
    told = verifier.ask(leaf.public_bytes(Encoding.PEM), pki.key(), ROOT.pem)
    assert "certificate signed by unknown authority" in told["error"]


def uris(*values: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.UniformResourceIdentifier(value) for value in values])


@pytest.mark.parametrize(
    ("extension", "why"),
    [
        (uris("spiffe://example.com/a", "spiffe://example.com/b"), "more than one URI SAN"),
        (x509.SubjectAlternativeName([x509.DNSName("app.example.com")]), "no URI SAN"),
        (uris("https://example.com/a"), "scheme is missing or invalid"),
        (uris("spiffe://example.com/a/"), "path cannot have a trailing slash"),
        (uris("spiffe://example.com//sa"), "path cannot contain empty segments"),
        (pki.usage("digital_signature", "key_cert_sign"), "'keyCertSign' set as key usage"),
        (pki.usage("digital_signature", "crl_sign"), "'cRLSign' set as key usage"),
        (x509.BasicConstraints(ca=True, path_length=None), "CA flag set to true"),
    ],
)
async def test_a_certificate_that_is_no_svid_is_refused(
    verifier: Verifier, extension: x509.ExtensionType, why: str
) -> None:
    leaf = x509.load_pem_x509_certificate((await signed("a root")).chain)
    broken = pki.altered(leaf, ROOT, extension=extension, critical=True)
    assert why in verifier.ask(pem.encode([broken]), pki.key(), ROOT.pem)["error"]


async def test_an_svid_that_has_expired_is_refused(verifier: Verifier) -> None:
    leaf = x509.load_pem_x509_certificate((await signed("a root")).chain)
    now = datetime.now(UTC)
    expired = pki.altered(leaf, ROOT, begins=now - timedelta(hours=2), ends=now - timedelta(hours=1))
    assert "certificate has expired" in verifier.ask(pem.encode([expired]), pki.key(), ROOT.pem)["error"]
