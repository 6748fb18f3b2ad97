"""One node by testcontainers' K3SContainer, and the image in it.

Whatever image speaks k3s' protocol will do: a real rancher/k3s, or the stand-in of this folder.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testcontainers.community.k3s import K3SContainer

from tests.support.cluster import build
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.pki import write_private
from tests.support.commands import run


@contextmanager
def running(image: str) -> Iterator[K3SContainer]:
    node = K3SContainer(image=image)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # K3SContainer waits by what testcontainers deprecated
            node.start()
        yield node
    finally:
        node.stop()


def load(node: K3SContainer, image: str) -> None:
    """Puts an image of this machine's engine where the kubelet finds it; /run is a tmpfs, which docker cp misses."""
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "image.tar"
        run("docker", "save", f"--output={saved}", image)
        run("docker", "cp", saved, f"{node.get_wrapped_container().id}:/image.tar")
    ctr(node, "images", "import", "/image.tar")


def kill(node: K3SContainer, container: str) -> None:
    """SIGKILL for a pod's container, by its ID in the pod's status: no time to release a Lease."""
    ctr(node, "tasks", "kill", "--signal=SIGKILL", container.removeprefix("containerd://"))


def ctr(node: K3SContainer, *arguments: str) -> None:
    code, output = node.exec(["k3s", "ctr", *arguments])
    assert code == 0, f"k3s ctr {' '.join(arguments)}: {output.decode()}"


def api_server(node: K3SContainer, directory: Path) -> ApiServer:
    """As administrator, by the kubectl that the other cluster tests use. Raises BuildFailed where there is none."""
    kubeconfig = directory / "admin.kubeconfig"
    write_private(kubeconfig, node.config_yaml())
    container = node.get_wrapped_container()
    container.reload()
    host = container.attrs["NetworkSettings"]["Networks"]["bridge"]["Gateway"]
    kubectl = build.ensure(os.environ).programs / "kubectl"
    return ApiServer(kubeconfig, f"k3s ({node.image})", kubectl, directory, host=host)
