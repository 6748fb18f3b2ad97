"""Programs that tests run beside ours. A `program/` holds no code, only which module in which version and content.

By hand, to build one ahead or to learn where it is: python -m tests.support.programs step-ca
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.support.building import BuildFailed
from tests.support.cluster.go_program import GoProgram

TESTS = Path(__file__).parents[1]

STEP_CA = GoProgram(
    "step-ca",
    module=TESTS / "integration" / "step_ca" / "program",
    package="github.com/smallstep/certificates/cmd/step-ca",
    takes="about three minutes",
)
CFSSL = GoProgram(
    "cfssl",
    module=TESTS / "integration" / "tutorial" / "program",
    package="github.com/cloudflare/cfssl/cmd/cfssl",
    takes="about three minutes",
)
HELM = GoProgram(
    "helm",
    module=TESTS / "integration" / "deploy" / "program",
    package="helm.sh/helm/v3/cmd/helm",
    takes="about two minutes",
)
REGISTRY = GoProgram(  # an OCI registry, for charts
    "registry",
    module=TESTS / "integration" / "deploy" / "registry",
    package=".",
    takes="about ten seconds",
    sources=("go.mod", "go.sum", "main.go"),
)
ACTIONLINT = GoProgram(
    "actionlint",
    module=TESTS / "integration" / "workflows" / "program",
    package="github.com/rhysd/actionlint/cmd/actionlint",
    takes="about twenty seconds",
)
PEER = GoProgram(  # an issuer for the same resources on issuer-lib
    "peer",
    module=TESTS / "tools" / "bench" / "peer",
    package=".",
    takes="two to four minutes",
    sources=("go.mod", "go.sum", "main.go"),
)
BARE = GoProgram(  # client-go's transport and nothing else
    "bare",
    module=TESTS / "tools" / "bench" / "peer",
    package="./bare",
    takes="two to four minutes",
    sources=("go.mod", "go.sum", "bare/main.go"),
)
X509_READER = GoProgram(  # what Go and cert-manager read in certificate signing requests and certificates
    "x509-reader",
    module=TESTS / "integration" / "x509_reader" / "program",
    package=".",
    takes="about a minute",
    sources=("go.mod", "go.sum", "main.go"),
)
SVID_VERIFIER = GoProgram(  # what SPIFFE's reference implementation makes of certificates
    "svid-verifier",
    module=TESTS / "integration" / "spiffe" / "program",
    package=".",
    takes="about ten seconds",
    sources=("go.mod", "go.sum", "main.go"),
)
HEALTH = GoProgram(  # what kstatus and a health script of Argo CD make of an object
    "health",
    module=TESTS / "e2e" / "health" / "program",
    package=".",
    takes="about a minute",
    sources=("go.mod", "go.sum", "main.go"),
)
PROMETHEUS_OPERATOR = GoProgram(
    "prometheus-operator",
    module=TESTS / "integration" / "prometheus" / "program",
    package="github.com/prometheus-operator/prometheus-operator/cmd/operator",
    takes="about five minutes",
)
DASHBOARD_READER = GoProgram(  # what Grafana's own types read in a dashboard
    "dashboard-reader",
    module=TESTS / "integration" / "prometheus" / "program",
    package=".",
    takes="about a minute",
    sources=("go.mod", "go.sum", "main.go"),
)
_ALL = (
    STEP_CA,
    CFSSL,
    HELM,
    REGISTRY,
    ACTIONLINT,
    PEER,
    BARE,
    X509_READER,
    SVID_VERIFIER,
    HEALTH,
    PROMETHEUS_OPERATOR,
    DASHBOARD_READER,
)
PROGRAMS = {program.name: program for program in _ALL}


def main(names: list[str]) -> None:
    if not names or set(names) - PROGRAMS.keys():
        sys.exit(f"tests.support.programs: name some of {', '.join(PROGRAMS)}")
    for name in names:
        try:
            print(PROGRAMS[name].ensure(os.environ))
        except BuildFailed as failure:
            sys.exit(f"{name}: build failed\n{failure}")


if __name__ == "__main__":
    main(sys.argv[1:])
