"""What the values of flags are: read from text, and refused in one line that says what is wanted."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import click

from adapters.kubernetes.names import checked_namespace
from adapters.signers.http.networks import LINK_LOCAL, LOOPBACK, Network
from domain import durations
from domain.errors import Invalid

_API_SERVER = "KUBERNETES_SERVICE_HOST"
"""The variable that kubelets set in every pod: the API server's address, or its name."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens; an empty host means all interfaces."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class DurationType(click.ParamType[timedelta]):
    name = "duration"

    def __init__(self, least: timedelta) -> None:
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            duration = durations.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if duration < self._least:
            self.fail(f"{value!r} is too short, the least is {durations.text(self._least)}", param, ctx)
        return duration


class AddressType(click.ParamType["Address | None"]):
    name = "host:port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Address | None:
        if value is None or isinstance(value, Address):
            return value
        if value == "0":
            return None
        host, colon, port = value.rpartition(":")
        if not colon or not port.isdecimal() or not 0 < int(port) < 65536:
            self.fail(f"{value!r} is not an address such as :8081 or 127.0.0.1:8081, or 0 for none", param, ctx)
        return Address(host.strip("[]"), int(port))


class NamespaceType(click.ParamType[str]):
    name = "namespace"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return checked_namespace(value)
        except Invalid as error:
            self.fail(str(error), param, ctx)


class NamespaceListType(click.ParamType[tuple[str, ...]]):
    name = "namespace,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(dict.fromkeys(checked_namespace(name) for name in value.split(",")))
        except Invalid as error:
            self.fail(f"{value!r} is not a list such as team-a,team-b: {error}", param, ctx)


class NetworkListType(click.ParamType[tuple[Network, ...]]):
    name = "network,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Network, ...]:
        if isinstance(value, tuple):
            return value
        if value == "none":
            return ()
        try:
            return tuple(network for item in value.split(",") for network in _networks(item))
        except ValueError as error:
            self.fail(
                f"{value!r} is not a list such as 10.0.0.0/8,2001:db8::/32,loopback, or none: {error}", param, ctx
            )


def denied_by_default() -> str:
    """In a pod what is the pod's and the node's own; elsewhere none, for a developer's CA runs on the same machine."""
    return "loopback,link-local,api-server" if os.environ.get(_API_SERVER) else "none"


def _networks(item: str) -> tuple[Network, ...]:
    """Those that have this name, or the one that is written like this; ValueError for others."""
    match item:
        case "loopback":
            return LOOPBACK
        case "link-local":
            return LINK_LOCAL
        case "api-server":
            return _api_server()
    return (ip_network(item),)


def _api_server() -> tuple[Network, ...]:
    """None where it is a name, or this is no pod."""
    with suppress(ValueError):
        return (ip_network(os.environ.get(_API_SERVER, "")),)
    return ()
