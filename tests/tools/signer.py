"""Begins a signer, or chooses the default one: make signer NAME=acme, make signer-default NAME=acme.

`make signer` writes adapters/signers/<name>/signer.py, its suite in tests/contracts, a section of
adapters/signers/README.md, and its lines in entrypoints/issuer.py; then what is generated. Refuses,
before anything is changed, what is no name and a name that is taken. Exit status: 0 done, 1 refused.
"""

from __future__ import annotations

import keyword
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from string import Template

import msgspec

from adapters.kubernetes.issuer_spec import SharedSpec

ROOT = Path(__file__).parents[2]
TEMPLATES = Path(__file__).parent / "templates"
TABLE = "entrypoints/issuer.py"
README = "adapters/signers/README.md"


_SHARED = [field.encode_name for field in msgspec.structs.fields(SharedSpec)]


class Refused(Exception):
    """Nothing was changed. The message is one line and says why."""


def main(arguments: list[str], environment: Mapping[str, str], root: Path = ROOT) -> int:
    """The exit status. The name is the variable SIGNER_NAME."""
    choose = arguments == ["default"]
    try:
        (make_default if choose else begin)(root, environment.get("SIGNER_NAME", ""))
    except Refused as why:
        print(f"make signer{'-default' if choose else ''}: {why}", file=sys.stderr)
        return 1
    for module in ("tests.tools.generate", "tests.tools.manifests"):
        subprocess.run([sys.executable, "-m", module], cwd=root, check=True, stdout=subprocess.DEVNULL)
    return 0


def begin(root: Path, name: str) -> None:
    """Writes the folder, the suite, the section and the lines. Raises Refused."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name) or len(name) > 30:
        raise Refused(
            f"NAME={name[:80]!a} is no name for a signer: small letters and digits, with _ between words, such as"
            " acme or step_ca"
        )
    folder = root / "adapters" / "signers" / name
    if folder.exists() or _field(name) in (*_fields(root), *_SHARED):
        raise Refused(f"NAME={name!a} is taken, by a signer or by what all signers share; take another name")
    cls = "".join(part.capitalize() for part in name.split("_"))
    words = {"name": name, "cls": cls, "field": _field(name), "anchor": cls.lower()}
    written = {
        f"adapters/signers/{name}/__init__.py": "",
        f"adapters/signers/{name}/signer.py": _filled("signer.py", words),
        f"tests/contracts/test_signers_{name}.py": _filled("contract.py", words),
        TABLE: _with_lines(root / TABLE, words),
        README: _with_section(root / README, words),
    }
    for file, text in written.items():
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text(text)
        print(f"Wrote {file}")
    print(f"Fill adapters/signers/{name}/signer.py; then: make test ARGS=tests/contracts/test_signers_{name}.py")


def make_default(root: Path, name: str) -> None:
    """Makes the signer the one for issuers that choose none. Raises Refused."""
    fields = _fields(root)
    if _field(name) not in fields:
        raise Refused(f"NAME={name[:80]!a} is no signer of {TABLE}, which has {', '.join(fields)}")
    text = (root / TABLE).read_text()
    (root / TABLE).write_text(re.sub(r'default_signer="\w+"', f'default_signer="{_field(name)}"', text))
    print(f"{_field(name)} signs for issuers that choose no signer.")


def _field(name: str) -> str:
    """The field of an issuer's spec: step_ca is stepCa; a field itself stays as it is."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def _fields(root: Path) -> list[str]:
    return re.findall(r'^        "(\w+)": \w+\(', (root / TABLE).read_text(), re.MULTILINE)


def _filled(template: str, words: Mapping[str, str]) -> str:
    return Template((TEMPLATES / f"{template}.txt").read_text()).substitute(words)


def _with_lines(table: Path, words: Mapping[str, str]) -> str:
    text = table.read_text()
    imports = list(re.finditer(r"^from adapters\.signers\.(\w+)\.\S+ import .*\n", text, re.MULTILINE))
    after = [found for found in imports if found[1] < words["name"]]
    place = after[-1].end() if after else imports[0].start()
    line = "from adapters.signers.{name}.signer import {cls}\n".format(**words)
    text = text[:place] + line + text[place:]
    entry = '        "{field}": {cls}(clients, clock),\n'.format(**words)
    return re.sub(r"(    return \{\n(?:        .*\n)*)", lambda found: found[1] + entry, text, count=1)


def _with_section(readme: Path, words: Mapping[str, str]) -> str:
    text = readme.read_text()
    row = "| `{field}: {{…}}` | the CA at `spec.url` | see [{cls}](#{anchor}) |\n".format(**words)
    text = re.sub(r"(^\| `est: .*\n|^\| `demo: .*\n)", lambda found: found[1] + row, text, count=1, flags=re.MULTILINE)
    return f"{text.rstrip()}\n\n{_filled('section.md', words)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
