import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from adapters.signers.pki import csr as csrs
from adapters.signers.pki import csr_policy
from domain.errors import RequestRejected
from tests.support import pki
from tests.unit.adapters.signers.orders import order

SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
BOTH = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
DEFAULT = pki.usage("digital_signature", "key_encipherment")
SIGNING = pki.usage("digital_signature")
CA_SIGNING = pki.usage("digital_signature", "key_cert_sign")
CA, LEAF = x509.BasicConstraints(ca=True, path_length=None), x509.BasicConstraints(ca=False, path_length=None)

AGREE = {
    "silence": ([], ("client auth",), False),
    "silence of a CA": ([], ("client auth",), True),
    "the same": ([SIGNING, SERVER], ("digital signature", "server auth"), False),
    "the same in another word": ([SIGNING], ("signing",), False),
    "the same twice": ([SIGNING], ("signing", "digital signature"), False),
    "in another order": ([SIGNING, BOTH], ("server auth", "signing", "client auth"), False),
    "purposes left to the spec": ([SIGNING], ("digital signature", "server auth"), False),
    "bits left to the spec": ([SERVER], ("digital signature", "server auth"), False),
    "a CA as cert-manager writes it": ([CA_SIGNING, CA], ("digital signature",), True),
    "a CA that spells out cert sign": ([CA_SIGNING, CA], ("digital signature", "cert sign"), True),
    "a CA without cert sign in its request": ([SIGNING, CA], ("digital signature", "cert sign"), True),
    "no usages in the spec, and cert-manager's default": ([DEFAULT], (), False),
    "no usages in the spec, nor in the request": ([], (), False),
    "a leaf": ([LEAF], (), False),
}
CONTRADICT = {
    "more bits": (
        [pki.usage("digital_signature", "data_encipherment")],
        ("digital signature",),
        False,
        "asks for the usages data encipherment, digital signature, but spec.usages for digital signature; make them",
    ),
    "fewer bits": ([SIGNING], ("digital signature", "key encipherment"), False, "but spec.usages for digital sig"),
    "more purposes": ([BOTH], ("server auth",), False, "usages client auth, server auth, but spec.usages for server"),
    "fewer purposes": ([SERVER], ("server auth", "client auth"), False, "usages server auth, but spec.usages for cl"),
    "bits agree, purposes do not": (
        [SIGNING, SERVER],
        ("signing", "client auth"),
        False,
        "spec.usages for digital signature, client auth",
    ),
    "purposes, and no usages in the spec": (
        [SERVER],
        (),
        False,
        "asks for the usages server auth, but spec.usages for digital signature, key encipherment "
        r"\(which is what no spec.usages means\); make them agree",
    ),
    "bits, and no usages in the spec": ([SIGNING], (), False, "asks for the usages digital signature, but spec.usages"),
    "cert sign without CA": ([CA_SIGNING], ("digital signature",), False, "usages cert sign, digital signature, but"),
    "a CA in the request": ([CA], (), False, "asks for a CA certificate .*spec.isCA is false; make them agree"),
    "a CA in the spec": ([LEAF], (), True, "asks for no CA certificate .*spec.isCA is true; make them agree"),
}
UNUSABLE = {
    "an unknown usage": (("digital signature", "Server Auth"), "'Server Auth' is no usage; there are: signing, digi"),
    "cert sign": (("cert sign",), "'cert sign' is for CA certificates alone"),
    "encipher only": (("encipher only",), "mean nothing without 'key agreement'"),
    "decipher only": (("decipher only", "signing"), "mean nothing without 'key agreement'"),
}


@pytest.mark.parametrize(("extensions", "usages", "is_ca"), AGREE.values(), ids=AGREE)
def test_agree(extensions: list[x509.ExtensionType], usages: tuple[str, ...], is_ca: bool) -> None:
    require(extensions, usages, is_ca)


@pytest.mark.parametrize(("extensions", "usages", "is_ca", "why"), CONTRADICT.values(), ids=CONTRADICT)
def test_contradict(extensions: list[x509.ExtensionType], usages: tuple[str, ...], is_ca: bool, why: str) -> None:
    with pytest.raises(RequestRejected, match=why) as refusal:
        require(extensions, usages, is_ca)

    assert str(refusal.value).startswith("spec.request asks for")
    assert "or leave" in str(refusal.value)


@pytest.mark.parametrize(("usages", "why"), UNUSABLE.values(), ids=UNUSABLE)
def test_usages_that_no_certificate_can_have(usages: tuple[str, ...], why: str) -> None:
    with pytest.raises(RequestRejected, match=f"spec.usages: .*{why}"):
        require([], usages, is_ca=False)


def require(extensions: list[x509.ExtensionType], usages: tuple[str, ...], is_ca: bool) -> None:
    asked = order(
        pki.csr(common_name="app", extensions=[(extension, True) for extension in extensions]),
        usages=usages,
        is_ca=is_ca,
    )
    csr_policy.require(csrs.read(asked.csr), asked)
