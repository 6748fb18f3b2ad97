"""How EST servers speak (RFC 7030), for tests/integration/hostile_ca."""

from __future__ import annotations

import base64

from adapters.signers.est.server import ESTSpec
from tests.integration.hostile_ca.dialect import Dialect, inside
from tests.support import pki
from tests.support.remote import asking, https
from tests.unit.adapters.signers import lying

US = https.client_certificate("us")
DIALECT = Dialect(
    signer="est",
    options=ESTSpec(),
    data={
        "username": asking.USERNAME.encode(),
        "password": asking.PASSWORD.encode(),
        "tls.crt": US.pem,
        "tls.key": US.key_pem,
        "ca.crt": https.ROOT.pem,
    },
    enrolment="/.well-known/est/simpleenroll",
    honest={"/.well-known/est/cacerts": pki.certs_only([lying.ROOT.certificate])},
    hand_out=pki.certs_only,
    sent=lambda seen: seen.headers["Authorization"].removeprefix("Basic "),
    stored=[
        asking.PASSWORD,
        base64.b64encode(f"{asking.USERNAME}:{asking.PASSWORD}".encode()).decode(),
        inside(US.key_pem),
    ],
)
