"""The demo with a step-ca."""

from __future__ import annotations

from pathlib import Path

from tests.support.remote import https
from tests.unit.adapters.signers.step_ca.asking import DATA
from tests.unit.entrypoints.demo_process import broken, demo, serving
from tests.unit.entrypoints.manifests import issuer, secret, written


def test_a_step_ca_that_fails_leaves_nothing_open(tmp_path: Path) -> None:
    file = tmp_path / "it.yaml"
    data = DATA | {"ca.crt": https.ROOT.pem}
    with serving(tmp_path, broken) as server:
        step = issuer(url=server.url, stepCA={"provisioner": "us"})
        file.write_text(written(secret(data=data), step))
        result = demo(file, seconds=0.2)
    assert (result.status, result.err) == (1, "")
    assert server.seen != []
