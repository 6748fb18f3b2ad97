"""One target under atheris: python -m tests.tools.fuzz.engine TARGET [libFuzzer's flags and folders]

A process of its own, since libFuzzer ends the one that it runs in. Started by tests.tools.fuzz, which says what to do.
"""

from __future__ import annotations

import logging
import shlex
import sys
from random import Random

import atheris

_COUNTED = ["adapters", "domain", "cryptography", "jwt", "email", "urllib"]
"""Where new places count as such: in Python, that is, for of cryptography's Rust no coverage is seen."""

with atheris.instrument_imports(include=_COUNTED):
    from tests.tools.fuzz import der
    from tests.tools.fuzz.targets import TARGETS


def main(name: str, flags: list[str]) -> None:
    target = TARGETS[name]
    logging.disable()  # the code under test tells of everything that it refuses

    def run(data: bytes) -> None:
        target.run(data)

    def mutate(data: bytes, longest: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.7:
            changed = der.mutate(data, random, lambda content: bytes(atheris.Mutate(content, len(content) + 16)))
            if changed is not None and len(changed) <= longest:
                return changed
        return bytes(atheris.Mutate(data, longest))

    again = (
        f"{shlex.quote(sys.executable)} -m tests.tools.fuzz.engine {name}"  # merging starts more of these, by a shell
    )
    atheris.Setup([again, *flags], run, **({"custom_mutator": mutate} if target.is_der else {}))
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
