"""What deploy/ says, held to what we promise: permissions, controllers, and that its parts fit together.

No cluster needed. Whoever changes a permission changes the table here too, on purpose.
"""

from collections import Counter

import pytest
import yaml

from entrypoints.issuer import NAMES
from entrypoints.settings import METRICS_PATH
from tests.integration.deploy.manifests import (
    DEPLOY,
    KUSTOMIZATION,
    Manifest,
    Permission,
    files,
    full_name,
    kustomized,
    objects,
    of_kind,
    permissions,
    the_only,
)

BASES = ["crd", "rbac", "manager", "metrics", "network-policy", "prometheus", "samples"]
SYSTEM = "system"
CONTROLLER = "controller-manager"
"""As bases name them; deploy/names adds the rest."""
GROUP = NAMES.group
ISSUERS, CLUSTER_ISSUERS = NAMES.issuers, NAMES.cluster_issuers

NOBODY = ("", "")  # who installs this binds it to whom they want

READ = {"get", "list", "watch"}
ALL = READ | {"create", "update", "patch", "delete", "deletecollection"}
USERS = {"viewer": READ, "editor": ALL, "admin": ALL}

# role → who has it, and what it permits.
CLUSTER_ROLES: dict[str, tuple[tuple[str, str], set[Permission]]] = {
    CONTROLLER: (
        (SYSTEM, CONTROLLER),
        {
            *((GROUP, ISSUERS, "*", verb) for verb in ("get", "list", "watch")),
            (GROUP, f"{ISSUERS}/status", "*", "patch"),
            *((GROUP, CLUSTER_ISSUERS, "*", verb) for verb in ("get", "list", "watch")),
            (GROUP, f"{CLUSTER_ISSUERS}/status", "*", "patch"),
            *(("cert-manager.io", "certificaterequests", "*", verb) for verb in ("get", "list", "watch")),
            ("cert-manager.io", "certificaterequests/status", "*", "patch"),
            *(("certificates.k8s.io", "certificatesigningrequests", "*", verb) for verb in ("get", "list", "watch")),
            ("certificates.k8s.io", "certificatesigningrequests/status", "*", "patch"),
            ("certificates.k8s.io", "signers", f"{ISSUERS}.{GROUP}/*", "sign"),
            ("certificates.k8s.io", "signers", f"{CLUSTER_ISSUERS}.{GROUP}/*", "sign"),
            ("authorization.k8s.io", "subjectaccessreviews", "*", "create"),
            *(("", "secrets", "*", verb) for verb in ("get", "list", "watch")),
            *(("events.k8s.io", "events", "*", verb) for verb in ("create", "patch")),
        },
    ),
    "metrics-auth": (
        (SYSTEM, CONTROLLER),
        {("authentication.k8s.io", "tokenreviews", "*", "create")},
    ),
    "trust-bundles": (
        (SYSTEM, CONTROLLER),
        {
            *(
                ("certificates.k8s.io", "clustertrustbundles", "*", verb)
                for verb in ("get", "create", "update", "delete")
            ),
            ("certificates.k8s.io", "signers", f"{CLUSTER_ISSUERS}.{GROUP}/*", "attest"),
        },
    ),
    "metrics-reader": (NOBODY, {("", "/metrics", "*", "get")}),
    "cert-manager-approver": (
        ("cert-manager", "cert-manager"),
        {
            ("cert-manager.io", "signers", f"{ISSUERS}.{GROUP}/*", "approve"),
            ("cert-manager.io", "signers", f"{CLUSTER_ISSUERS}.{GROUP}/*", "approve"),
        },
    ),
    **{
        f"{plural.removesuffix('s')}-{user}": (
            NOBODY,
            {*((GROUP, plural, "*", verb) for verb in verbs), (GROUP, f"{plural}/status", "*", "get")},
        )
        for plural in (ISSUERS, CLUSTER_ISSUERS)
        for user, verbs in USERS.items()
    },
}
ROLES: dict[str, tuple[tuple[str, str], set[Permission]]] = {
    "leader-election": (
        (SYSTEM, CONTROLLER),
        {
            ("coordination.k8s.io", "leases", "*", "create"),
            *(("coordination.k8s.io", "leases", NAMES.controller, verb) for verb in ("get", "update")),
        },
    ),
    "demo-ca": ((SYSTEM, CONTROLLER), {("", "secrets", "*", "create")}),
}


@pytest.mark.parametrize("base", BASES)
def test_a_base_lists_all_of_its_files(base: str) -> None:
    alone = ["pod-by-cluster-issuer.yaml"] if base == "samples" else []  # needs Kubernetes 1.37
    assert sorted([*kustomized(base), *alone]) == [path.name for path in files(base)]


def test_every_folder_is_a_base() -> None:
    assert {path.name for path in DEPLOY.iterdir() if path.is_dir()} == {
        *BASES,
        "names",
        "default",
        "local",
        "chart",
        "namespaced",
        "templates",
    }


def test_default_is_all_that_an_installation_needs() -> None:
    assert kustomized("default") == ["../crd", "../rbac", "../manager", "../metrics", "../network-policy"]


@pytest.mark.parametrize("base", BASES)
def test_each_file_says_what_it_is_for(base: str) -> None:
    assert [path.name for path in files(base) if not path.read_text().startswith("# ")] == []


def test_no_object_is_there_twice() -> None:
    names = Counter(full_name(manifest) for base in BASES for manifest in objects(base))
    assert [name for name, count in names.items() if count > 1] == []


def test_the_two_kinds_of_issuer_have_one_schema() -> None:
    crds = {crd["spec"]["names"]["kind"]: crd["spec"] for crd in of_kind("crd", "CustomResourceDefinition")}

    assert {kind: spec["scope"] for kind, spec in crds.items()} == {
        NAMES.issuer: "Namespaced",
        NAMES.cluster_issuer: "Cluster",
    }
    assert crds[NAMES.issuer]["versions"] == crds[NAMES.cluster_issuer]["versions"]


@pytest.mark.parametrize(
    ("kind", "expected"), [("ClusterRole", CLUSTER_ROLES), ("Role", ROLES)], ids=["cluster roles", "roles"]
)
def test_permissions_are_these_and_no_more(
    kind: str, expected: dict[str, tuple[tuple[str, str], set[Permission]]]
) -> None:
    roles = {role["metadata"]["name"]: permissions(role) for role in of_kind("rbac", kind)}
    holders = {binding["roleRef"]["name"]: _holder(binding) for binding in of_kind("rbac", f"{kind}Binding")}

    assert roles == {name: permitted for name, (_, permitted) in expected.items()}
    assert holders == {name: holder for name, (holder, _) in expected.items() if holder != NOBODY}


def test_roles_are_bound_in_the_namespace_of_the_controller_alone() -> None:
    namespaced = [*of_kind("rbac", "Role"), *of_kind("rbac", "RoleBinding")]
    assert {manifest["metadata"]["namespace"] for manifest in namespaced} == {SYSTEM}


def test_the_controller_and_its_namespace_exist() -> None:
    assert full_name(the_only("rbac", "Namespace")) == ("Namespace", None, SYSTEM)
    assert full_name(the_only("rbac", "ServiceAccount")) == ("ServiceAccount", SYSTEM, CONTROLLER)


def test_there_is_a_second_controller_and_they_elect_who_works() -> None:
    spec = the_only("manager", "Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (2, {"type": "RollingUpdate"})
    (container,) = spec["template"]["spec"]["containers"]
    assert "--leader-elect" in container["args"]


def test_the_controllers_spread_over_nodes() -> None:
    template = the_only("manager", "Deployment")["spec"]["template"]
    (constraint,) = template["spec"]["topologySpreadConstraints"]
    assert constraint["topologyKey"] == "kubernetes.io/hostname"
    assert constraint["labelSelector"]["matchLabels"].items() <= template["metadata"]["labels"].items()


def test_the_deployment_runs_the_controller_as_its_service_account() -> None:
    deployment = the_only("manager", "Deployment")
    spec = deployment["spec"]["template"]["spec"]
    (container,) = spec["containers"]

    assert deployment["metadata"]["namespace"] == SYSTEM
    assert spec["serviceAccountName"] == CONTROLLER
    assert container["command"] == ["issuer", "manager"]
    assert container["args"] == [
        "--cluster-resource-namespace=$(POD_NAMESPACE)",
        "--health-probe-bind-address=:8081",
        "--leader-elect",
        "--metrics-bind-address=:8443",
    ]
    assert {probe: container[probe]["httpGet"]["path"] for probe in ("livenessProbe", "readinessProbe")} == {
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }


def test_the_deployment_selects_its_own_pods() -> None:
    spec = the_only("manager", "Deployment")["spec"]
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_the_disruption_budget_lets_one_go_whatever_the_replicas() -> None:
    spec, template = (
        the_only("manager", "PodDisruptionBudget")["spec"],
        the_only("manager", "Deployment")["spec"]["template"],
    )
    assert spec["maxUnavailable"] == 1
    assert spec["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()


def test_the_service_leads_to_where_the_deployment_serves_the_metrics() -> None:
    spec, template = the_only("metrics", "Service")["spec"], the_only("manager", "Deployment")["spec"]["template"]
    (port,), (container,) = spec["ports"], template["spec"]["containers"]
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}

    assert spec["selector"].items() <= template["metadata"]["labels"].items()
    assert f"--metrics-bind-address=:{ports[port['targetPort']]}" in container["args"]


def test_the_service_monitor_asks_the_service() -> None:
    service, monitor = the_only("metrics", "Service"), the_only("prometheus", "ServiceMonitor")
    (endpoint,) = monitor["spec"]["endpoints"]

    assert monitor["metadata"]["namespace"] == service["metadata"]["namespace"]
    assert (endpoint["port"], endpoint["path"]) == (service["spec"]["ports"][0]["name"], METRICS_PATH)


def test_the_dashboard_becomes_a_config_map_that_grafana_finds() -> None:
    base = DEPLOY / "prometheus"
    [generator] = yaml.safe_load((base / KUSTOMIZATION).read_text())["configMapGenerator"]

    assert [name for name in generator["files"] if (base / name).is_file()] == ["dashboard.json"]
    assert generator["options"]["labels"]["grafana_dashboard"] == "1"


def test_the_deployment_has_no_privileges() -> None:
    spec = the_only("manager", "Deployment")["spec"]["template"]["spec"]
    (container,) = spec["containers"]

    assert spec["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def _holder(binding: Manifest) -> tuple[str, str]:
    """Namespace and name of the one ServiceAccount that a binding names."""
    (subject,) = binding["subjects"]
    assert subject["kind"] == "ServiceAccount"
    return subject["namespace"], subject["name"]


def test_the_crds_have_the_names_of_issuer_py() -> None:
    """If this fails, change deploy/ and entrypoints/issuer.py together."""
    specs = [found["spec"] for found in of_kind("crd", "CustomResourceDefinition")]
    found = {(each["group"], each["names"]["kind"], each["names"]["plural"], each["scope"]) for each in specs}
    assert found == {
        (NAMES.group, NAMES.issuer, NAMES.issuers, "Namespaced"),
        (NAMES.group, NAMES.cluster_issuer, NAMES.cluster_issuers, "Cluster"),
    }
    assert [[version["name"] for version in each["versions"]] for each in specs] == [[NAMES.version]] * 2
