"""No certificate holds a name that the pod's ServiceAccount does not have, whatever the stub CSR and annotations hold.

From the object of the API server to the signed certificate: codec, domain and signer as the manager wires them.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.ca_store import MemoryCAStore
from adapters.signers.ca.signer import CA
from adapters.signers.demo.signer import Demo
from adapters.signers.verify import VerifyingSigner
from domain import requests
from domain.effects import Sign
from domain.errors import RequestRejected, UnsupportedKey, WrongCertificate
from domain.model import POD_CERTIFICATE_REQUEST, Credentials, Issued, Request, RequestSnapshot, SignRequest
from domain.pods import AssignedNames
from entrypoints.issuer import NAMES
from tests.contracts.clock import StoppedClock
from tests.support import pki
from tests.support.factories import POLICY, a_pod_policy, a_spec, an_attempt, an_issuer, at, cluster_issuer_key
from tests.unit.adapters.kubernetes.test_codec import translated
from tests.unit.adapters.signers.lying import CLOCK, LOWER, honest, pem, verify
from tests.unit.adapters.signers.orders import order

TEMPLATES = ("{pod}.{namespace}.pods.example.com",)
LABELS = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?", fullmatch=True)
WORDS = st.text("abz09-.*@/:% \n", max_size=12)
KEY = pki.key()
NAMES_OF_OTHERS = st.lists(
    st.one_of(
        WORDS.map(x509.DNSName),
        WORDS.map(x509.UniformResourceIdentifier),
        st.just(x509.UniformResourceIdentifier("spiffe://example.org/ns/kube-system/sa/admin")),
    ),
    max_size=4,
)


@st.composite
def stubs(draw: st.DrawFn) -> bytes:
    """A request in DER for KEY, which asks for whatever it likes."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(pki.name(draw(WORDS)))
    if names := draw(NAMES_OF_OTHERS):
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=draw(st.booleans()))
    if draw(st.booleans()):
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return pki.csr_der(pki.signed(builder, KEY))


def a_pods_request(stub: bytes, **spec: Any) -> Request:
    told = {
        "signerName": f"{NAMES.cluster_issuers}.{NAMES.group}/ca",
        "podName": "web-0",
        "serviceAccountName": "web",
        "maxExpirationSeconds": 3600,
        "stubPKCS10Request": base64.b64encode(stub).decode(),
        **spec,
    }
    found = translated(POD_CERTIFICATE_REQUEST, spec=told)
    assert isinstance(found, Request)
    return found


async def signed(request: Request) -> x509.Certificate | None:
    """None where the request is denied."""
    spec = a_spec(cluster_issuer_key(), pods=a_pod_policy(service_accounts=("*/*",), dns_names=TEMPLATES))
    issuer = an_issuer(cluster_issuer_key(), spec=spec)
    clock = StoppedClock()
    decision = requests.decide(RequestSnapshot(request, issuer), an_attempt(), at(clock.now()), POLICY, NAMES)
    if not isinstance(decision, Sign):
        return None
    asked = requests.sign_request(request, issuer, Credentials({}), allow_annotations=True)
    answer = await VerifyingSigner(Demo(MemoryCAStore(), clock, "demo"), clock).sign(asked)
    assert isinstance(answer, Issued)
    return x509.load_pem_x509_certificate(answer.chain)


@settings(max_examples=60)
@given(
    stub=stubs(),
    account=LABELS,
    pod=LABELS,
    annotations=st.dictionaries(st.sampled_from(["example.com/uri", "spiffe-id"]), WORDS, max_size=1),
)
async def test_the_names_are_those_of_the_pod(stub: bytes, account: str, pod: str, annotations: dict[str, str]) -> None:
    request = a_pods_request(
        stub, serviceAccountName=account, podName=pod, unverifiedUserAnnotations=annotations or None
    )
    leaf = await signed(request)
    assert (leaf is None) is bool(annotations)
    if leaf is None:
        return
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert set(names.value) == {
        x509.UniformResourceIdentifier(f"spiffe://example.org/ns/team-a/sa/{account}"),
        x509.DNSName(f"{pod}.team-a.pods.example.com"),
    }
    assert (names.critical, leaf.subject.rdns) == (True, [])
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert leaf.public_key() == KEY.public_key()


async def test_a_stub_that_another_key_signed_is_refused() -> None:
    stub = pki.csr_der(pki.csr_signed_by_another_key())
    with pytest.raises(RequestRejected, match=r"spec\.stubPKCS10Request: has a signature that its own key did not"):
        await signed(a_pods_request(stub))


async def test_a_key_that_is_not_accepted_is_named_with_those_that_are() -> None:
    weak = pki.csr(pki.key("rsa1024"))
    with pytest.raises(UnsupportedKey, match="1024 bits, which is too weak; use RSA with at least 2048 bits"):
        await signed(a_pods_request(pki.csr_der(weak)))


SPIFFE_ID = "spiffe://example.org/ns/team-a/sa/web"
POD_ORDER = replace(
    order(pki.csr(KEY), usages=("digital signature", "client auth", "server auth"), duration=timedelta(hours=1)),
    names=AssignedNames(SPIFFE_ID),
)


async def a_leaf(asked: SignRequest = POD_ORDER) -> x509.Certificate:
    credentials = Credentials({"tls.crt": LOWER.pem, "tls.key": LOWER.key_pem})
    answer = await CA(CLOCK).sign(replace(asked, credentials=credentials))
    return x509.load_pem_x509_certificates(answer.chain)[0]


async def test_the_answer_of_a_signer_says_from_when_to_when() -> None:
    leaf = await a_leaf()
    answer = await verify(Issued(pem(leaf)), POD_ORDER)
    assert isinstance(answer, Issued)
    assert answer.validity == (leaf.not_valid_before_utc, leaf.not_valid_after_utc)


async def a_leaf_that_is_older(by: timedelta) -> x509.Certificate:
    leaf = await a_leaf()
    return pki.altered(leaf, LOWER, begins=leaf.not_valid_before_utc - by)


LIES: dict[str, tuple[Callable[[], Awaitable[x509.Certificate]], str]] = {
    "the names of the CSR": (honest, "was not asked for"),
    "another SPIFFE ID": (
        lambda: a_leaf(replace(POD_ORDER, names=AssignedNames("spiffe://example.org/ns/kube-system/sa/admin"))),
        "is missing",
    ),
    "a DNS name besides": (lambda: a_leaf(replace(POD_ORDER, names=AssignedNames(SPIFFE_ID, ("x.y",)))), "DNS name"),
    "a second longer": (
        lambda: a_leaf(replace(POD_ORDER, duration=timedelta(hours=1, seconds=1))),
        "validity: asked 1h, got 1h1s",
    ),
    "less than an hour": (lambda: a_leaf(replace(POD_ORDER, duration=timedelta(minutes=59))), "at least an hour"),
    "too old": (lambda: a_leaf_that_is_older(timedelta(minutes=5)), "must begin within 5 minutes of the present"),
}


@pytest.mark.parametrize("lie", LIES)
async def test_what_is_not_as_the_order_has_it_is_not_passed_on(lie: str) -> None:
    make, why = LIES[lie]
    with pytest.raises(WrongCertificate, match=why):
        await verify(Issued(pem(await make())), POD_ORDER)
