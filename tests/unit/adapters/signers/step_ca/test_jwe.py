"""Keys of JWK provisioners, opened: one that `step` itself wrote, ones of every size, and many that are none."""

from __future__ import annotations

import base64
import json

import pytest

from adapters.signers.step_ca import jwe
from tests.integration.step_ca.provisioner import PASSWORD, encrypt

# Written by `step`, from go.step.sm/crypto's jose/testdata/p256.enc.priv.json; its password is "password".
BY_STEP = (
    b"eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJlbmMiOiJBMTI4R0NNIiwicDJjIjoxMDAwMDAsInAycyI6InFMYmNET3Yxczc3"
    b"TlRGcnlKVUUtbmcifQ.hY7Q7izJs6V1XvZI1l0RXJZ72XGg4anK.gZb91xunOTgPqVF2.N-J28rcs385tnLyM32ynQpeRSn3nkca"
    b"aSoO9o0H7dxrsLJ7nV53DKGprDjAWhVWonbf3BxSIj1K5CUgMP8GPqUvJnZldgYILzvTRbGSPjYrGd5m2kUCAxIuRFbHNA35Lv02"
    b"rfbNH9jvfdRvKhWvgunHS-a8vJCBCyk-Bd16Cp05G7tXp_EeVQXpUvNtQLd0v9NhWQ-tBeU86E3peCaJ97qipu7Xf23Axbng5azF"
    b"zCGbSbmj4e0HN58HmHcpMDI8TgXrQ5-vDsRIE8U8YKJGqw5OVlRRM_gusQyZTBRHDFb5xkyFbD1SMpCRDdFTT0qS0k5vcH8ijpjS"
    b"Is3K-sFo.WG-RibO1NdWRaqHRHUwl3A"
)
KEY = b'{"kty": "EC", "d": "canary-5b2f9c1e7d"}'


def changed(header: dict[str, object] | None = None, **parts: str) -> bytes:
    """A good one with something changed, as flattened JSON."""
    names = ("protected", "encrypted_key", "iv", "ciphertext", "tag")
    good = dict(zip(names, encrypt(KEY, PASSWORD.encode(), iterations=1000).split("."), strict=True))
    if header:
        protected = json.loads(base64.urlsafe_b64decode(good["protected"] + "==")) | header
        good["protected"] = encoded(json.dumps(protected))
    return json.dumps(good | parts).encode()


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def test_what_step_wrote() -> None:
    opened = json.loads(jwe.decrypt(BY_STEP, b"password"))

    assert (opened["kty"], opened["crv"], opened["kid"]) == (
        "EC",
        "P-256",
        "V93A-Yh7Bhw1W2E0igFciviJzX4PXPswoVgriehm9Co",
    )
    assert "d" in opened


@pytest.mark.parametrize("form", [encrypt(KEY, PASSWORD.encode()).encode() + b"\n", changed()], ids=["compact", "JSON"])
def test_both_forms(form: bytes) -> None:
    assert jwe.decrypt(form, PASSWORD.encode()) == KEY


@pytest.mark.parametrize("password", [b"", b"guessed", PASSWORD.encode() + b" "])
def test_a_wrong_password(password: bytes) -> None:
    with pytest.raises(ValueError, match=r"^does not open with the password$"):
        jwe.decrypt(changed(), password)


@pytest.mark.parametrize(
    ("encrypted", "told"),
    [
        (b"", "is no encrypted JWK"),
        (KEY, "is no encrypted JWK"),
        (b"a.b.c", "is no encrypted JWK"),
        (b"\xff.a.b.c.d", "is no encrypted JWK"),
        (b"{" * 10_000, "is no encrypted JWK"),
        (b'{"a":' * 3_000, "is no encrypted JWK"),
        (b"x" * 20_001, "has 20,001 bytes, more than the 20,000 allowed"),
        (changed(tag=1), "is no encrypted JWK"),  # type: ignore[arg-type]
        (b"....", "is no key that `step` encrypted"),
        (changed(protected=encoded("[]")), "is no key that `step` encrypted"),
        (changed(protected=encoded("[" * 5_000)), "is no key that `step` encrypted"),
        (changed(protected="%%%"), "is no key that `step` encrypted"),
        (changed(protected="a"), "is no key that `step` encrypted"),
        (changed({"alg": "dir"}), "is no key that `step` encrypted"),
        (changed({"alg": ["dir"]}), "is no key that `step` encrypted"),
        (changed({"enc": "A128CBC-HS256"}), "is no key that `step` encrypted"),
        (changed({"crit": ["exp"]}), "is no key that `step` encrypted"),
        (changed({"zip": "DEF"}), "is no key that `step` encrypted"),
        (changed({"p2s": 1}), "is no key that `step` encrypted"),
        (changed({"p2c": "1000"}), "is no key that `step` encrypted"),
        (changed({"p2c": True}), "does not open with the password"),
        (changed({"p2c": 0}), "asks for 0 iterations; 1 to 1,000,000 are allowed"),
        (changed({"p2c": 1_000_001}), "asks for 1,000,001 iterations; 1 to 1,000,000 are allowed"),
        (changed({"enc": "A128GCM"}), "does not open with the password"),
        (encrypt(KEY, PASSWORD.encode(), enc="A128GCM").encode(), "does not open with the password"),  # by 256 bits
        (changed({"cty": "other"}), "does not open with the password"),  # the header is authenticated
        (changed(encrypted_key=""), "does not open with the password"),
        (changed(iv=""), "does not open with the password"),
        (changed(ciphertext=""), "does not open with the password"),
        (changed(tag=""), "does not open with the password"),
    ],
)
def test_what_is_none(encrypted: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{told}") as caught:
        jwe.decrypt(encrypted, PASSWORD.encode())
    assert caught.value.__cause__ is None
    assert "canary" not in str(caught.value)
