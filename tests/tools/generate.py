"""Writes the tables of the READMEs that code knows: python -m tests.tools.generate [--check].

A table stands between the markers `<!-- generated: NAME; by make generate -->` and `<!-- end -->`. `--check` writes
nothing: it exits with status 1 and names the files whose tables differ from the code.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from adapters.clock import SystemClock
from adapters.memory.cluster import MemoryCluster
from adapters.memory.recorder import MemoryRecorder
from adapters.prometheus.definitions import Common, Defined
from domain.bundle_reasons import BundleReason
from domain.reasons import CONDITION_TYPES, ORDER, READY, TRUST_BUNDLE, IssuerReason, Reason, RequestReason
from entrypoints.container import in_memory
from entrypoints.issuer import METRICS_PREFIX, NAMES, NAMESPACE
from entrypoints.settings import OPTIONS, Settings, variable
from tests.tools.chart import values
from tests.tools.writing import write

ROOT = Path(__file__).parents[2]
_MARKED = re.compile(r"(<!-- generated: ([a-z-]+); by make generate -->\n).*?(<!-- end -->)", re.DOTALL)


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """The exit status."""
    outputs = {name: partial(_renewed, root, name, tables) for name, tables in TABLES.items()}
    return write("generate", __doc__, outputs, arguments, root)


def _renewed(root: Path, name: str, tables: Mapping[str, Callable[[], str]]) -> str:
    return with_tables(name, (root / name).read_text(), tables)


def with_tables(name: str, text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """The text with its tables made anew. Ends the program if the markers are not exactly those of `tables`."""
    found = [marked[2] for marked in _MARKED.finditer(text)]
    if sorted(found) != sorted(tables):
        sys.exit(f"{name}: has the markers {found}, and must have each of {list(tables)} once")
    return _MARKED.sub(lambda marked: f"{marked[1]}\n{tables[marked[2]]()}\n{marked[3]}", text)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *(list(row) for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    cells = ([cell.replace("|", r"\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def _code(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def flags() -> str:
    return _table(["flag", "variable", "default", "what it does"], (_flag(*option) for option in OPTIONS))


def _flag(flag: str, attributes: Mapping[str, Any]) -> Iterator[str]:
    yield _code([flag])
    yield _code([variable(flag)])
    shown = attributes["show_default"]
    if attributes.get("is_flag"):
        yield "off"
    else:
        yield shown if isinstance(shown, str) else _code([str(attributes["default"]).lower()])
    choice = attributes.get("type")
    choices = f" One of {_code(choice.choices)}." if isinstance(choice, click.Choice) else ""
    yield attributes["help"] + choices


def metrics(defined: type[Defined | Common], head: str) -> str:
    rows = ([_code([each.name]), each.type, _code(each.labels), each.help] for each in _values(defined))
    return _table([head, "type", "labels", "what it says"], rows)


def condition_types() -> str:
    names = {kind: f"{NAMES.group}/{kind}" if kind == ORDER else kind for kind in CONDITION_TYPES}
    return _table(["condition", "what it says"], ([_code([names[kind]]), CONDITION_TYPES[kind]] for kind in names))


def _reasons(table: type[Enum], condition: str = READY) -> str:
    """One row for each reason with each of its messages."""
    return _table(["reason", condition, "Event", "message", "means", "what to do"], map(_reason, _values(table)))


def _reason(each: Reason) -> Iterator[str]:
    yield _code([each.reason])
    yield each.ready or ""
    yield each.event_type
    yield _code([each.message])
    yield each.means
    yield each.remedy


def _values(table: type[Enum]) -> Iterator[Any]:
    return (each.value for each in table)


def signers() -> str:
    container = in_memory(Settings(NAMESPACE), MemoryCluster(), MemoryRecorder(SystemClock()))
    head = [
        "field of `spec`",
        "who signs",
        "its own fields",
        "`allowAnnotations`",
        "`caDecidesSubjectAndUsages`",
        "pods",
    ]
    rows = (
        [
            _code([name]) + (" (default)" if name == NAMES.default_signer else ""),
            (signer.spec_type.__doc__ or "").strip(),
            _code(each.encode_name for each in msgspec.structs.fields(signer.spec_type)),
            _default(signer.allow_annotations),
            _default(signer.ca_decides_subject_and_usages),
            f"no: {signer.cannot_set_names}" if signer.cannot_set_names else "yes",
        ]
        for name, signer in container.signers().items()
    )
    return _table(head, rows)


def _default(value: bool) -> str:
    return _code([str(value).lower()])


def chart_values() -> str:
    """From values.yaml and values.schema.json of the chart."""
    chart = ROOT / "deploy" / "chart"
    found = values((chart / "values.yaml").read_text(), json.loads((chart / "values.schema.json").read_text()))
    rows = ([_code([each.name]), each.type, _code(filter(None, [each.default])), each.description] for each in found)
    return _table(["value", "type", "default", "what it does"], rows)


TABLES: dict[str, dict[str, Callable[[], str]]] = {
    "deploy/README.md": {
        "flags": flags,
        "metrics": lambda: metrics(Defined, f"metric (`{METRICS_PREFIX}_…`)"),
        "common-metrics": lambda: metrics(Common, "metric"),
        "condition-types": condition_types,
        "issuer-reasons": lambda: _reasons(IssuerReason),
        "bundle-reasons": lambda: _reasons(BundleReason, TRUST_BUNDLE),
        "request-reasons": lambda: _reasons(RequestReason),
    },
    "adapters/signers/README.md": {"signers": signers},
    "deploy/chart/README.md": {"values": chart_values},
}
"""For each file the function that makes each of its tables."""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
