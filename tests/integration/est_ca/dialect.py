"""How EST servers speak (RFC 7030), for tests/integration/hostile_ca."""

from __future__ import annotations

import base64

from tests.integration.hostile_ca.dialect import Dialect, inside
from tests.support import pki
from tests.support.remote import est, https
from tests.unit.adapters.signers import lying

US = https.client_certificate("us")
DIALECT = Dialect(
    signer="EST",
    data={
        "username": est.USERNAME.encode(),
        "password": est.PASSWORD.encode(),
        "tls.crt": US.pem,
        "tls.key": US.key_pem,
        "ca.crt": https.ROOT.pem,
    },
    enrolment="/.well-known/est/simpleenroll",
    honest={"/.well-known/est/cacerts": pki.certs_only([lying.ROOT.certificate])},
    hand_out=pki.certs_only,
    sent=lambda seen: seen.headers["Authorization"].removeprefix("Basic "),
    stored=[est.PASSWORD, base64.b64encode(f"{est.USERNAME}:{est.PASSWORD}".encode()).decode(), inside(US.key_pem)],
)
