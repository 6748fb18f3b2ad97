"""Least privilege as a suite: what is granted is what is used, right for right, for any way to install.

Both sides are the API server's: what is bound to the ServiceAccount, and the audit log of what it asked for.
"""

from __future__ import annotations

from importlib.metadata import version

from entrypoints.issuer import NAMES
from tests.e2e.privilege.grants import ANY, Grant
from tests.e2e.privilege.scene import Played

NEVER_CALLED = {
    # The API server asks its authorizer for this within each status write of a CertificateSigningRequest or a
    # PodCertificateRequest; no call has this verb. That a write without it is refused: tests/e2e/test_rbac.py and
    # test_pods_rights.py.
    ("sign", "certificates.k8s.io", "signers"),
    # So it does on every creation and change of a ClusterTrustBundle: tests/e2e/test_trust_bundles.py.
    ("attest", "certificates.k8s.io", "signers"),
}
EVERYBODYS = "/apis/"
"""Discovery has no resource but a path. Kubernetes lets every account read it (ClusterRole system:discovery)."""


class LeastPrivilege:
    """Give it a fixture `played`."""

    def test_nothing_was_refused(self, played: Played) -> None:
        assert sorted(call for call in played.calls if not call.allowed) == []

    def test_every_call_says_which_program_asks(self, played: Played) -> None:
        assert played.user_agents == {f"{NAMES.controller}/{version(NAMES.controller)}"}

    def test_nothing_is_missing(self, played: Played) -> None:
        """Besides discovery, not even what every ServiceAccount may do by its groups is relied on."""
        missing = [call for call in played.calls if not any(each.covers(call) for each in played.grants)]
        assert sorted(call for call in missing if not call.resource.startswith(EVERYBODYS)) == []

    def test_nothing_is_unused(self, played: Played) -> None:
        used = {grant for grant in played.grants if any(grant.covers(call) for call in played.calls)}
        unused = played.grants - used
        assert sorted(each for each in unused if (each.verb, each.group, each.resource) not in NEVER_CALLED) == []

    def test_nothing_is_granted_twice(self, played: Played) -> None:
        wide = {grant for grant in played.grants if grant.namespace == ANY}
        narrow = played.grants - wide
        assert sorted(each for each in narrow if Grant(each.verb, each.group, each.resource) in wide) == []
