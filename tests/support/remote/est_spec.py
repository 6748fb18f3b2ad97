"""An issuer of EST. Apart from est.py: tests that need any remote CA use that one, also where the signer is removed."""

from __future__ import annotations

from adapters.signers.est.server import ESTSpec
from domain.model import IssuerSpec
from tests.support.remote.asking import SECRET, HasURL


def est_issuer(server: HasURL, label: str = "") -> IssuerSpec:
    return IssuerSpec(server.url, SECRET, "est", ESTSpec(label))
