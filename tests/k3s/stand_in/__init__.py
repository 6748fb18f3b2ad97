"""A one-node Kubernetes in a container for K3SContainer, on machines that cannot pull rancher/k3s. It runs pods.

`node/` is one program (etcd, API server, controllers, scheduler, kubelet, kube-proxy, kubectl) on Debian's containerd
and runc. What differs from k3s: names of Services do not resolve, NetworkPolicies are accepted but not enforced, there
is no API aggregation, no Traefik, no storage; of the server's options only --tls-san is used. Written for cgroup v1; on
a cgroup v2 host the pods' cgroups are not below the container's. trixie's containerd 1.7 lacks CRI's RuntimeConfig,
which Kubernetes 1.38 demands: with it comes containerd 2, so a newer Debian.
"""
