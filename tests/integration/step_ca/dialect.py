"""How step-ca speaks, for tests/integration/hostile_ca."""

from __future__ import annotations

import json

from adapters.signers.step_ca.signer import StepCASpec
from tests.integration.hostile_ca.dialect import Certificates, Dialect
from tests.integration.step_ca import provisioner
from tests.support.remote import https
from tests.unit.adapters.signers import lying
from tests.unit.adapters.signers.lying import pem
from tests.unit.adapters.signers.step_ca.asking import KEY


def _cert_chain(certificates: Certificates) -> bytes:
    return json.dumps({"certChain": [pem(certificate).decode() for certificate in certificates]}).encode()


DIALECT = Dialect(
    signer="stepCA",
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
    options=StepCASpec("us"),
)
