"""Whom the controller may talk to, by the NetworkPolicy of deploy/: what it says, for no plugin enforces it here."""

from ipaddress import ip_address, ip_network

import pytest

from tests.integration.deploy.manifests import Manifest, the_only

POLICY: Manifest = the_only("network-policy", "NetworkPolicy")["spec"]


def test_the_network_policy_is_for_the_controller_and_lets_in_to_the_metrics_alone() -> None:
    spec, template = POLICY, the_only("manager", "Deployment")["spec"]["template"]
    (container,) = template["spec"]["containers"]

    assert spec["podSelector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["ingress"] == [{"ports": [{"protocol": "TCP", "port": "metrics"}]}]
    assert "metrics" in {port["name"] for port in container["ports"]}


def test_the_network_policy_lets_out_to_names_and_by_tcp() -> None:
    names, api_server, elsewhere = POLICY["egress"]

    assert names == {"ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]}
    assert api_server == {"ports": [{"protocol": "TCP", "port": port} for port in (443, 6443)]}
    assert elsewhere["ports"] == [{"protocol": "TCP", "port": 1, "endPort": 65535}]


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("203.0.113.7", True),
        ("2001:db8::7", True),
        ("169.254.169.254", False),
        ("fe80::a9fe:a9fe", False),
        ("fd00:ec2::254", False),
    ],
)
def test_the_network_policy_keeps_it_from_the_credentials_of_nodes(address: str, allowed: bool) -> None:
    *_, elsewhere = POLICY["egress"]
    blocks = [to["ipBlock"] for to in elsewhere["to"] if "ipBlock" in to]

    assert any(_is_in(address, [block["cidr"]]) and not _is_in(address, block["except"]) for block in blocks) is allowed


def _is_in(address: str, networks: list[str]) -> bool:
    return any(ip_address(address) in ip_network(network) for network in networks)
