"""est-ca is built by a cargo that can build it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.est_ca import build as est_ca
from tests.support.building import NoToolchain


@pytest.mark.parametrize(
    ("cargo", "told"),
    [
        ("", "no `cargo` on PATH"),
        ("echo no toolchain is installed >&2; exit 1", "`cargo --version` failed: no toolchain is installed"),
        ("printf 'release: 1.75.0\\nhost: x86_64-unknown-linux-gnu\\n'", "cargo 1.75.0 is older than"),
    ],
)
def test_est_ca_wants_a_cargo_that_can_build_it(tmp_path: Path, cargo: str, told: str) -> None:
    if cargo:
        (tmp_path / "cargo").write_text(f"#!/bin/sh\n{cargo}\n")
        (tmp_path / "cargo").chmod(0o755)

    with pytest.raises(NoToolchain, match=told):
        est_ca.ensure({"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)})
