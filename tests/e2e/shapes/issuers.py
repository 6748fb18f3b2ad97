"""The issuers of the table, and what stands behind each leaf that they sign.

The CAs are made here, so that chain and ca.crt are known to the byte; only the Demo signer makes its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from cryptography import x509

from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e.objects import API_VERSION, Objects
from tests.support import pki

DEMO_CA = f"{NAMES.controller}-demo-ca"
CLUSTER_DEMO, CLUSTER_CHAIN = "shapes-demo", "shapes-chain"
ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512 = (f"1.2.840.10045.4.3.{number}" for number in (2, 3, 4))
RSA_SHA256, ED25519 = "1.2.840.113549.1.1.11", "1.3.101.112"


@dataclass(frozen=True)
class Issuer:
    """`chain` stands behind each leaf, its issuer first; `trusted` is ca.crt, None where no root is known;
    `signature` is the OID of the leaf's."""

    chain: tuple[x509.Certificate, ...]
    trusted: x509.Certificate | None
    signature: str = ECDSA_SHA256
    secret: dict[str, str] = field(default_factory=dict)

    @property
    def certificate(self) -> x509.Certificate:
        found = self.chain[0] if self.chain else self.trusted
        assert found is not None
        return found


def authorities() -> dict[str, Issuer]:
    """Those whose CA is in their Secret."""
    root = pki.authority("Shapes Root")
    upper = pki.authority("Shapes Upper", parent=root)
    lower = pki.authority("Shapes Lower", parent=upper)
    ending = pki.authority("Shapes Ending", lasts=timedelta(hours=4))
    between = (lower.certificate, upper.certificate)
    rsa, p384, p521, ed25519 = (
        pki.authority(f"Shapes {kind}", private=pki.key(kind, "CA")) for kind in ("rsa3072", "p384", "p521", "ed25519")
    )
    return {
        "chain": Issuer(between, root.certificate, secret=_secret(lower, upper, trusted=root)),
        "shuffled": Issuer(between, root.certificate, secret=_secret(lower, root, upper)),
        "rootless": Issuer((lower.certificate,), None, secret=_secret(lower)),
        "ending": _alone(ending, ECDSA_SHA256),
        "rsa": _alone(rsa, RSA_SHA256),
        "p384": _alone(p384, ECDSA_SHA384),
        "p521": _alone(p521, ECDSA_SHA512),
        "ed25519": _alone(ed25519, ED25519),
    }


def demo(objects: Objects) -> Issuer:
    """The Demo signer's own CA, once an issuer of it is Ready."""
    pem = objects.server.kubectl(
        "get",
        "secret",
        DEMO_CA,
        f"--namespace={NAMESPACE}",
        '--output=go-template={{index .data "tls.crt" | base64decode}}',
    )
    return Issuer((), x509.load_pem_x509_certificate(pem.encode()))


def manifests(objects: Objects, issuers: dict[str, Issuer]) -> list[dict[str, object]]:
    """Secrets and issuers, of both kinds."""
    signers = {"demo": "demo"} | dict.fromkeys(issuers, "ca")
    secrets = [objects.secret(_secret_of(name)) for name in signers if name not in issuers]
    secrets += [objects.secret(_secret_of(name), **issuer.secret) for name, issuer in issuers.items()]
    namespaced = [objects.issuer(name, _secret_of(name), **{signer: {}}) for name, signer in signers.items()]
    for name, secret in ((CLUSTER_DEMO, objects.secret()), (CLUSTER_CHAIN, objects.secret(**issuers["chain"].secret))):
        secret["metadata"] = {"name": name, "namespace": NAMESPACE}
        secrets.append(secret)
    return [*secrets, *namespaced, _cluster(CLUSTER_DEMO, "demo"), _cluster(CLUSTER_CHAIN, "ca")]


def _secret_of(issuer: str) -> str:
    """No row may be called like this: its Certificate's Secret would take the place of the CA's."""
    return f"ca-of-{issuer}"


def _cluster(name: str, signer: str) -> dict[str, object]:
    spec = {"url": "https://ca.example.com", "authSecretName": name, signer: {}}
    return {"apiVersion": API_VERSION, "kind": NAMES.cluster_issuer, "metadata": {"name": name}, "spec": spec}


def _alone(root: pki.Authority, signature: str) -> Issuer:
    return Issuer((), root.certificate, signature, _secret(root))


def _secret(*bundle: pki.Authority, trusted: pki.Authority | None = None) -> dict[str, str]:
    """The Secret of a CA, its own certificate first."""
    secret = {"tls.crt": _pem(bundle), "tls.key": bundle[0].key_pem.decode()}
    return secret | ({"ca.crt": trusted.pem.decode()} if trusted else {})


def _pem(bundle: Sequence[pki.Authority]) -> str:
    return b"".join(each.pem for each in bundle).decode()
