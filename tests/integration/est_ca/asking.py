"""Asking est-ca in tests."""

from __future__ import annotations

from datetime import timedelta

from domain.model import SignRequest
from tests.integration.est_ca.server import PASSWORD, ESTCAServer
from tests.support import pki
from tests.support.remote.asking import secret
from tests.support.remote.est_spec import est_issuer

BY_NAME = {"username": b"us", "password": PASSWORD.encode()}
ITS_PROFILE = ("digital signature", "key encipherment", "client auth")
"""The usages that est-ca gives, whatever it is asked for."""


def order(server: ESTCAServer, csr: bytes | None = None, data: dict[str, bytes] = BY_NAME) -> SignRequest:
    """Of a certificate just as est-ca makes it, unless told otherwise."""
    asked = csr or pki.csr(common_name="us")
    return SignRequest("uid", asked, ITS_PROFILE, False, timedelta(days=7), est_issuer(server), secret(data))
