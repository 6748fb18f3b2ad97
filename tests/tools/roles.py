"""Writes the roles of deploy/ from the table of adapters/kubernetes/rights.py, as YAML with a comment on each rule."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from adapters.kubernetes.rights import Right
from domain.names import IssuerNames

ACCOUNT = "controller-manager"
"""The ServiceAccount of the manager, without its prefix."""
_API = "rbac.authorization.k8s.io"
_WIDTH = 120


@dataclass(frozen=True)
class Place:
    """How objects are named: in a base neutrally, for an overlay to change, or in full."""

    prefix: str = ""
    namespace: str = "system"
    label: str | None = None

    def name(self, name: str) -> str:
        return f"{self.prefix}{name}"


BASE = Place()


def in_full(names: IssuerNames, namespace: str) -> Place:
    return Place(f"{names.controller}-", namespace, names.controller)


def cluster_role(name: str, rights: Iterable[Right], place: Place = BASE) -> str:
    return _object("ClusterRole", place.name(name), None, place) + _rules(rights)


def role(name: str, rights: Iterable[Right], place: Place = BASE, namespace: str | None = "system") -> str:
    """`namespace` is where it holds; None for who applies it to say."""
    return _object("Role", place.name(name), namespace, place) + _rules(rights)


def cluster_binding(name: str, place: Place = BASE) -> str:
    return _object("ClusterRoleBinding", place.name(name), None, place) + _bound("ClusterRole", name, place)


def binding(name: str, place: Place = BASE, namespace: str | None = "system") -> str:
    return _object("RoleBinding", place.name(name), namespace, place) + _bound("Role", name, place)


def documents(comment: str, objects: Sequence[str]) -> str:
    return "".join(_comment(comment, "")) + "---\n".join(objects)


def _object(kind: str, name: str, namespace: str | None, place: Place) -> str:
    lines = [f"apiVersion: {_API}/v1", f"kind: {kind}", "metadata:", f"  name: {name}"]
    if namespace:
        lines.append(f"  namespace: {namespace}")
    if place.label:
        lines += ["  labels:", f"    app.kubernetes.io/name: {place.label}"]
    return _lines(lines)


def _rules(rights: Iterable[Right]) -> str:
    return "rules:\n" + "".join(line for right in rights for line in _rule(right))


def _rule(right: Right) -> Iterator[str]:
    yield from _comment(right.why, "  ")
    yield f"  - apiGroups: [{_listed([right.group])}]\n"
    yield f"    resources: [{_listed(right.resources)}]\n"
    if right.names:
        yield "    resourceNames:\n"
        yield from (f"      - {name}\n" for name in right.names)
    yield f"    verbs: [{_listed(right.verbs)}]\n"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(word or '""' for word in words)


def _bound(kind: str, name: str, place: Place) -> str:
    return _lines(
        [
            "roleRef:",
            f"  apiGroup: {_API}",
            f"  kind: {kind}",
            f"  name: {place.name(name)}",
            "subjects:",
            "  - kind: ServiceAccount",
            f"    name: {place.name(ACCOUNT)}",
            f"    namespace: {place.namespace}",
        ]
    )


def _comment(text: str, indent: str) -> list[str]:
    return [f"{indent}# {line}\n" for line in textwrap.wrap(text, _WIDTH - len(indent) - 2)]


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
