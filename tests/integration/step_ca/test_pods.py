"""What the real step-ca does with the CSR of a pod, which has no names, when its token has them.

The signer does not use this yet: its tokens hold the names of the CSR (StepCA.cannot_set_names).
"""

from __future__ import annotations

import json
import secrets
import ssl
import time
from dataclasses import replace
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import jwt
import pytest
from cryptography import x509

from adapters.clock import SystemClock
from adapters.signers.http.pool import ClientPool
from adapters.signers.step_ca.signer import StepCA
from domain.errors import RequestRejected
from domain.pods import AssignedNames
from tests.integration.step_ca.asking import BY_DEFAULT, issuer, order
from tests.integration.step_ca.server import DEFAULT_JWK, ROOT, StepCAServer
from tests.support import pki
from tests.support.remote.asking import refusal

IDENTITY = "spiffe://example.com/ns/team-a/sa/app"
STUB = pki.signed(x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])))


def signed(ca: StepCAServer, csr: bytes, provisioner: str, kid: str) -> x509.Certificate:
    """By a token whose only name is IDENTITY."""
    now = int(time.time())
    claims: dict[str, object] = {"iss": provisioner, "sub": IDENTITY, "sans": [IDENTITY]}
    claims |= {"aud": f"{ca.url}/1.0/sign", "iat": now, "nbf": now, "exp": now + 60, "jti": secrets.token_hex(32)}
    token = jwt.encode(claims, jwt.PyJWK(DEFAULT_JWK.private).key, algorithm="ES256", headers={"kid": kid})
    body = json.dumps({"csr": csr.decode(), "ott": token}).encode()
    asked = Request(f"{ca.url}/1.0/sign", body, {"Content-Type": "application/json"})
    with urlopen(asked, context=ssl.create_default_context(cadata=ROOT.pem.decode()), timeout=10) as answer:
        return x509.load_pem_x509_certificate(json.load(answer)["crt"].encode())


@pytest.mark.parametrize(
    ("provisioner", "kid", "subject"),
    [("jwk", "default", pki.name(IDENTITY)), ("jwk-pods", "pods", x509.Name([]))],
    ids=["default template", "template for pods"],
)
def test_it_signs_the_names_of_the_token(step_ca: StepCAServer, provisioner: str, kid: str, subject: x509.Name) -> None:
    """The default template takes the common name from the token besides, so that the subject is not empty."""
    leaf = signed(step_ca, STUB, provisioner, kid)

    assert leaf.subject == subject
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert list(names.value) == [x509.UniformResourceIdentifier(IDENTITY)]
    assert names.critical is not bool(subject.rdns)


@pytest.mark.parametrize(("provisioner", "kid"), [("jwk", "default"), ("jwk-pods", "pods")])
def test_it_refuses_a_csr_with_other_names(step_ca: StepCAServer, provisioner: str, kid: str) -> None:
    other = "spiffe://example.com/ns/kube-system/sa/admin"
    with pytest.raises(HTTPError) as refused:
        signed(step_ca, pki.csr(uris=[other]), provisioner, kid)
    said = json.loads(refused.value.read())["message"]
    refused.value.close()
    assert said.endswith(f"certificate request does not contain the valid URIs - got [{other}], want [{IDENTITY}].")


async def test_the_signer_gives_it_the_names_of_the_csr_alone(clients: ClientPool, step_ca: StepCAServer) -> None:
    signer = StepCA(clients, SystemClock())
    assert signer.cannot_set_names.endswith("the names of the CSR, and a pod's CSR has none")
    asked = replace(order(issuer(step_ca), BY_DEFAULT, STUB), names=AssignedNames(IDENTITY))
    assert "names nobody" in await refusal(signer.sign(asked), RequestRejected)
