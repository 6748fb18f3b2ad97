"""What is in an image, read from `docker save`: nothing of it is run.

`python -m tests.k3s.image IMAGE` prints its size and what takes it, as `make docker-build` does.
"""

from __future__ import annotations

import contextlib
import json
import re
import struct
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.commands import REPOSITORY, run

ROOT = "opt/issuer"
LEAST_SHOWN = 500_000
_SYMBOLS = 2  # SHT_SYMTAB; the dynamic linker reads another one, SHT_DYNSYM
_PACKAGE = re.compile(rf"{ROOT}/lib/[^/]+/site-packages/([^/]+)")


def inspect(image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("docker", "image", "inspect", image))[0]
    return found


def argument_of_the_dockerfile(name: str) -> str:
    """The value that an argument has where none is given."""
    text = (REPOSITORY / "deploy" / "Dockerfile").read_text()
    found: list[str] = re.findall(rf"^ARG {name}=(\S+)$", text, re.MULTILINE)
    return found[0]


def own_layer(image: str) -> list[tarfile.TarInfo]:
    with _opened_layer(image) as layer:
        return layer.getmembers()


def with_symbols(image: str) -> dict[str, bool]:
    """Each shared object of our layer, and whether it has a symbol table for debuggers."""
    with _opened_layer(image) as layer:
        names = [entry.name for entry in layer.getmembers() if entry.isreg() and ".so" in Path(entry.name).suffixes]
        return {name: _SYMBOLS in _section_types(_member(layer, name).read()) for name in names}


@contextlib.contextmanager
def _opened_layer(image: str) -> Iterator[tarfile.TarFile]:
    """What the Dockerfile's last COPY put upon the base image."""
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "image.tar"
        run("docker", "save", f"--output={saved}", image)
        with tarfile.open(saved) as archive:
            manifest = json.load(_member(archive, "manifest.json"))
            with tarfile.open(fileobj=_member(archive, manifest[0]["Layers"][-1])) as layer:
                yield layer


def _section_types(elf: bytes) -> set[int]:
    """Of a 64-bit little-endian file; its header says where the table of sections is, and the size of an entry."""
    (start,), (size, count) = struct.unpack_from("<Q", elf, 0x28), struct.unpack_from("<HH", elf, 0x3A)
    return {struct.unpack_from("<I", elf, start + number * size + 4)[0] for number in range(count)}


def sizes(entries: list[tarfile.TarInfo]) -> Counter[str]:
    """Bytes by what they belong to."""
    by_part: Counter[str] = Counter()
    for entry in entries:
        by_part[_part(entry.name)] += entry.size
    return by_part


def table(image: str) -> str:
    total, own = inspect(image)["Size"], sizes(own_layer(image))
    small = sum(size for size in own.values() if size < LEAST_SHOWN)
    shown = [(part, size) for part, size in own.most_common() if size >= LEAST_SHOWN]
    rows = [(image, total), ("the base image", total - own.total()), *shown, ("all the rest", small)]
    return "\n".join(f"{size / 1e6:8.1f} MB  {part}" for part, size in rows)


def _member(archive: tarfile.TarFile, name: str) -> Any:
    found = archive.extractfile(name)
    assert found is not None, f"{name} is no file of the saved image"
    return found


def _part(path: str) -> str:
    if path.startswith(f"{ROOT}/pycache/usr/"):
        return "byte code of Python's standard library"
    if path.startswith(f"{ROOT}/pycache/"):
        return "byte code of the packages"
    package = _PACKAGE.match(path)
    return package[1] if package else "all the rest"


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        print(table(sys.argv[1]))
