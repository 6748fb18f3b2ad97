"""k3s-stand-in:VERSION, a node for K3SContainer, and python-stand-in:3.13, a base for deploy/Dockerfile.

Both are made of Debian's packages and Go modules, for machines that can pull no image; what was made from
the same inputs is kept. The base image carries this machine's CA bundle and pip's settings, so it is for tests alone.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tests.k3s.stand_in import engine
from tests.support import building
from tests.support.cluster import toolchain
from tests.support.cluster.go_program import GoProgram
from tests.support.commands import CommandFailed, run

NAME = "k3s stand-in"
NODE = Path(__file__).parent / "node"
VERSION = re.findall(r"\bk8s\.io/kubernetes v(\S+)", (NODE / "go.mod").read_text())[0]
NODE_IMAGE = f"k3s-stand-in:{VERSION}"
PYTHON_IMAGE = "python-stand-in:3.13"

RELEASE = "trixie"  # of Debian; its Python is that of the image that ships
NODE_PACKAGES = "mount,containerd,runc,containernetworking-plugins,iptables,tini"
PYTHON_PACKAGES = "binutils,ca-certificates,python3,python3-venv,python3-pip"
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_SETTINGS = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT")
UNWANTED = ("doc", "man", "locale")

K3S = GoProgram(
    "k3s-stand-in",
    module=NODE,
    sources=("go.mod", "go.sum", *sorted(file.name for file in NODE.glob("*.go"))),
    package=".",
    takes="seven minutes, two where the control plane has been built",
    variables=[
        f"{package}.{name}={value}"  # what the programs report
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        for name, value in (
            ("gitVersion", f"v{VERSION}+standin"),
            ("gitMajor", VERSION.split(".")[0]),
            ("gitMinor", VERSION.split(".")[1]),
        )
    ],
)
PAUSE = GoProgram("pause", module=NODE, sources=("pause/main.go",), package="./pause", takes="seconds")


def ensure(env: Mapping[str, str]) -> dict[str, str]:
    """Makes what is missing. Returns what deploy/Dockerfile, make and the tests must be told.

    Raises Impossible where it cannot be made here, BuildFailed where it should have been.
    """
    engine.require_privileges(env)
    if reason := toolchain.why_unusable(env):
        raise engine.Impossible(f"the node must be built: {reason}")
    if shutil.which("mmdebstrap") is None:
        engine.installed(("mmdebstrap",), env)
    try:
        _ensure_node(env)
        _ensure_python(env)
        engine.require_started_with_privileges(PYTHON_IMAGE, env)
    except CommandFailed as error:
        raise building.BuildFailed(str(error)) from None
    return {
        "K3S_IMAGE": NODE_IMAGE,
        "BUILD_IMAGE": PYTHON_IMAGE,
        "BASE_IMAGE": PYTHON_IMAGE,
        "DOCKER_BUILD_FLAGS": "--network=host",  # this machine's package index may be on it
        "TESTCONTAINERS_RYUK_DISABLED": "true",  # its image cannot be pulled either
        "TESTCONTAINERS_CONNECTION_MODE": "docker_host",  # a /.dockerenv misleads testcontainers
    }


def _ensure_node(env: Mapping[str, str]) -> None:
    k3s, pause = K3S.ensure(env), PAUSE.ensure(env)
    files = [file for file in sorted([NODE / "Dockerfile", *NODE.glob("rootfs/**/*")]) if file.is_file()]
    inputs = _key(k3s.name, pause.name, RELEASE, NODE_PACKAGES, *(file.read_text() for file in files))
    if _is_made_of(NODE_IMAGE, inputs, env):
        return
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        base = _tree(context / "base.tar", "essential", NODE_PACKAGES, (), env)
        run("docker", "import", base, f"k3s-stand-in-base:{RELEASE}", env=env)
        base.unlink()
        shutil.copyfile(NODE / "Dockerfile", context / "Dockerfile")
        shutil.copytree(NODE / "rootfs", context / "rootfs")
        (context / "images").mkdir()
        _save_pause(pause, context / "images" / "pause.tar", env)
        shutil.copy(k3s, context / "k3s")
        run("docker", "build", f"--label=inputs={inputs}", f"--tag={NODE_IMAGE}", context, env=env)
    building.say(NAME, f"{NODE_IMAGE} made in {time.monotonic() - started:.0f} s")


def _save_pause(program: Path, to: Path, env: Mapping[str, str]) -> None:
    """The image that holds a pod's namespaces, which the node loads at its start."""
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        shutil.copy(program, context / "pause")
        (context / "Dockerfile").write_text('FROM scratch\nCOPY pause /\nUSER 65535:65535\nENTRYPOINT ["/pause"]\n')
        run("docker", "build", "--tag=k3s-stand-in/pause:1", context, env=env)
    run("docker", "save", f"--output={to}", "k3s-stand-in/pause:1", env=env)


def _ensure_python(env: Mapping[str, str]) -> None:
    """How this machine reaches its package index goes along."""
    own = [Path.home() / ".config" / "pip" / "pip.conf", Path("/etc/pip.conf")]
    config = next((file for file in own if file.exists()), None)
    settings = {name: env[name] for name in PIP_SETTINGS if env.get(name)} | {"PIP_CERT": str(CA_BUNDLE)}
    content = [CA_BUNDLE.read_text(), config.read_text() if config else "", str(sorted(settings.items()))]
    inputs = _key(RELEASE, PYTHON_PACKAGES, *content)
    if _is_made_of(PYTHON_IMAGE, inputs, env):
        return
    started = time.monotonic()
    uploads = [f"--customize-hook=upload {CA_BUNDLE} {CA_BUNDLE}"]
    if config:
        uploads.append(f"--customize-hook=upload {config} /etc/pip.conf")
    changes = [f"ENV {name}={value}" for name, value in settings.items()]
    with tempfile.TemporaryDirectory() as folder:
        tree = _tree(Path(folder) / "python.tar", "minbase", PYTHON_PACKAGES, uploads, env)
        labelled = [f"LABEL inputs={inputs}", 'CMD ["python3"]', *changes]
        options = [f"--change={each}" for each in labelled]
        run("docker", "import", *options, tree, PYTHON_IMAGE, env=env)
    building.say(NAME, f"{PYTHON_IMAGE} made in {time.monotonic() - started:.0f} s")


def _tree(file: Path, variant: str, packages: str, options: list[str] | tuple[()], env: Mapping[str, str]) -> Path:
    """The release with these packages as a tar, from the mirrors that this machine is set up with."""
    run("apt-get", "update", env=env)
    form = "deb $(REPO_URI) $(CODENAME) $(COMPONENT)"
    known = run("apt-get", "indextargets", f"--format={form}", "Created-By: Packages", "Origin: Debian", env=env)
    own = re.findall(r"^deb (\S+) [a-z]+(|-security|-updates) (\S+)$", known, re.MULTILINE)
    mirrors = sorted({f"deb {uri} {RELEASE}{suite} {component}" for uri, suite, component in own})
    excluded = [f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in UNWANTED]
    run(
        "mmdebstrap",
        f"--variant={variant}",
        f"--include={packages}",
        "--dpkgopt=force-unsafe-io",
        *excluded,
        *options,
        RELEASE,
        file,
        *mirrors,
        env=env,
    )
    return file


def _is_made_of(image: str, inputs: str, env: Mapping[str, str]) -> bool:
    """An image's label says what it was made from."""
    try:
        label = run("docker", "image", "inspect", '--format={{index .Config.Labels "inputs"}}', image, env=env)
    except CommandFailed:
        return False
    return label.strip() == inputs


def _key(*inputs: str) -> str:
    return hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:16]
