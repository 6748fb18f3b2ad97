"""The command line, as a person meets it.

0 done, 1 it did not work, 2 the command line was wrong; and of an error exactly one line, on stderr, that says
what to do. What the flags may hold is the matter of test_settings.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.kubernetes import client as kubernetes_client
from domain.errors import LeadLost
from entrypoints import cli
from entrypoints.settings import OPTIONS, Settings
from tests.unit.entrypoints.command import Run


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a pod nor a kubeconfig, wherever the tests run, and no variable that sets a flag."""
    monkeypatch.setattr(kubernetes_client, "SERVICE_ACCOUNT", str(tmp_path))
    monkeypatch.setattr(cli, "pod_namespace", lambda: None)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_the_commands(flag: str, run: Run) -> None:
    result = run(flag)
    assert (result.status, result.err) == (0, "")
    assert "manager" in result.out
    assert "demo" in result.out
    assert "explain" in result.out


def test_without_a_command_there_is_help_and_a_status_that_says_so(run: Run) -> None:
    result = run()
    assert result.status == 2
    assert "Usage: " in result.out + result.err


FLAGS_AND_VARIABLES = {
    "--cluster-resource-namespace": "ISSUER_CLUSTER_RESOURCE_NAMESPACE",
    "--health-probe-bind-address": "ISSUER_HEALTH_PROBE_BIND_ADDRESS",
    "--max-retry-duration": "ISSUER_MAX_RETRY_DURATION",
    "--check-interval": "ISSUER_CHECK_INTERVAL",
    "--max-concurrent-reconciles": "ISSUER_MAX_CONCURRENT_RECONCILES",
    "--max-concurrent-requests-per-issuer": "ISSUER_MAX_CONCURRENT_REQUESTS_PER_ISSUER",
    "--kube-api-qps": "ISSUER_KUBE_API_QPS",
    "--kube-api-burst": "ISSUER_KUBE_API_BURST",
    "--namespaces": "ISSUER_NAMESPACES",
    "--allow-http": "ISSUER_ALLOW_HTTP",
    "--ca-allowed-networks": "ISSUER_CA_ALLOWED_NETWORKS",
    "--ca-denied-networks": "ISSUER_CA_DENIED_NETWORKS",
    "--log-level": "ISSUER_LOG_LEVEL",
    "--leader-elect": "ISSUER_LEADER_ELECT",
    "--leader-election-namespace": "ISSUER_LEADER_ELECTION_NAMESPACE",
    "--leader-election-lease-duration": "ISSUER_LEADER_ELECTION_LEASE_DURATION",
    "--leader-election-renew-deadline": "ISSUER_LEADER_ELECTION_RENEW_DEADLINE",
    "--leader-election-retry-period": "ISSUER_LEADER_ELECTION_RETRY_PERIOD",
    "--log-format": "ISSUER_LOG_FORMAT",
    "--metrics-bind-address": "ISSUER_METRICS_BIND_ADDRESS",
    "--metrics-secure": "ISSUER_METRICS_SECURE",
    "--metrics-cert-path": "ISSUER_METRICS_CERT_PATH",
}


def test_every_flag_is_known_here() -> None:
    known = {flag for option in cli.manager.params for flag in option.opts}
    assert known == FLAGS_AND_VARIABLES.keys()
    assert len(OPTIONS) == len(FLAGS_AND_VARIABLES)


@pytest.mark.parametrize(("flag", "variable"), FLAGS_AND_VARIABLES.items())
def test_help_lists_every_flag_with_its_environment_variable(flag: str, variable: str, run: Run) -> None:
    result = run("manager", "--help")
    assert result.status == 0
    described = " ".join(result.out.split()).partition(f" {flag} ")[2]
    assert f"[env var: {variable}" in described.partition(" --")[0]


WRONG = [
    ("--namespaces", "team-a,Kube System"),
    ("--cluster-resource-namespace", "Kube System"),
    ("--cluster-resource-namespace", "../kube-system"),
    ("--cluster-resource-namespace", "a\nb"),
    ("--health-probe-bind-address", "8081"),
    ("--max-retry-duration", "soon"),
    ("--max-retry-duration", "a\nb"),
    ("--check-interval", "1s"),
    ("--max-concurrent-reconciles", "0"),
    ("--ca-allowed-networks", "everywhere"),
    ("--ca-denied-networks", "a\nb"),
    ("--log-level", "loud"),
]


@pytest.mark.parametrize(("flag", "value"), WRONG)
def test_a_wrong_value_is_refused_in_one_line(flag: str, value: str, run: Run) -> None:
    result = run("manager", flag, value)
    assert (result.status, result.out) == (2, "")
    assert result.error.startswith("Error: Invalid value for")
    assert flag in result.error


@pytest.mark.parametrize(("flag", "value"), WRONG)
def test_from_the_environment_too(flag: str, value: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FLAGS_AND_VARIABLES[flag], value)
    result = run("manager")
    assert (result.status, result.out) == (2, "")
    assert FLAGS_AND_VARIABLES[flag] in result.error


@pytest.mark.parametrize(
    "arguments", [["manager", "--no-such-flag"], ["manager", "more"], ["menager"], ["demo", "/no"]]
)
def test_what_is_no_command_line_is_refused_in_one_line(arguments: list[str], run: Run) -> None:
    result = run(*arguments)
    assert (result.status, result.out) == (2, "")
    assert result.error.startswith("Error: ")


def test_a_manager_outside_a_pod_must_be_told_its_namespace(run: Run) -> None:
    result = run("manager")
    assert result.status == 2
    assert result.error.startswith("Error: --cluster-resource-namespace: give a namespace")


def test_a_manager_without_a_cluster_says_what_to_do(run: Run, tmp_path: Path) -> None:
    result = run("manager", "--cluster-resource-namespace", "system")
    assert result.status == 1
    assert result.error == (
        f"Error: no cluster to talk to: {tmp_path / 'nowhere'} not found; set KUBECONFIG, or run in a pod"
    )


def test_in_a_pod_the_namespace_is_the_pods(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "pod_namespace", lambda: "here")
    assert run("manager").status == 1  # it came as far as to look for a cluster


def test_a_leader_that_lost_its_lease_exits_with_status_1_and_no_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def manage(settings: Settings) -> None:
        raise LeadLost

    monkeypatch.setattr(cli, "_manage", manage)
    result = run("manager", "--cluster-resource-namespace=a")
    assert (result.status, result.out, result.err) == (1, "", "")


@pytest.mark.parametrize(
    ("flags", "pod", "lease"),
    [
        (["--cluster-resource-namespace=a"], None, "a"),
        (["--cluster-resource-namespace=a"], "b", "b"),
        (["--cluster-resource-namespace=a", "--leader-election-namespace=c"], "b", "c"),
        ([], "b", "b"),
    ],
)
def test_the_lease_is_where_the_pod_is_unless_it_is_said(
    flags: list[str], pod: str | None, lease: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[Settings] = []

    async def manage(settings: Settings) -> None:
        used.append(settings)

    monkeypatch.setattr(cli, "pod_namespace", lambda: pod)
    monkeypatch.setattr(cli, "_manage", manage)
    assert run("manager", *flags).status == 0
    assert used[0].leader_election_namespace == lease


@pytest.mark.parametrize(
    ("duration", "deadline", "period", "wanted"),
    [
        ("15s", "15s", "2s", "the lease duration must be longer than the renew deadline"),
        ("15s", "2s", "2s", "the renew deadline must be longer than the retry period"),
    ],
)
def test_times_with_which_two_could_lead_are_refused(
    duration: str, deadline: str, period: str, wanted: str, run: Run
) -> None:
    times = [f"lease-duration={duration}", f"renew-deadline={deadline}", f"retry-period={period}"]
    result = run("manager", "--cluster-resource-namespace=a", *(f"--leader-election-{each}" for each in times))
    assert result.status == 2
    assert result.error.startswith("Error: --leader-election-...: ")
    assert wanted in result.error
