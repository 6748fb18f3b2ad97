"""What CFSSL does, as far as a signer for it relies on it. Sources: its api/signhandler, signer and auth."""

from __future__ import annotations

import base64
import hmac
import json
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from cryptography import x509

from tests.integration.tutorial.server import AUTH_KEY, LASTS, ROOT, CFSSLServer
from tests.support import pki

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
SERVER, CLIENT = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"


def ask(server: CFSSLServer, operation: str, question: dict[str, str]) -> tuple[int, Any]:
    """HTTP status; CFSSL's result or, where there is none, its only error."""
    request = urllib.request.Request(f"{server.url}/api/v1/cfssl/{operation}", json.dumps(question).encode())
    try:
        with _DIRECT.open(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())["result"]
    except HTTPError as error:
        [told] = json.loads(error.read())["errors"]
        return error.code, told


def authsign(server: CFSSLServer, profile: str, csr: bytes, key: str = AUTH_KEY) -> tuple[int, Any]:
    request = json.dumps({"profile": profile, "certificate_request": csr.decode()}).encode()
    token = hmac.digest(bytes.fromhex(key), request, "sha256")
    encoded = {"token": base64.b64encode(token).decode(), "request": base64.b64encode(request).decode()}
    return ask(server, "authsign", encoded)


def signed(server: CFSSLServer, profile: str, csr: bytes) -> x509.Certificate:
    status, result = authsign(server, profile, csr)
    assert status == 200
    [certificate] = x509.load_pem_x509_certificates(result["certificate"].encode())
    return certificate


def test_info_has_the_ca_and_what_the_profile_decides(cfssl: CFSSLServer) -> None:
    status, result = ask(cfssl, "info", {"profile": "client"})

    assert status == 200
    assert result["usages"] == ["digital signature", "client auth"]
    assert result["expiry"] == "720h"
    assert x509.load_pem_x509_certificate(result["certificate"].encode()) == ROOT.certificate


@pytest.mark.parametrize(("profile", "purpose"), [("server", SERVER), ("client", CLIENT)])
def test_the_profile_decides_usages_and_duration(cfssl: CFSSLServer, profile: str, purpose: str) -> None:
    certificate = signed(cfssl, profile, pki.csr(common_name="app", dns=["app.example.com"]))

    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [found.dotted_string for found in purposes] == [purpose]
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == LASTS
    certificate.verify_directly_issued_by(ROOT.certificate)


def test_names_come_from_the_csr(cfssl: CFSSLServer) -> None:
    csr = pki.csr(common_name="app", dns=["app.example.com"], ips=["192.0.2.1"], uris=["spiffe://a/b"])

    certificate = signed(cfssl, "server", csr)

    asked = x509.load_pem_x509_csr(csr).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value) == set(asked)
    assert certificate.subject == pki.name("app")


def test_a_request_without_a_csr_tells_that_the_key_is_right_and_signs_nothing(cfssl: CFSSLServer) -> None:
    missing = {"code": 400, "message": "missing parameter 'certificate_request'"}
    assert authsign(cfssl, "server", b"") == (400, missing)
    assert authsign(cfssl, "server", b"", key="00" * 16) == (400, {"code": 400, "message": "invalid token"})


def test_an_unknown_profile_is_the_default_one(cfssl: CFSSLServer) -> None:
    assert ask(cfssl, "info", {"profile": "misspelt"}) == ask(cfssl, "info", {"profile": ""})
    assert authsign(cfssl, "misspelt", b"") == (400, {"code": 400, "message": "invalid token"})


def test_a_csr_that_it_cannot_read_has_a_code_of_9000(cfssl: CFSSLServer) -> None:
    status, error = authsign(cfssl, "server", pki.csr(pki.key("secp256k1")))

    assert (status, error["code"]) == (400, 9003)


def test_what_the_profile_does_not_allow_has_a_code_of_5000(cfssl: CFSSLServer) -> None:
    constraints: pki.Extensions = [(x509.BasicConstraints(ca=True, path_length=None), True)]

    status, error = authsign(cfssl, "server", pki.csr(common_name="ca", extensions=constraints))

    assert (status, error["code"]) == (400, 5300)


def test_without_the_key_nothing_is_signed(cfssl: CFSSLServer) -> None:
    """CFSSL has no operation `sign` where each profile has a key: then this is a 404 of its web server, in no JSON."""
    with pytest.raises(json.JSONDecodeError):
        ask(cfssl, "sign", {"profile": "", "certificate_request": pki.csr().decode()})


def test_it_signs_beyond_the_end_of_its_ca(cfssl_program: Path, tmp_path: Path) -> None:
    ending = pki.authority("ending", lasts=LASTS / 2)
    with CFSSLServer(cfssl_program, tmp_path, ending).running() as server:
        certificate = signed(server, "server", pki.csr())

    assert certificate.not_valid_after_utc > ending.certificate.not_valid_after_utc
