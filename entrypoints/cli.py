"""The command line: turns flags into Settings, and errors into one line and an exit status.

Exit status: 0 success, 1 failure, 2 wrong command line, 130 interrupted.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from adapters.kubernetes.client import pod_namespace
from adapters.kubernetes.documents import BadManifest
from adapters.kubernetes.kubeconfig import KubeconfigError
from domain.errors import LeadLost
from entrypoints import logs
from entrypoints.container import Container, opened
from entrypoints.demo.run import demo as run_demo
from entrypoints.explain import explained
from entrypoints.http.serving import CannotListen
from entrypoints.issuer import NAMES
from entrypoints.settings import Settings, demo_options, options

SAMPLES = Path("deploy", "samples")
_log = logging.getLogger("issuer")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=NAMES.controller, prog_name=NAMES.controller)
def cli() -> None:
    """An external issuer for cert-manager: signs CertificateRequests and Kubernetes CSRs."""


@cli.command()
@options
def manager(cluster_resource_namespace: str | None, leader_election_namespace: str | None, **flags: Any) -> None:
    """Runs against the current kubeconfig, or in the cluster as its pod's ServiceAccount."""
    settings = _settings(cluster_resource_namespace, leader_election_namespace, **flags)
    logs.configure(settings.log_level, settings.log_format)
    try:
        asyncio.run(_manage(settings))
    except LeadLost:  # it is in the log already
        sys.exit(1)


@cli.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@demo_options
def demo(files: tuple[Path, ...], **flags: Any) -> None:
    """Shows the manager at work in memory, on FILES or on deploy/samples: no cluster is needed."""
    if not files and not SAMPLES.is_dir():
        raise click.UsageError(f"FILES: name some manifests, since there is no folder {SAMPLES} here")
    if not asyncio.run(run_demo(list(files) or [SAMPLES], Settings(**flags))):
        sys.exit(1)


@cli.command()
@click.argument("what", metavar="REASON|FILE|-")
def explain(what: str) -> None:
    """Explains a reason, or the conditions of objects.

    REASON is that of a condition or an Event. FILE, or - for standard input, holds objects or Events as
    kubectl get --output=yaml prints them.
    """
    for number, block in enumerate(explained(what)):
        click.echo(f"\n{block}" if number else block)


def _settings(secrets: str | None, lease: str | None, **flags: Any) -> Settings:
    """The Settings with their namespaces, given or the pod's; raises UsageError where they cannot work."""
    own = pod_namespace()
    secrets = secrets or own
    if secrets is None:
        raise click.UsageError(
            "--cluster-resource-namespace: give a namespace, since this is not a pod that could tell its own"
        )
    settings = Settings(secrets, leader_election_namespace=lease or own or secrets, **flags)
    try:
        settings.lease_times  # noqa: B018 - raises
    except ValueError as error:
        raise click.UsageError(f"--leader-election-...: {error}") from error
    return settings


async def _manage(settings: Settings) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    container = Container(settings=settings)
    async with opened(container) as manager:
        _log_start(settings, list(container.signers()))
        await manager.run(stop)


def _log_start(settings: Settings, signers: list[str]) -> None:
    names = NAMES.controller, version(NAMES.controller), platform.node()
    _log.info("%s %s starts on %s, with the signers %s", *names, ", ".join(signers))
    watched, secrets = ", ".join(settings.namespaces) or "all", settings.cluster_resource_namespace
    _log.info("namespaces served: %s; %ss have their Secrets in %s", watched, NAMES.cluster_issuer, secrets)
    allowed, denied = (
        ",".join(map(str, networks)) or "none"
        for networks in (settings.ca_allowed_networks, settings.ca_denied_networks)
    )
    _log.info("networks of CAs elsewhere: allowed are %s; denied are %s", allowed, denied)


def main() -> None:
    try:
        status = cli.main(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as wanted:
        click.echo(wanted.format_message())
        status = 2
    except click.ClickException as error:
        click.echo(f"Error: {error.format_message()}", err=True)
        status = error.exit_code
    except (KubeconfigError, CannotListen, BadManifest) as error:
        click.echo(f"Error: {error}", err=True)
        status = 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        status = 130
    sys.exit(status)


if __name__ == "__main__":
    main()
