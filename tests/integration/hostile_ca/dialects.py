"""The CAs elsewhere as their servers speak: what they are asked, and how they hand certificates out.

A dialect knows how a thing is said, never whether it is true: that is said by whoever answers (attacks.py).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cryptography import x509

from tests.integration.step_ca import provisioner
from tests.support.remote import est, https
from tests.unit.adapters.signers import lying
from tests.unit.adapters.signers.lying import pem
from tests.unit.adapters.signers.step_ca.asking import KEY

US = https.client_certificate("us")
Certificates = Sequence[x509.Certificate]


@dataclass(frozen=True)
class Dialect:
    """`honest` is what is answered to all that comes before the enrolment; `data` is of the issuer's Secret."""

    signer: str
    data: dict[str, bytes]
    enrolment: str
    honest: dict[str, bytes]
    hand_out: Callable[[Certificates], bytes]
    sent: Callable[[https.Seen], str]
    """The credential that came with a request to enrol."""
    stored: Sequence[str]
    """What of the Secret nobody may ever see, as text."""
    parameters: dict[str, str] = field(default_factory=dict)


def _cert_chain(certificates: Certificates) -> bytes:
    return json.dumps({"certChain": [pem(certificate).decode() for certificate in certificates]}).encode()


def _inside(pem_text: bytes) -> str:
    """A line of a key that is in no other."""
    return pem_text.decode().splitlines()[2]


EST = Dialect(
    signer="EST",
    data={
        "username": est.USERNAME.encode(),
        "password": est.PASSWORD.encode(),
        "tls.crt": US.pem,
        "tls.key": US.key_pem,
        "ca.crt": https.ROOT.pem,
    },
    enrolment="/.well-known/est/simpleenroll",
    honest={"/.well-known/est/cacerts": est.certs_only([lying.ROOT.certificate])},
    hand_out=est.certs_only,
    sent=lambda seen: seen.headers["Authorization"].removeprefix("Basic "),
    stored=[est.PASSWORD, base64.b64encode(f"{est.USERNAME}:{est.PASSWORD}".encode()).decode(), _inside(US.key_pem)],
)
STEP_CA = Dialect(
    signer="StepCA",
    data={
        "jwk": KEY.encrypted.encode(),
        "password": provisioner.PASSWORD.encode(),
        "ca.crt": https.ROOT.pem,
    },
    enrolment="/1.0/sign",
    honest={
        "/health": b'{"status": "ok"}',
        "/provisioners": json.dumps({"provisioners": [{"type": "JWK", "name": "us", "key": KEY.public}]}).encode(),
        "/roots": json.dumps({"crts": [lying.ROOT.pem.decode()]}).encode(),
    },
    hand_out=_cert_chain,
    sent=lambda seen: str(json.loads(seen.body)["ott"]),
    stored=[provisioner.PASSWORD, KEY.encrypted, KEY.private["d"]],
    parameters={"provisioner": "us"},
)
DIALECTS = {dialect.signer: dialect for dialect in (EST, STEP_CA)}
