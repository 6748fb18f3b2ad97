"""Loads lightkube's client, from a kubeconfig or the pod's ServiceAccount, and sends what its public methods cannot.

- What cannot work is refused in one line that says what to do, before anything is started.
- This is the only file that uses lightkube's private parts: hence its exact version in the lock, and a test that fails
  when they change (test_lightkube_pin.py).
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
from lightkube import AsyncClient
from lightkube.config.kubeconfig import SingleConfig
from lightkube.config.models import Cluster as LightkubeCluster
from lightkube.config.models import Context
from lightkube.config.models import User as LightkubeUser

from adapters.kubernetes.credentials import Authentication, CredentialUnavailable, Given, Source, TokenFile
from adapters.kubernetes.exec_plugin import ExecPlugin, installed
from adapters.kubernetes.kubeconfig import PROXIES, Cluster, Config, KubeconfigError, User, load
from adapters.kubernetes.tls import Tls
from adapters.kubernetes.transport import CONNECTIONS, AiohttpTransport, InstrumentedTransport
from domain.ports import Metrics

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"

USER_AGENT = "external-issuer"

Answered = Callable[[int], None]
"""Is given the HTTP status of each answer."""


def _unnoted(status: int) -> None:
    return


def load_client(
    metrics: Metrics,
    connections: int = CONNECTIONS,
    answered: Answered = _unnoted,
    user_agent: str = USER_AGENT,
) -> AsyncClient:
    """A client for KUBECONFIG where it is set, else the pod's ServiceAccount, else ~/.kube/config.

    The order is controller-runtime's. Does no network I/O; raises KubeconfigError.
    """
    named = _named_files()
    config = load(named) if named else _service_account() or load([Path(os.path.expanduser("~/.kube/config"))])
    return client_of(config, metrics, connections, answered, user_agent)


def client_of(
    config: Config,
    metrics: Metrics,
    connections: int = CONNECTIONS,
    answered: Answered = _unnoted,
    user_agent: str = USER_AGENT,
) -> AsyncClient:
    """A client for this server and user; raises KubeconfigError."""
    server = config.cluster.server
    try:
        tls = Tls(config.cluster, config.user)
        auth = Authentication(_source(config), config.user, tls.present, answered)
        transport = AiohttpTransport(tls, _proxy(config.cluster), connections, config.cluster.tls_server_name)
        instrumented = InstrumentedTransport(transport, metrics, server)
        return client_on(instrumented, server, auth, user_agent)
    except CredentialUnavailable as error:
        raise KubeconfigError(str(error)) from error
    except httpx2.InvalidURL as error:
        raise KubeconfigError(f"the kubeconfig cannot be used: {error}") from error
    except (OSError, ValueError) as error:
        raise KubeconfigError(
            f"the kubeconfig's certificates cannot be used: {type(error).__name__}: {error}"
        ) from error


def client_on(
    transport: httpx2.AsyncBaseTransport, server: str, auth: httpx2.Auth, user_agent: str = USER_AGENT
) -> AsyncClient:
    """A client over this transport, which does TLS; `insecure` spares lightkube from loading a trust store for it."""
    cluster = LightkubeCluster(server=server, insecure=True)
    client = AsyncClient(
        config=SingleConfig("kubeconfig", Context(cluster=server), cluster, LightkubeUser()), transport=transport
    )
    inner: Any = client._client
    inner._client.auth = auth
    inner._client.headers["User-Agent"] = user_agent
    return client


async def send(
    client: AsyncClient,
    resource: Any,
    *,
    name: str | None = None,
    namespace: str | None,
    watch: bool = False,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    timeouts: httpx2.Timeout | None = None,
) -> httpx2.Response:
    """The response to a get, list or watch, whose body is still to be read. Raises what lightkube raises.

    lightkube's own methods read bodies of any size, decode them at once, and let a watch be silent for ever.
    """
    inner: Any = client._client
    request = inner.prepare_request(
        "get" if name else "list", resource, name=name, namespace=namespace, watch=watch, params=params, headers=headers
    )
    request.timeout = timeouts
    response: httpx2.Response = await inner.send(inner.build_adapter_request(request), stream=True)
    if response.is_error:
        await response.aread()
        inner.raise_for_status(response)
    return response


async def delete(client: AsyncClient, resource: Any, name: str, namespace: str | None, resource_version: str) -> None:
    """Deletes the object of this resource version; lightkube's own method cannot name one. Raises what it raises."""
    inner: Any = client._client
    request = inner.prepare_request("delete", resource, name=name, namespace=namespace)
    preconditions = {"resourceVersion": resource_version}
    request.data = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
    inner.raise_for_status(await inner.send(inner.build_adapter_request(request)))


def pod_namespace() -> str | None:
    """The namespace that this pod runs in; None outside a cluster."""
    file = Path(SERVICE_ACCOUNT, "namespace")
    return file.read_text().strip() if file.is_file() else None


def _service_account() -> Config | None:
    """None outside a cluster."""
    token = Path(SERVICE_ACCOUNT, "token")
    if not token.is_file():
        return None
    try:
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    except KeyError as error:
        raise KubeconfigError(f"the pod lacks the variable {error}, which kubelets set") from error
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    authority = str(Path(SERVICE_ACCOUNT, "ca.crt"))
    return Config(Cluster(server=server, certificate_authority=authority), User(token_file=str(token)))


def _named_files() -> list[Path]:
    """https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#the-kubeconfig-environment-variable"""
    return [Path(file) for file in os.environ.get("KUBECONFIG", "").split(os.pathsep) if file]


def _source(config: Config) -> Source:
    """The credential that kubectl would take where there are several."""
    user = config.user
    if user.token_file:
        return TokenFile(user.token_file)
    if user.token:
        return Given(f"Bearer {user.token}")
    if user.username or user.password:
        pair = f"{user.username or ''}:{user.password or ''}"
        return Given(f"Basic {b64encode(pair.encode()).decode()}")
    if user.plugin is not None:
        installed(user.plugin)
        return ExecPlugin(user.plugin, config.cluster)
    return Given()


def _proxy(cluster: Cluster) -> str | None:
    """The kubeconfig's proxy, else the one of the environment (HTTPS_PROXY, NO_PROXY), as kubectl has it."""
    if cluster.proxy_url:
        return cluster.proxy_url
    url = urlsplit(cluster.server)
    proxy = None if proxy_bypass(url.hostname or "") else getproxies().get(url.scheme)
    if proxy is not None and urlsplit(proxy).scheme not in PROXIES:
        raise KubeconfigError(
            f"{url.scheme.upper()}_PROXY is no http or https proxy; name an HTTP proxy, or set NO_PROXY"
        )
    return proxy
