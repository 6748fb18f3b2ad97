"""What the chart says of itself that is written elsewhere: CRDs with examples for Artifact Hub, and its values.

The format of the annotations: https://artifacthub.io/docs/topics/annotations/helm.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import Any

import yaml

SCHEMA_ALONE = {"global", "resources.claims"}
"""Properties of the schema that values.yaml has no default for."""
_KEY = re.compile(r"( *)([A-Za-z]\w*):")


class BadValues(Exception):
    """values.yaml and values.schema.json do not fit together; the message names the value."""


@dataclass(frozen=True, slots=True)
class Value:
    """A row of the chart's README. A value that only groups others has neither type nor default."""

    name: str
    type: str
    default: str
    description: str


def with_annotations(chart: str, crds: Iterable[Mapping[str, Any]], samples: Iterable[str]) -> str:
    """Chart.yaml, which ends with its annotations, with those that name the CRDs and show an example of each."""
    examples = [each for text in samples for each in yaml.safe_load_all(text) if each["kind"] != "Secret"]
    return chart + _annotation("crds", [_described(crd) for crd in crds]) + _annotation("crdsExamples", examples)


def _annotation(name: str, content: Sequence[Any]) -> str:
    text = yaml.safe_dump(content, sort_keys=False, width=120)
    return f"  artifacthub.io/{name}: |\n{indent(text, '    ')}"


def _described(crd: Mapping[str, Any]) -> dict[str, str]:
    [version] = crd["spec"]["versions"]
    kind = crd["spec"]["names"]["kind"]
    return {
        "kind": kind,
        "version": version["name"],
        "name": crd["metadata"]["name"],
        "displayName": re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind),
        "description": version["schema"]["openAPIV3Schema"]["description"],
    }


def values(text: str, schema: Mapping[str, Any]) -> list[Value]:
    """Each value of values.yaml, described by the comment above it; `enabled` by that above what it enables.

    Raises BadValues if a value is not described or not in the schema, or a property of the schema has no default.
    """
    return list(_values("", yaml.safe_load(text), schema, schema["definitions"], _comments(text)))


def _values(
    path: str,
    defaults: Mapping[str, Any],
    schema: Mapping[str, Any],
    definitions: Mapping[str, Any],
    comments: Mapping[str, str],
) -> Iterator[Value]:
    known = schema["properties"]
    for name in known.keys() - defaults.keys():
        if path + name not in SCHEMA_ALONE:
            raise BadValues(f"{path}{name} is in values.schema.json and not in values.yaml")
    for name, default in defaults.items():
        full = path + name
        if name not in known:
            raise BadValues(f"{full} is in values.yaml and not in values.schema.json")
        found = _resolved(known[name], definitions)
        if default and "properties" in found:
            if "enabled" not in default and full in comments:
                yield Value(full, "", "", comments[full])
            yield from _values(f"{full}.", default, found, definitions, comments)
            continue
        description = comments.get(full) or (comments.get(path[:-1]) if name == "enabled" else None)
        if not description:
            raise BadValues(f"{full} has no comment in values.yaml that describes it")
        yield Value(full, _type(found), json.dumps(default), description)


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    return definitions[reference.rpartition("/")[2]] if reference else schema


def _type(schema: Mapping[str, Any]) -> str:
    return str(schema["type"]) if "type" in schema else f"one of {', '.join(schema['enum'])}"


def _comments(text: str) -> dict[str, str]:
    """For each path of a key the comment that stands directly above it."""
    found: dict[str, str] = {}
    comment: list[str] = []
    parents: list[tuple[int, str]] = []
    for line in text.splitlines():
        if line.lstrip().startswith("# "):
            comment.append(line.lstrip()[2:])
            continue
        if key := _KEY.match(line):
            depth = len(key[1])
            parents = [*(each for each in parents if each[0] < depth), (depth, key[2])]
            if comment:
                found[".".join(name for _, name in parents)] = " ".join(comment)
        comment = []
    return found
