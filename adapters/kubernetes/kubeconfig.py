"""Reads kubeconfig files and merges them into one frozen value, as kubectl does.

- What kubectl honours is in the value, or is refused with the name of the field. An unknown field of the cluster, user
  or context in use is refused too: it may change who the manager is.
- A message quotes names and fields, never the value of a field that may be secret.

The fields: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
The merging: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec
import yaml
from msgspec.structs import replace

_EXEC_GROUP = "client.authentication.k8s.io"
_EXEC_VERSIONS = (f"{_EXEC_GROUP}/v1", f"{_EXEC_GROUP}/v1beta1")
_EXEC_EXTENSION = f"{_EXEC_GROUP}/exec"  # the extension of a cluster that plugins are given
PROXIES = ("http", "https")
"""The schemes of proxies that can be used."""
_Read = TypeVar("_Read")


class KubeconfigError(Exception):
    """There is no cluster to talk to; the message says why and what to do."""


class _Fields(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"  # the values may be secret


class Extension(msgspec.Struct, frozen=True):
    name: str
    extension: Any = None


class Cluster(_Fields, frozen=True):
    """`certificate_authority` and `certificate_authority_data` are PEM."""

    server: str = ""
    tls_server_name: str | None = None
    insecure_skip_tls_verify: bool | None = None
    certificate_authority: str | None = None
    certificate_authority_data: bytes | None = None
    proxy_url: str | None = None
    disable_compression: bool | None = None  # the manager's calls ask for what httpx2 can unpack, as they always do
    extensions: list[Extension] | None = None

    @property
    def exec_config(self) -> Any:
        """What a plugin with provideClusterInfo is given as its `config`."""
        found = (each.extension for each in self.extensions or () if each.name == _EXEC_EXTENSION)
        return next(found, None)


class Variable(_Fields, frozen=True):
    name: str
    value: str = ""


class Exec(_Fields, frozen=True, rename="camel"):
    """A credential plugin: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins"""

    command: str = ""
    api_version: str = ""
    args: list[str] | None = None
    env: list[Variable] | None = None
    install_hint: str | None = None
    provide_cluster_info: bool | None = None
    interactive_mode: Literal["Never", "IfAvailable", "Always"] | None = None


class User(_Fields, frozen=True):
    client_certificate: str | None = None
    client_certificate_data: bytes | None = None
    client_key: str | None = None
    client_key_data: bytes | None = None
    token: str | None = None
    token_file: str | None = msgspec.field(name="tokenFile", default=None)
    as_: str | None = msgspec.field(name="as", default=None)
    as_uid: str | None = None
    as_groups: list[str] | None = None
    as_user_extra: dict[str, list[str]] | None = None
    username: str | None = None
    password: str | None = None
    auth_provider: Any = None
    exec: Exec | None = None
    extensions: Any = None

    @property
    def plugin(self) -> Exec | None:
        """The plugin to ask; kubectl asks none where the user has another credential."""
        others = (self.token, self.token_file, self.username, self.password, self.has_certificate)
        return None if any(others) else self.exec

    @property
    def has_certificate(self) -> bool:
        return bool(self.client_certificate or self.client_certificate_data)


class Context(_Fields, frozen=True):
    cluster: str = ""
    user: str = ""
    namespace: str | None = None
    extensions: Any = None


class Config(msgspec.Struct, frozen=True):
    """The cluster and the user of the current context."""

    cluster: Cluster
    user: User


class _Named(msgspec.Struct, frozen=True):
    name: str
    cluster: Any = None
    user: Any = None
    context: Any = None


class _File(msgspec.Struct, frozen=True, rename="kebab"):
    current_context: str | None = None
    contexts: list[_Named] | None = None
    clusters: list[_Named] | None = None
    users: list[_Named] | None = None


class _Entry(msgspec.Struct, frozen=True):
    """An entry of a section, and where it stands: for messages and for relative paths."""

    what: str
    file: Path
    value: Any

    def read(self, kind: type[_Read]) -> _Read:
        try:
            return msgspec.convert(_joined(self.value), kind)
        except msgspec.ValidationError as error:
            raise self.refused(f"{error}; correct the field, or delete it if it is not needed") from error

    def refused(self, why: str) -> KubeconfigError:
        return KubeconfigError(f"{self.what} of the kubeconfig {self.file} cannot be used: {why}")

    def beside(self, path: str | None) -> str | None:
        """A path that is relative to the file; an empty one is none."""
        return str(self.file.absolute().parent / path) if path else None


def _joined(fields: Any) -> Any:
    """Without the line breaks of base64, which Go leaves out too; nothing becomes an empty mapping."""
    if not isinstance(fields, dict):
        return {} if fields is None else fields
    base64 = {name: text for name, text in fields.items() if str(name).endswith("-data") and isinstance(text, str)}
    return fields | {name: "".join(text.splitlines()) for name, text in base64.items()}


def load(files: Sequence[Path]) -> Config:
    """The merged files: the first value wins, files that do not exist are skipped. Raises KubeconfigError."""
    read = [(file, content) for file in files if (content := _parsed(file)) is not None]
    if not read:
        names = ", ".join(map(str, files))
        raise KubeconfigError(f"no cluster to talk to: {names} not found; set KUBECONFIG, or run in a pod")
    current = next((each.current_context for _, each in read if each.current_context), None)
    if current is None:
        raise KubeconfigError("the kubeconfig has no current-context; choose one with: kubectl config use-context")
    entries: dict[tuple[str, str], _Entry] = {}
    for file, each in read:
        for key, entry in _entries(file, each).items():
            entries.setdefault(key, entry)
    return _chosen(entries, current)


def _parsed(file: Path) -> _File | None:
    """None where there is no such file."""
    try:
        content = yaml.safe_load(file.read_bytes())
        return msgspec.convert({} if content is None else content, _File)
    except FileNotFoundError:
        return None
    except yaml.YAMLError as error:  # its message quotes lines of the file
        raise KubeconfigError(f"the kubeconfig {file} is not YAML{_line(error)}") from error
    except (OSError, msgspec.ValidationError) as error:
        raise KubeconfigError(f"the kubeconfig {file} cannot be read: {getattr(error, 'strerror', error)}") from error
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:  # may quote the file, too
        raise KubeconfigError(f"the kubeconfig {file} is not YAML ({type(error).__name__})") from error


def _line(error: yaml.YAMLError) -> str:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    return f": see line {mark.line + 1}" if mark else ""


def _entries(file: Path, content: _File) -> dict[tuple[str, str], _Entry]:
    found: dict[tuple[str, str], _Entry] = {}
    for kind, section in (("context", content.contexts), ("cluster", content.clusters), ("user", content.users)):
        for named in section or ():
            entry = _Entry(f"{kind} {named.name!r}", file, getattr(named, kind))
            if (kind, named.name) in found:
                raise entry.refused("the name is there twice; delete one of them")
            found[kind, named.name] = entry
    return found


def _chosen(entries: dict[tuple[str, str], _Entry], current: str) -> Config:
    entry = entries.get(("context", current))
    if entry is None:
        raise KubeconfigError(f"the kubeconfig has no context {current!r}; see: kubectl config get-contexts")
    context = entry.read(Context)
    chosen = []
    for kind, name in (("cluster", context.cluster), ("user", context.user)):
        if not name:
            raise entry.refused(f"it names no {kind}; see: kubectl config set-context --help")
        if (kind, name) not in entries:
            raise entry.refused(f"there is no {kind} {name!r}; see: kubectl config get-{kind}s")
        chosen.append(entries[kind, name])
    return Config(_cluster(chosen[0]), _user(chosen[1]))


def _cluster(entry: _Entry) -> Cluster:
    cluster = entry.read(Cluster)
    server, proxy = _url(entry, "server", cluster.server), _url(entry, "proxy-url", cluster.proxy_url or "")
    if server not in ("http", "https"):
        raise entry.refused("server is no URL that begins with https:// (or http://)")
    if cluster.proxy_url and proxy not in PROXIES:
        raise entry.refused("proxy-url is no http or https proxy; SOCKS is not supported, use an HTTP proxy")
    if cluster.certificate_authority and cluster.certificate_authority_data:
        raise entry.refused("it has certificate-authority and certificate-authority-data; delete one of them")
    if cluster.insecure_skip_tls_verify and (cluster.certificate_authority or cluster.certificate_authority_data):
        raise entry.refused("it has a certificate-authority and insecure-skip-tls-verify; delete one of them")
    return replace(cluster, certificate_authority=entry.beside(cluster.certificate_authority))


def _url(entry: _Entry, field: str, url: str) -> str:
    """The scheme of a URL; reading the port shows whether it is one."""
    try:
        parts = urlsplit(url)
        return parts.scheme if parts.hostname and parts.port != 0 else ""
    except ValueError:
        raise entry.refused(f"{field} is no URL with a host and a port") from None  # it may hold a password


def _user(entry: _Entry) -> User:
    user = entry.read(User)
    for given, why in (
        (user.auth_provider is not None, "auth-provider is not supported; use a credential plugin (exec)"),
        (user.client_certificate and user.client_certificate_data, _twice("client-certificate")),
        (user.client_key and user.client_key_data, _twice("client-key")),
        (user.has_certificate and not (user.client_key or user.client_key_data), "it has a certificate but no key"),
        ((user.token or user.token_file) and (user.username or user.password), "it has a token and a password"),
        (not user.as_ and (user.as_uid or user.as_groups or user.as_user_extra), "as-… needs the user's name in `as`"),
    ):
        if given:
            raise entry.refused(why)
    _check_headers(entry, user)
    return replace(
        user,
        client_certificate=entry.beside(user.client_certificate),
        client_key=entry.beside(user.client_key),
        token_file=entry.beside(user.token_file),
        exec=_exec(entry, user.exec) if user.exec else None,
    )


def _twice(field: str) -> str:
    return f"it has {field} and {field}-data; delete one of them"


def _check_headers(entry: _Entry, user: User) -> None:
    """What is sent as a header must be able to be one (RFC 9110 section 5.5)."""
    extra = [value for values in (user.as_user_extra or {}).values() for value in values]
    sent = {"token": user.token, "as": user.as_, "as-uid": user.as_uid}
    sent |= {"as-groups": "".join(user.as_groups or ()), "as-user-extra": "".join(extra)}
    for field, text in sent.items():
        if text and not text.isprintable():
            raise entry.refused(f"{field} has a character that no HTTP header can hold, such as a line break")


def _exec(entry: _Entry, plugin: Exec) -> Exec:
    """Commands with a slash are relative to the file, others are looked up in PATH."""
    if not plugin.command:
        raise entry.refused("exec.command is missing")
    if plugin.api_version not in _EXEC_VERSIONS:
        raise entry.refused(f"exec.apiVersion is {plugin.api_version!r}; write {' or '.join(_EXEC_VERSIONS)}")
    if plugin.interactive_mode is None and plugin.api_version == _EXEC_VERSIONS[0]:
        raise entry.refused("exec.interactiveMode is missing; write Never or IfAvailable")
    if plugin.interactive_mode == "Always":
        raise entry.refused("exec.interactiveMode is Always, and the manager can answer no questions; use another user")
    if any(not variable.name for variable in plugin.env or ()):
        raise entry.refused("exec.env has a variable without a name")
    command = entry.beside(plugin.command) if os.sep in plugin.command else plugin.command
    return replace(plugin, command=command)
