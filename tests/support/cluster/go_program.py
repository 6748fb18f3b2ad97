"""A program of one Go module, built once into the user's cache (tests/support/building.py)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support import building
from tests.support.building import NoToolchain
from tests.support.cluster import toolchain


@dataclass(frozen=True, slots=True)
class GoProgram:
    """`package` of the module in this directory, whose `sources` are all that decides what is built.

    `variables` are set by the linker: `path.name=value`.
    """

    name: str
    module: Path
    package: str
    takes: str
    sources: Sequence[str] = ("go.mod", "go.sum")
    variables: Sequence[str] = ()

    def ensure(self, env: Mapping[str, str]) -> Path:
        """The program; where it is not there yet it is built, which takes minutes. Raises NoToolchain, BuildFailed."""
        sources = [self.module / name for name in self.sources]
        return built_once(self.name, sources, env, lambda unfinished: self._build(unfinished, env))

    def _build(self, unfinished: Path, env: Mapping[str, str]) -> None:
        building.say(self.name, f"building it from its Go module, once; cold, {self.takes} on two cores")
        link = " ".join(["-s", "-w", *(f"-X {variable}" for variable in self.variables)])
        options = ["-v", "-trimpath", "-buildvcs=false", f"-ldflags={link}", "-o", str(unfinished)]
        building.run(
            self.name,
            "go build",
            toolchain.command(["build", *options, self.package], env),
            directory=self.module,
            env=toolchain.go_env(env),
            log=unfinished.with_suffix(".log"),
        )


def built_once(name: str, sources: Iterable[Path], env: Mapping[str, str], build: Callable[[Path], None]) -> Path:
    """What `build` has made of these sources with the present Go. Raises NoToolchain, BuildFailed."""
    content = b"\0".join(source.read_bytes() for source in sources)
    reason = toolchain.why_unusable(env)
    version = None if reason else toolchain.version(env)
    place = building.place(env, name, hashlib.sha256(content).hexdigest()[:16], version)
    if place is None:
        raise NoToolchain(reason)
    return building.once(name, place, build)
