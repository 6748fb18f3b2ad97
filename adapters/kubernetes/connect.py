"""From the environment to a client: in the cluster its ServiceAccount, elsewhere the kubeconfig.

Law: what cannot work is refused here, in one sentence that says what to do, before anything is started.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
import msgspec
import yaml
from lightkube import AsyncClient, KubeConfig
from lightkube.config.client_adapter import verify_cluster
from lightkube.config.kubeconfig import SERVICE_ACCOUNT, SingleConfig
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError

from adapters.kubernetes.counted import Counted
from adapters.kubernetes.http import over
from adapters.kubernetes.transport import CONNECTIONS, Transport
from adapters.silent import SILENT
from domain.ports import Meter

_EXEC_KNOWN = ("client.authentication.k8s.io/v1alpha1", "client.authentication.k8s.io/v1beta1")


class NoCluster(Exception):
    """There is no cluster to talk to; the message says why and what to do."""


def connect(connections: int = CONNECTIONS, meter: Meter = SILENT) -> AsyncClient:
    """A client for the current kubeconfig or the pod's ServiceAccount; raises NoCluster. Does no I/O on the network."""
    config = _config()
    _refuse_what_cannot_work(config)
    try:
        return client(config, connections, meter)
    except (ConfigError, httpx2.InvalidURL) as error:
        raise NoCluster(f"the kubeconfig cannot be used: {error}") from error
    except (OSError, ValueError) as error:
        raise NoCluster(f"the kubeconfig's certificates cannot be used: {type(error).__name__}: {error}") from error


def client(config: SingleConfig, connections: int = CONNECTIONS, meter: Meter = SILENT) -> AsyncClient:
    """A client on our own transport, which must be told again whom to trust and who we are."""
    server, context = config.cluster.server, verify_cluster(config.cluster, config.user or User(), config.abs_file)
    if isinstance(context, ssl.SSLContext):
        # Set from Python 3.13 on; it refuses CA certificates without keyUsage or authorityKeyIdentifier.
        context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
    transport = Transport(context, _proxy(server), connections)
    return over(Counted(transport, meter, below=urlsplit(server).path), config)


def _proxy(server: str) -> str | None:
    """The proxy that the environment names (HTTPS_PROXY, NO_PROXY), as kubectl uses it too."""
    url = urlsplit(server)
    return None if proxy_bypass(url.hostname or "") else getproxies().get(url.scheme)


def pod_namespace() -> str | None:
    """The namespace that this pod runs in; None outside a cluster."""
    file = Path(SERVICE_ACCOUNT, "namespace")
    return file.read_text().strip() if file.is_file() else None


def _config() -> SingleConfig:
    try:
        kubeconfig = KubeConfig.from_env()
        config = kubeconfig.get() if kubeconfig.current_context else None
    except (ConfigError, OSError) as error:
        raise NoCluster(f"no cluster to talk to: {error}; set KUBECONFIG, or run in a pod") from error
    except KeyError as error:
        raise NoCluster(f"the kubeconfig lacks {error}, which it should define") from error
    except yaml.YAMLError as error:  # its message quotes lines of the file
        raise NoCluster(f"the kubeconfig is not YAML{_line(error)}") from error
    except (TypeError, AttributeError, ValueError, msgspec.MsgspecError) as error:
        raise NoCluster(f"the kubeconfig cannot be read ({type(error).__name__}: {error})") from error
    if config is None:
        raise NoCluster("the kubeconfig has no current-context; choose one with: kubectl config use-context")
    return config


def _line(error: yaml.YAMLError) -> str:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    return f": see line {mark.line + 1}" if mark else ""


def _refuse_what_cannot_work(config: SingleConfig) -> None:
    user = config.user
    if user is None:
        raise NoCluster(f"context {config.context_name!r} of the kubeconfig names no user")
    if (user.client_cert or user.client_cert_data) and not (user.client_key or user.client_key_data):
        raise NoCluster(f"the user of context {config.context_name!r} of the kubeconfig has a certificate but no key")
    if user.exec is not None and user.exec.apiVersion not in _EXEC_KNOWN:
        raise NoCluster(
            f"the kubeconfig's credential plugin speaks {user.exec.apiVersion}, lightkube only v1alpha1 and v1beta1; "
            "use a kubeconfig with a token or a client certificate"
        )
