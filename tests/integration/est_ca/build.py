"""est-ca, an EST server in Rust by somebody else, built once from its crate into the user's cache.

The crate is a library without TLS: `program/` puts it behind rustls, and fixes each crate's content (Cargo.lock).
By hand: python -m tests.integration.est_ca.build
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.support import building
from tests.support.building import BuildFailed, NoToolchain

NAME = "est-ca"
PROGRAM = Path(__file__).parent / "program"
SOURCES = ("Cargo.toml", "Cargo.lock", "src/main.rs")


def ensure(env: Mapping[str, str]) -> Path:
    """The program; where it is not there yet it is built, which takes minutes. Raises NoToolchain, BuildFailed."""
    sources = hashlib.sha256(b"\0".join((PROGRAM / name).read_bytes() for name in SOURCES)).hexdigest()[:16]
    found = _toolchain(env)
    place = building.place(env, NAME, sources, None if isinstance(found, NoToolchain) else found)
    if place is None:
        assert isinstance(found, NoToolchain)
        raise found
    return building.once(NAME, place, lambda unfinished: _build(unfinished, env))


def _toolchain(env: Mapping[str, str]) -> str | NoToolchain:
    """Such as rust1.95.0-x86_64-unknown-linux-gnu, or why there is none that can build the program."""
    if shutil.which("cargo", path=env.get("PATH", "")) is None:
        return NoToolchain("no `cargo` on PATH")
    done = subprocess.run([_cargo(env), "--version", "--verbose"], env=dict(env), capture_output=True, text=True)
    facts = dict(re.findall(r"^(release|host): (\S+)$", done.stdout, re.MULTILINE))
    if done.returncode or len(facts) < 2:
        return NoToolchain(f"`cargo --version` failed: {done.stderr.strip()}")
    wanted = re.search(r'^rust-version = "(\S+)"', (PROGRAM / "Cargo.toml").read_text(), re.MULTILINE)
    assert wanted
    if _numbers(facts["release"]) < _numbers(wanted[1]):
        return NoToolchain(f"cargo {facts['release']} is older than Cargo.toml's rust-version {wanted[1]}")
    return f"rust{facts['release']}-{facts['host']}"


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)[:2]]


def _build(unfinished: Path, env: Mapping[str, str]) -> None:
    building.say(NAME, "building it from its crate, once; cold, two to three minutes on two cores")
    with tempfile.TemporaryDirectory(prefix=".target-", dir=unfinished.parent) as target:
        building.run(
            NAME,
            "cargo build",
            [_cargo(env), "build", "--locked", "--color=never", f"--target-dir={target}"],
            directory=PROGRAM,
            env=env,
            log=Path(target) / "log",
        )
        (Path(target) / "debug" / "est-ca-server").rename(unfinished)


def _cargo(env: Mapping[str, str]) -> str:
    return shutil.which("cargo", path=env.get("PATH", "")) or "cargo"


if __name__ == "__main__":
    try:
        print(ensure(os.environ))
    except BuildFailed as failure:
        sys.exit(f"{NAME}: build failed\n{failure}")
