"""What spec.pods of an issuer may not say: the manager, the demo and the API server refuse the same."""

from __future__ import annotations

from typing import Any

PODS: dict[str, Any] = {"trustDomain": "example.org", "serviceAccounts": ["team-a/*"]}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"trustDomain": ""}, "spec.pods.trustDomain"),
    ({"trustDomain": "Example.org"}, "spec.pods.trustDomain"),
    ({"trustDomain": "example.org/x"}, "spec.pods.trustDomain"),
    ({"trustDomain": "example.org\n"}, "spec.pods"),
    ({"trustDomain": "a" * 256}, "spec.pods.trustDomain"),
    ({"serviceAccounts": []}, "spec.pods.serviceAccounts"),
    ({"serviceAccounts": ["team-a"]}, "spec.pods.serviceAccounts"),
    ({"serviceAccounts": ["team-*/web"]}, "spec.pods.serviceAccounts"),
    ({"serviceAccounts": ["/web"]}, "spec.pods.serviceAccounts"),
    ({"dnsNames": ["{pod}.pods.example.com"]}, "spec.pods.dnsNames"),
    ({"dnsNames": ["{namespace}"]}, "spec.pods.dnsNames"),
    ({"dnsNames": ["{pod}-{namespace}.example.com"]}, "spec.pods.dnsNames"),
    ({"dnsNames": ["*.{namespace}.example.com"]}, "spec.pods.dnsNames"),
    ({"dnsNames": ["{namespace}.example.com."]}, "spec.pods.dnsNames"),
    ({"dnsNames": [".{namespace}.example.com"]}, "spec.pods.dnsNames"),
    ({"dnsNames": ["{node}.{namespace}.example.com"]}, "spec.pods.dnsNames"),
    ({"dnsNames": ["{namespace}.{pod}"]}, "spec.pods.dnsNames"),
    ({"dnsNames": ["{namespace}.a.x"]}, "spec.pods.dnsNames"),
    ({"dnsNames": ["{pod}.{serviceAccount}.{namespace}.x"]}, "spec.pods.dnsNames"),
    ({"dnsNames": ["{pod}.{namespace}.{serviceAccount}.x"]}, "spec.pods.dnsNames"),
    ({"maxDuration": "59m"}, "spec.pods.maxDuration"),
    ({"refreshAfter": "9m"}, "spec.pods.refreshAfter"),
    ({"usages": []}, "spec.pods.usages"),
    ({"usages": ["client auth", "server auth"]}, "spec.pods.usages"),
    ({"usages": ["digital signature", "client auth"]}, "spec.pods.usages"),
    ({"usages": ["digital signature", "cert sign"]}, "spec.pods.usages"),
    ({"namespaces": ["x"]}, "spec.pods.namespaces"),
]
"""Changes to PODS, and how what is said of them begins."""
