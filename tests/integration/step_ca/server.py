"""A real step-ca on a loopback port, with a PKI and provisioners made for it.

JWK and X5C provisioners, each with step-ca's default template and policy (a day at most), and with a template that
honours what cert-manager asked for and a policy of a year. `HONOURING` is the template of adapters/signers/README.md.
By `FOR_PODS` a certificate names what the token names, and has no subject.
"""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import urllib.request
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.integration.step_ca.provisioner import Provisioner
from tests.support import pki
from tests.support.cluster.controlplane import free_ports
from tests.support.cluster.process import Process
from tests.support.remote.https import leaf
from tests.support.remote.program import CAProgram

HONOURING = """{
  "rawSubject": {{ toJson .Insecure.CR.RawSubject }},
  "dnsNames": {{ toJson .Insecure.CR.DNSNames }},
  "ipAddresses": {{ toJson .Insecure.CR.IPAddresses }},
  "uris": {{ toJson .Insecure.CR.URIs }},
  "emailAddresses": {{ toJson .Insecure.CR.EmailAddresses }},
  "keyUsage": {{ toJson .Token.request.keyUsage }},
  "unknownExtKeyUsage": {{ toJson .Token.request.extKeyUsage }},
  "extensions": {{ toJson .Token.request.extensions }},
  "basicConstraints": {{ toJson .Token.request.basicConstraints }}
}"""
FOR_PODS = """{
  "subject": {},
  "sans": {{ toJson .SANs }},
  "keyUsage": ["digitalSignature"],
  "extKeyUsage": ["serverAuth", "clientAuth"]
}"""
ROOT = pki.authority("step root")
ISSUING = pki.authority("step issuing CA", parent=ROOT, lasts=timedelta(days=300))
X5C_ROOT = pki.authority("X5C root")
DEFAULT_JWK, HONOURING_JWK = Provisioner("default"), Provisioner("honouring")
X5C = leaf("us", X5C_ROOT, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]))


class StepCAServer(CAProgram):
    def __init__(self, program: Path, directory: Path, policy: dict[str, object] | None = None) -> None:
        """`policy` as step-ca has it in `authority.policy`; without one, every name is allowed."""
        [port] = free_ports(1)
        _write(directory, port, policy)
        at_home = [shutil.which("env") or "env", f"STEPPATH={directory}"]  # not what a person has in ~/.step
        command: list[str | Path] = [*at_home, program, directory / "ca.json"]
        super().__init__(f"https://localhost:{port}", Process("step-ca", command, directory / "step-ca.log"))

    def _connect(self) -> None:
        context = ssl.create_default_context(cadata=ROOT.pem.decode())
        no_proxy, https = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        urllib.request.build_opener(no_proxy, https).open(f"{self.url}/health", timeout=5).close()


def _write(directory: Path, port: int, policy: dict[str, object] | None) -> None:
    (directory / "root.crt").write_bytes(ROOT.pem)
    (directory / "issuing.crt").write_bytes(ISSUING.pem)
    (directory / "issuing.key").write_bytes(ISSUING.key_pem)
    honouring = {
        "claims": {"maxTLSCertDuration": "8760h", "defaultTLSCertDuration": "24h"},
        "options": {"x509": {"template": HONOURING}},
    }
    roots = base64.b64encode(X5C_ROOT.pem).decode()
    config = {
        "root": str(directory / "root.crt"),
        "crt": str(directory / "issuing.crt"),
        "key": str(directory / "issuing.key"),
        "address": f"127.0.0.1:{port}",
        "dnsNames": ["localhost"],
        "logger": {"format": "text"},
        "authority": {
            "policy": policy,
            "provisioners": [
                _jwk("jwk", DEFAULT_JWK),
                _jwk("jwk-honouring", HONOURING_JWK) | honouring,
                {"type": "X5C", "name": "x5c", "roots": roots},
                {"type": "X5C", "name": "x5c-honouring", "roots": roots} | honouring,
                *(_jwk(f"other-{number}", DEFAULT_JWK, f"other-{number}") for number in range(25)),  # a second page
                _jwk("jwk-pods", DEFAULT_JWK, "pods") | {"options": {"x509": {"template": FOR_PODS}}},
                _jwk("jwk-last", DEFAULT_JWK, "last"),
            ],
        },
    }
    (directory / "ca.json").write_text(json.dumps(config))


def _jwk(name: str, provisioner: Provisioner, kid: str = "") -> dict[str, object]:
    key = provisioner.public | ({"kid": kid} if kid else {})
    return {"type": "JWK", "name": name, "key": key, "encryptedKey": provisioner.encrypted}
