"""Gives a clone its own names: make rename NAME=my-issuer GROUP=issuer.acme.example.org KIND=AcmeIssuer.

Changes the files of `WRITTEN` and every README, then writes what is generated. Refuses, before anything is changed,
what is no name and a working tree with changes. Exit status: 0 renamed or nothing to do, 1 refused.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from domain.names import IssuerNames
from entrypoints.issuer import NAMES

ROOT = Path(__file__).parents[2]
WRITTEN = ("entrypoints/issuer.py", "pyproject.toml", "deploy/Dockerfile")
"""The files written by hand that contain a name, READMEs left out."""
ATTRIBUTION = "<!-- attribution: keep this line -->"
EXAMPLE = "NAME=my-issuer GROUP=issuer.acme.example.org KIND=AcmeIssuer"
RESERVED = ("cert-manager.io", "k8s.io", "kubernetes.io")
LONGEST_NAME = 40  # Grafana's limit for the uid of a dashboard; Kubernetes' 63 for the names made of it
LONGEST_KIND = 30  # X.509's limit of 64 for the common name of a sample certificate
LONGEST_GROUP = 100  # an Event about a missing right is cut at its end, where the names of issuers stand
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"


class Refused(Exception):
    """Nothing was changed. The message is one line and says why."""


def main(environment: Mapping[str, str], root: Path = ROOT) -> int:
    """The exit status. The names are the variables RENAME_NAME, RENAME_GROUP and RENAME_KIND."""
    try:
        names = renamed(*(environment.get(f"RENAME_{each}", "") for each in ("NAME", "GROUP", "KIND")))
        if names == NAMES:
            print(f"Nothing to do: the names are {_shown(names)} already.")
            return 0
        _check_clean(root)
    except Refused as why:
        print(f"make rename: {why}", file=sys.stderr)
        return 1
    rename(root, names)
    print(f"Renamed to {_shown(names)}. Look at it: git diff. Then: make lint test demo, and commit.")
    return 0


def renamed(name: str, group: str, kind: str) -> IssuerNames:
    """The names after it. Raises Refused."""
    if not (name and group and kind):
        raise Refused(f"needs all of NAME, GROUP and KIND, such as {EXAMPLE}")
    if not re.fullmatch(_LABEL, name) or not name[0].isalpha() or len(name) > LONGEST_NAME:
        raise Refused(
            f"NAME={name[:80]!a} is no name: a small letter, then small letters, digits and '-', not at the end,"
            f" at most {LONGEST_NAME} in all"
        )
    if not re.fullmatch(rf"{_LABEL}(\.{_LABEL})+", group) or len(group) > LONGEST_GROUP:
        raise Refused(
            f"GROUP={group[:80]!a} is no API group: a DNS name with a dot, in small letters, of at most"
            f" {LONGEST_GROUP} characters"
        )
    if any(group == reserved or group.endswith(f".{reserved}") for reserved in RESERVED):
        raise Refused(f"GROUP={group!a} belongs to others: not {', '.join(RESERVED)} or below; take a domain of yours")
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]*Issuer", kind, re.ASCII) or len(kind) > LONGEST_KIND:
        raise Refused(
            f"KIND={kind[:80]!a} is no kind: a capital, then letters and digits, and Issuer at the end, at most"
            f" {LONGEST_KIND} in all"
        )
    if kind.endswith("ClusterIssuer"):
        raise Refused(f"KIND={kind!a} is to be the kind of a namespace; the other is made of it: Acme[Cluster]Issuer")
    stem = kind.removesuffix("Issuer")
    initials = "".join(re.findall("[A-Z]", stem)).lower()
    return replace(
        NAMES,
        controller=name,
        group=group,
        issuer=kind,
        cluster_issuer=f"{stem}ClusterIssuer",
        short_name=f"{initials}iss",
        cluster_short_name=f"{initials}ciss",
    )


def rename(root: Path, names: IssuerNames) -> None:
    """Changes the files and generates the rest, with the interpreter that runs this."""
    _attribute(root / "README.md", NAMES.controller)
    for file in (*WRITTEN, *_with_names_in_prose(root)):
        path = root / file
        path.write_text(replaced(path.read_text(), names))
    for module in ("tests.tools.generate", "tests.tools.manifests"):
        subprocess.run([sys.executable, "-m", module], cwd=root, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["git", "config", "merge.generated.driver", "true"], cwd=root, check=True)


def replaced(text: str, names: IssuerNames) -> str:
    """The text with other names, but for the line of the attribution."""
    words = dict(zip(_words(NAMES), _words(names), strict=True))
    short = dict.fromkeys((NAMES.short_name, NAMES.cluster_short_name), r"\b")
    longest_first = sorted(words, key=len, reverse=True)
    pattern = re.compile("|".join(rf"(?<![A-Za-z0-9]){re.escape(word)}{short.get(word, '')}" for word in longest_first))
    return "".join(
        line if ATTRIBUTION in line else pattern.sub(lambda found: words[found[0]], line)
        for line in text.splitlines(keepends=True)
    )


def _words(names: IssuerNames) -> list[str]:
    """Every way in which a name is written."""
    return [
        names.controller,
        names.controller.replace("-", "_"),
        "".join(part.capitalize() for part in names.controller.split("-")),
        names.group,
        *names.kinds,
        *(kind.lower() for kind in names.kinds),
        names.short_name,
        names.cluster_short_name,
    ]


def _with_names_in_prose(root: Path) -> list[str]:
    """The READMEs. CHANGELOG.md contains no name."""
    files = subprocess.check_output(["git", "ls-files", "-z", "*.md"], cwd=root, text=True)
    return [file for file in files.split("\0") if file]


def _attribute(readme: Path, template: str) -> None:
    """Says once from which template this was made."""
    text = readme.read_text()
    if ATTRIBUTION not in text:
        readme.write_text(f"{text}\nMade from the template {template}, Apache License 2.0. {ATTRIBUTION}\n")


def _check_clean(root: Path) -> None:
    """Raises Refused where what it changes could not be told from what somebody else has changed."""
    said = subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True)
    if said.returncode:
        raise Refused("needs a git repository, so that what it changes can be seen and undone")
    if changes := said.stdout.splitlines():
        raise Refused(f"the working tree has changes, {changes[0][3:]!a} for one: commit or stash them first")


def _shown(names: IssuerNames) -> str:
    return f"{names.controller}, {names.group}, {names.issuer} and {names.cluster_issuer}"


if __name__ == "__main__":
    sys.exit(main(os.environ))
