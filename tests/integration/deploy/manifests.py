"""Reads what deploy/ holds, as plain YAML: what a file says, not what a tool makes of it."""

import tomllib
from pathlib import Path
from typing import Any, TypeAlias

import yaml

DEPLOY = Path(__file__).parents[3] / "deploy"
VERSION: str = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]["version"]
KUSTOMIZATION = "kustomization.yaml"
UNDEPLOY = "external-issuer/undeploy"
"""The label of what `make undeploy` keeps."""

Manifest: TypeAlias = dict[str, Any]
Permission: TypeAlias = tuple[str, str, str, str]
"""API group, resource (or the URL of what is none), name ("*" is every name) and verb."""


def files(base: str) -> list[Path]:
    """The manifests of a base, its kustomization left out."""
    return sorted(path for path in (DEPLOY / base).glob("*.yaml") if path.name != KUSTOMIZATION)


def objects(base: str) -> list[Manifest]:
    """Every object of a base."""
    return [found for path in files(base) for found in yaml.safe_load_all(path.read_text())]


def of_kind(base: str, kind: str) -> list[Manifest]:
    return [found for found in objects(base) if found["kind"] == kind]


def the_only(base: str, kind: str) -> Manifest:
    (found,) = of_kind(base, kind)
    return found


def kustomized(base: str) -> list[str]:
    """What a base's kustomization lists."""
    resources: list[str] = yaml.safe_load((DEPLOY / base / KUSTOMIZATION).read_text())["resources"]
    return resources


def permissions(role: Manifest) -> set[Permission]:
    return {permission for rule in role["rules"] for permission in _spelled_out(rule)}


def full_name(manifest: Manifest) -> tuple[str, str | None, str]:
    """Kind, namespace (None of a cluster-scoped object) and name."""
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace"), metadata["name"]


def _spelled_out(rule: dict[str, Any]) -> set[Permission]:
    return {
        (group, resource, name, verb)
        for group in rule.get("apiGroups", [""])
        for resource in rule.get("resources") or rule["nonResourceURLs"]
        for name in rule.get("resourceNames", ["*"])
        for verb in rule["verbs"]
    }
