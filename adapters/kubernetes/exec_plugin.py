"""Asks a credential plugin of a kubeconfig (client.authentication.k8s.io/v1 and v1beta1) for a credential.

- One process at a time, however many calls wait for it; it is not stopped when one of these calls is.
- Nothing that the plugin prints is repeated anywhere: it may hold a credential.
- The plugin gets no standard input: the manager can answer no questions.

https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec

from adapters.kubernetes.credentials import Credential, CredentialUnavailable
from adapters.kubernetes.kubeconfig import Cluster, Exec

_SECONDS = 60.0  # for one run of a plugin


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    token: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None
    expiration_timestamp: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class _ExecCredential(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    status: _Status | None = None


class ExecPlugin:
    """Its credential is used until it expires or the API server refuses it."""

    def __init__(self, plugin: Exec, cluster: Cluster) -> None:
        self._plugin = plugin
        self._cluster = cluster
        self._held: Credential | None = None
        self._asking: asyncio.Task[Credential] | None = None

    async def current(self) -> Credential:
        held = self._held
        if held is None or (held.expires is not None and held.expires <= datetime.now(UTC)):
            return await self._asked()
        return held

    async def renewed(self, refused: Credential) -> Credential:
        """Another credential than the refused one, where there is one."""
        return await self._asked() if self._held is refused else await self.current()

    async def _asked(self) -> Credential:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
            self._asking.add_done_callback(_seen)
        return await asyncio.shield(self._asking)

    async def _ask(self) -> Credential:
        self._held = _read(await self._run(), self._plugin)
        return self._held

    async def _run(self) -> bytes:
        plugin = self._plugin
        env = {**os.environ, **{each.name: each.value for each in plugin.env or ()}}
        try:
            env["KUBERNETES_EXEC_INFO"] = exec_info(plugin, self._cluster)
            command = [installed(plugin), *(plugin.args or ())]
            process = await asyncio.create_subprocess_exec(
                *command, env=env, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True
            )
        except (OSError, ValueError) as error:
            raise _failed(plugin, f"cannot be started ({type(error).__name__})") from error
        try:
            async with asyncio.timeout(_SECONDS):
                output, _ = await process.communicate()
        except TimeoutError as error:
            raise _failed(plugin, f"did not end within {_SECONDS:.0f} s") from error
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)  # and what it started: it may hold our end of the pipe open
                await process.wait()
        if process.returncode != 0:
            raise _failed(plugin, f"ended with status {process.returncode}")
        return output


def installed(plugin: Exec) -> str:
    """The path of the plugin's program; raises CredentialUnavailable with the kubeconfig's installHint."""
    if (path := shutil.which(plugin.command)) is not None:
        return path
    hint = " ".join((plugin.install_hint or "").split())
    shown = "".join(letter for letter in hint if letter.isprintable())
    where = f"the credential plugin {plugin.command!r} of the kubeconfig"
    raise CredentialUnavailable(f"{where} is not installed, or not executable: {shown or 'install it'}")


def exec_info(plugin: Exec, cluster: Cluster) -> str:
    """The value of KUBERNETES_EXEC_INFO, JSON."""
    spec: dict[str, Any] = {"interactive": False}
    if plugin.provide_cluster_info:
        spec["cluster"] = _cluster_info(cluster)
    return msgspec.json.encode({"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}).decode()


def _cluster_info(cluster: Cluster) -> dict[str, Any]:
    authority = cluster.certificate_authority_data
    if cluster.certificate_authority is not None:
        authority = Path(cluster.certificate_authority).read_bytes()
    info = {
        "server": cluster.server,
        "tls-server-name": cluster.tls_server_name,
        "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
        "certificate-authority-data": b64encode(authority).decode() if authority else None,
        "proxy-url": cluster.proxy_url,
        "disable-compression": cluster.disable_compression,
        "config": cluster.exec_config,
    }
    return {name: value for name, value in info.items() if value}


def _read(output: bytes, plugin: Exec) -> Credential:
    try:
        answer = msgspec.json.decode(output, type=_ExecCredential)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _failed(plugin, "printed no ExecCredential in JSON") from error
    if answer.kind != "ExecCredential" or answer.api_version != plugin.api_version:
        raise _failed(plugin, f"printed no ExecCredential of {plugin.api_version}, as exec.apiVersion says")
    status = answer.status or _Status()
    certificate, key = status.client_certificate_data or "", status.client_key_data or ""
    if bool(certificate) != bool(key):
        raise _failed(plugin, "gave a client certificate or a key, and not both")
    if not status.token and not certificate:
        raise _failed(plugin, "gave neither a token nor a client certificate")
    if status.token and not (status.token.isascii() and status.token.isprintable()):
        raise _failed(plugin, "gave a token that no HTTP header can hold")
    return Credential(
        f"Bearer {status.token}" if status.token else "",
        f"{certificate}\n{key}".encode() if certificate else b"",
        status.expiration_timestamp,
    )


def _failed(plugin: Exec, how: str) -> CredentialUnavailable:
    return CredentialUnavailable(
        f"the credential plugin {plugin.command!r} of the kubeconfig {how}; "
        "see what it says with: kubectl get namespaces, with the same kubeconfig"
    )


def _seen(task: asyncio.Task[Credential]) -> None:
    """Marks the task's exception as seen, for no call waits for it any more."""
    if not task.cancelled():
        task.exception()
