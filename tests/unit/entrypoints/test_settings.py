"""What can be set, by flag and by environment variable.

Every value is checked before anything starts; a wrong one is refused in one line that names the flag, the value
and what is wanted.
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from adapters.signers.http.networks import EVERYWHERE, LINK_LOCAL, LOOPBACK
from domain.controller.leader_election import LeaseTimes
from entrypoints.flag_types import Address
from entrypoints.settings import OPTIONS, Settings, options


@click.command()
@options
def command(**flags: Any) -> None:
    """Says what it was given."""
    flags["leader_election_namespace"] = flags["leader_election_namespace"] or ""  # as the command line does
    click.echo(repr(Settings(**flags)))


def run(*arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(command, arguments, env=variables)


def settings(*arguments: str, **variables: str) -> str:
    result = run("--cluster-resource-namespace=system", *arguments, **variables)
    assert result.exit_code == 0, result.output
    return result.output.strip()


HERE = Path(__file__).parent
NETWORKS = ip_network("10.0.0.0/8"), ip_network("2001:db8::1/128")
DEFAULTS = Settings("system", Address("", 8081))
GOOD: list[tuple[str, str, str, Any]] = [
    ("--cluster-resource-namespace", "other", "cluster_resource_namespace", "other"),
    ("--namespaces", "team-a", "namespaces", ("team-a",)),
    ("--namespaces", "team-b,team-a,team-b", "namespaces", ("team-b", "team-a")),
    ("--health-probe-bind-address", "127.0.0.1:9000", "health_probe_bind_address", Address("127.0.0.1", 9000)),
    ("--health-probe-bind-address", ":1", "health_probe_bind_address", Address("", 1)),
    ("--health-probe-bind-address", "[::1]:65535", "health_probe_bind_address", Address("::1", 65535)),
    ("--health-probe-bind-address", "0", "health_probe_bind_address", None),
    ("--max-retry-duration", "1h30m", "max_retry_duration", timedelta(minutes=90)),
    ("--max-retry-duration", "0", "max_retry_duration", timedelta(0)),
    ("--check-interval", "10s", "check_interval", timedelta(seconds=10)),
    ("--max-concurrent-reconciles", "1", "max_concurrent_reconciles", 1),
    ("--max-concurrent-reconciles", "10000", "max_concurrent_reconciles", 10_000),
    ("--max-concurrent-requests-per-issuer", "1", "max_concurrent_requests_per_issuer", 1),
    ("--max-concurrent-requests-per-issuer", "1000", "max_concurrent_requests_per_issuer", 1000),
    ("--kube-api-qps", "20", "kube_api_qps", 20.0),
    ("--kube-api-qps", "0.5", "kube_api_qps", 0.5),
    ("--kube-api-burst", "1", "kube_api_burst", 1),
    ("--leader-election-namespace", "here", "leader_election_namespace", "here"),
    ("--leader-election-lease-duration", "1m", "leader_election_lease_duration", timedelta(minutes=1)),
    ("--leader-election-renew-deadline", "1s", "leader_election_renew_deadline", timedelta(seconds=1)),
    ("--leader-election-retry-period", "100ms", "leader_election_retry_period", timedelta(milliseconds=100)),
    ("--ca-allowed-networks", "10.0.0.0/8,2001:db8::1", "ca_allowed_networks", NETWORKS),
    ("--ca-allowed-networks", "none", "ca_allowed_networks", ()),
    ("--ca-denied-networks", "10.0.0.0/8,2001:db8::1", "ca_denied_networks", NETWORKS),
    (
        "--ca-denied-networks",
        "link-local,10.0.0.0/8,loopback",
        "ca_denied_networks",
        (*LINK_LOCAL, NETWORKS[0], *LOOPBACK),
    ),
    ("--ca-denied-networks", "none", "ca_denied_networks", ()),
    ("--metrics-bind-address", ":8443", "metrics_bind_address", Address("", 8443)),
    ("--metrics-bind-address", "0", "metrics_bind_address", None),
    ("--metrics-secure", "false", "metrics_secure", False),
    ("--metrics-secure", "true", "metrics_secure", True),
    ("--metrics-cert-path", str(HERE), "metrics_cert_path", HERE),
    ("--log-level", "debug", "log_level", "debug"),
    ("--log-level", "WARNING", "log_level", "warning"),
    ("--log-format", "json", "log_format", "json"),
    ("--log-format", "Console", "log_format", "console"),
]
NO_ADDRESS = "is not an address such as :8081 or 127.0.0.1:8081, or 0 for none"
NO_DURATION = "is not a duration such as 30s, 10m or 2160h"
NO_NAMESPACE = "is not the name of a namespace: want lowercase letters, digits and '-'"
NO_LIST = "is not a list such as team-a,team-b"
NO_NETWORKS = "is not a list such as 10.0.0.0/8,2001:db8::/32,loopback, or none: "
WRONG = [
    ("--cluster-resource-namespace", "A", NO_NAMESPACE),
    ("--cluster-resource-namespace", "a/../b", NO_NAMESPACE),
    ("--namespaces", "team-a,Team_B", "'Team_B' " + NO_NAMESPACE),
    ("--namespaces", "team-a, team-b", NO_LIST),
    ("--namespaces", "team-a,", "'' " + NO_NAMESPACE),
    ("--namespaces", "*", NO_LIST),
    ("--health-probe-bind-address", "8081", NO_ADDRESS),
    ("--health-probe-bind-address", ":0", NO_ADDRESS),
    ("--health-probe-bind-address", ":65536", NO_ADDRESS),
    ("--health-probe-bind-address", ":http", NO_ADDRESS),
    ("--health-probe-bind-address", "localhost:", NO_ADDRESS),
    ("--health-probe-bind-address", ":-1", NO_ADDRESS),
    ("--ca-allowed-networks", "10.0.0.1/8", NO_NETWORKS + "10.0.0.1/8 has host bits set"),
    ("--ca-allowed-networks", "ca.example.com", NO_NETWORKS + "'ca.example.com' does not appear to be an IPv4 or IPv6"),
    ("--ca-denied-networks", "10.0.0.0/8, 127.0.0.0/8", NO_NETWORKS),
    ("--ca-denied-networks", "10.0.0.0/8,", NO_NETWORKS),
    ("--ca-denied-networks", "none,loopback", NO_NETWORKS),
    ("--metrics-bind-address", "8443", NO_ADDRESS),
    ("--metrics-secure", "maybe", "'maybe' is not a valid boolean"),
    ("--metrics-cert-path", "/not/there", "Directory '/not/there' does not exist"),
    ("--metrics-cert-path", __file__, f"Directory '{__file__}' is a file"),
    ("--max-retry-duration", "10", NO_DURATION),
    ("--max-retry-duration", "soon", NO_DURATION),
    ("--max-retry-duration", "-1s", "'-1s' is too short, the least is 0s"),
    ("--max-retry-duration", "99999999h", "'99999999h' is longer than any duration can be"),
    ("--check-interval", "9.9s", "'9.9s' is too short, the least is 10s"),
    ("--check-interval", "5 m", NO_DURATION),
    ("--max-concurrent-reconciles", "0", "0 is not in the range 1<=x<=10000"),
    ("--max-concurrent-reconciles", "10001", "10001 is not in the range 1<=x<=10000"),
    ("--max-concurrent-reconciles", "many", "'many' is not a valid integer"),
    ("--kube-api-qps", "-1", "-1.0 is not in the range x>=0"),
    ("--kube-api-burst", "0", "0 is not in the range x>=1"),
    ("--leader-election-namespace", "a.b", NO_NAMESPACE),
    ("--leader-election-lease-duration", "1.9s", "'1.9s' is too short, the least is 2s"),
    ("--leader-election-renew-deadline", "999ms", "'999ms' is too short, the least is 1s"),
    ("--leader-election-retry-period", "99ms", "'99ms' is too short, the least is 0.1s"),
    ("--log-format", "xml", "'xml' is not one of 'console', 'json'"),
    ("--log-level", "loud", "'loud' is not one of 'debug', 'info', 'warning', 'error'"),
]


@pytest.fixture(autouse=True)
def no_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


def variable(flag: str) -> str:
    return "ISSUER_" + flag.removeprefix("--").replace("-", "_").upper()


def expected(field: str, value: Any) -> str:
    return repr(Settings(**{name: getattr(DEFAULTS, name) for name in Settings.__slots__} | {field: value}))


def test_without_any_flag_everything_has_its_default() -> None:
    assert settings() == repr(DEFAULTS)
    assert repr(DEFAULTS) == repr(
        Settings(
            "system",
            Address("", 8081),
            timedelta(minutes=10),
            timedelta(minutes=5),
            256,
            8,
            0.0,
            100,
            False,
            EVERYWHERE,
            (),
            "info",
            "console",
            None,
            True,
            None,
            False,
        )
    )
    assert DEFAULTS.lease_times == LeaseTimes(timedelta(seconds=15), timedelta(seconds=10), timedelta(seconds=2))


@pytest.mark.parametrize(("flag", "value", "field", "wanted"), GOOD)
def test_a_flag_sets_it(flag: str, value: str, field: str, wanted: Any) -> None:
    assert settings(f"{flag}={value}") == expected(field, wanted)


@pytest.mark.parametrize(("flag", "value", "field", "wanted"), GOOD)
def test_an_environment_variable_sets_it(flag: str, value: str, field: str, wanted: Any) -> None:
    result = run(**{"ISSUER_CLUSTER_RESOURCE_NAMESPACE": "system", variable(flag): value})
    assert result.output.strip() == expected(field, wanted)


def test_a_flag_wins_over_an_environment_variable() -> None:
    assert settings("--log-level=error", ISSUER_LOG_LEVEL="debug") == expected("log_level", "error")


def test_an_empty_environment_variable_is_none() -> None:
    assert settings(**{variable(flag): "" for flag, *_ in GOOD}) == repr(DEFAULTS)


@pytest.mark.parametrize(("flag", "value", "wanted"), WRONG)
@pytest.mark.parametrize("by_variable", [False, True], ids=["flag", "variable"])
def test_a_wrong_value_is_refused_in_one_line(flag: str, value: str, wanted: str, by_variable: bool) -> None:
    result = run(**{variable(flag): value}) if by_variable else run(f"{flag}={value}")
    assert result.exit_code == 2
    line = result.output.strip().splitlines()[-1]
    assert line.startswith(f"Error: Invalid value for '{flag}'")
    assert wanted in line
    assert value in line
    assert "Traceback" not in result.output
    assert result.output.count("Error") == 1


def test_every_flag_says_what_it_is_for_its_default_and_its_variable() -> None:
    text = " ".join(run("--help").output.split())
    for flag in {flag for flag, *_ in GOOD}:
        assert flag in text
        assert f"env var: {variable(flag)}" in text
    assert "default: (0.0.0.0/0,::/0)" in text
    assert "default: (loopback,link-local,api-server in a pod, none elsewhere)" in text
    for default in (":8081", "10m", "5m", "256", "8", "info", "15s", "10s", "2s"):
        assert f"default: {default}" in text
    assert len(OPTIONS) == len({flag for flag, *_ in GOOD} | {"--allow-http", "--leader-elect"})


def test_metrics_are_secure_where_only_the_flag_stands() -> None:
    assert settings("--metrics-secure") == expected("metrics_secure", True)


def test_plain_http_is_allowed_only_where_it_is_said() -> None:
    assert settings() == expected("allow_http", False)
    assert settings("--allow-http") == expected("allow_http", True)
    assert settings(ISSUER_ALLOW_HTTP="true") == expected("allow_http", True)
    assert settings(ISSUER_ALLOW_HTTP="0") == expected("allow_http", False)
    assert "'maybe' is not a valid boolean" in run(ISSUER_ALLOW_HTTP="maybe").output


def test_a_list_of_namespaces_that_came_out_empty_is_not_all_of_them() -> None:
    assert f"'' {NO_LIST}" in run("--namespaces=").output


@pytest.mark.parametrize("flag", ["--ca-allowed-networks", "--ca-denied-networks"])
def test_a_list_of_networks_that_came_out_empty_is_not_all_or_none_of_them(flag: str) -> None:
    assert f"'' {NO_NETWORKS}" in run(f"{flag}=").output


@pytest.mark.parametrize(
    ("host", "denied"),
    [
        ("10.96.0.1", (ip_network("10.96.0.1"),)),
        ("fd00::1", (ip_network("fd00::1"),)),
        ("api.example.com", ()),
        ("", ()),
    ],
)
def test_the_api_server_is_where_the_kubelet_says(host: str, denied: tuple[Any, ...]) -> None:
    shown = settings("--ca-denied-networks=api-server", KUBERNETES_SERVICE_HOST=host)
    assert shown == expected("ca_denied_networks", denied)


def test_in_a_pod_what_is_its_own_is_denied_unless_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    own = *LOOPBACK, *LINK_LOCAL, ip_network("10.96.0.1")

    assert settings() == expected("ca_denied_networks", own)
    assert settings(ISSUER_CA_DENIED_NETWORKS="") == expected("ca_denied_networks", own)
    assert settings("--ca-denied-networks=none") == expected("ca_denied_networks", ())
    assert settings(ISSUER_CA_DENIED_NETWORKS="link-local") == expected("ca_denied_networks", LINK_LOCAL)


def test_an_election_is_held_only_where_it_is_said() -> None:
    assert settings() == expected("leader_elect", False)
    assert settings("--leader-elect") == expected("leader_elect", True)
    assert settings(ISSUER_LEADER_ELECT="true") == expected("leader_elect", True)


@pytest.mark.parametrize(
    ("address", "written"), [(Address("", 8081), ":8081"), (Address("127.0.0.1", 1), "127.0.0.1:1")]
)
def test_an_address_is_written_as_it_is_given(address: Address, written: str) -> None:
    assert str(address) == written
