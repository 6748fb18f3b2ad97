"""What an EST server makes of the CSR of a pod, which has no names: it chooses them, since EST sends no others."""

from __future__ import annotations

import base64
import ssl
from urllib.request import Request, urlopen

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from adapters.signers.est.signer import EST
from tests.integration.est_ca.server import PASSWORD, ESTCAServer
from tests.support import pki
from tests.support.remote import https

STUB = pki.stub_csr()


def test_the_names_of_a_certificate_are_the_servers_to_choose(est_ca: ESTCAServer) -> None:
    """The whole request is the CSR: est-ca takes the name from the user, and the pod's is nowhere."""
    assert EST.cannot_set_names.startswith("EST sends the CA a CSR and no names besides")
    der = pki.csr_der(STUB)
    user = base64.b64encode(f"us:{PASSWORD}".encode()).decode()
    headers = {"Content-Type": "application/pkcs10", "Authorization": f"Basic {user}"}
    asked = Request(f"{est_ca.url}/.well-known/est/simpleenroll", base64.b64encode(der), headers)
    with urlopen(asked, context=ssl.create_default_context(cadata=https.ROOT.pem.decode()), timeout=10) as answer:
        [leaf] = pkcs7.load_der_pkcs7_certificates(base64.b64decode(answer.read()))

    assert leaf.public_key() == pki.key().public_key()
    assert leaf.subject == pki.name("us")
    assert x509.SubjectAlternativeName not in {type(each.value) for each in leaf.extensions}
