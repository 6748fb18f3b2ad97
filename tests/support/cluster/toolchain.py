"""The Go of this machine, as far as the control plane's module needs it: there or not, which, and what it is told.

The module is read-only and alone (no go.work), its programs need no C compiler.
"""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

MODULE = Path(__file__).parent / "controlplane"
VARIABLE = "KUBERNETES_FOR_TESTS"
MODULE_FILES = {"newest": "go.mod", "oldest": "oldest.mod"}
"""By value of the variable: which versions are built. `oldest` has the oldest Kubernetes that we support."""


def why_unusable(env: Mapping[str, str]) -> str | None:
    """Why this Go cannot build the module, or None when it can."""
    if shutil.which("go", path=env.get("PATH", "")) is None:
        return "no `go` on PATH"
    try:
        present = version(env)
    except subprocess.CalledProcessError as error:
        return f"`go version` failed: {error.stderr.strip()}"
    wanted = _numbers((MODULE / "go.mod").read_text())
    if _numbers(present) < wanted:
        return f"{present} is older than go.mod's go {'.'.join(map(str, wanted))}"
    return None


def version(env: Mapping[str, str]) -> str:
    """Such as go1.26.8-linux-amd64."""
    words = run(["version"], env).split()  # go version go1.26.8 linux/amd64
    return f"{words[2]}-{words[-1].replace('/', '-')}"


def module_file(env: Mapping[str, str]) -> Path:
    """Raises KeyError for a value that the variable does not have."""
    return MODULE / MODULE_FILES[env.get(VARIABLE, "newest")]


def sources_key(env: Mapping[str, str]) -> str:
    """Changes with every byte that is built; the file of sums fixes what is downloaded."""
    digest = hashlib.sha256()
    chosen = module_file(env)
    for path in sorted([chosen, chosen.with_suffix(".sum"), *MODULE.rglob("*.go")]):
        digest.update(f"{path.relative_to(MODULE)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def kubernetes_version(env: Mapping[str, str]) -> str:
    """Such as v1.37.2. Needs no Go."""
    versions: list[str] = re.findall(r"^\tk8s\.io/kubernetes (v\S+)", module_file(env).read_text(), re.MULTILINE)
    return versions[0]


def module(path: str, template: str, env: Mapping[str, str]) -> str:
    """A fact about a module of the build list; `{{.Dir}}` only once it has been downloaded."""
    return run(["list", f"-modfile={module_file(env)}", "-m", "-f", template, path], env).strip()


def run(arguments: list[str], env: Mapping[str, str]) -> str:
    """Raises CalledProcessError, which has Go's stderr."""
    done = subprocess.run(
        command(arguments, env), cwd=MODULE, env=go_env(env), capture_output=True, text=True, check=True
    )
    return done.stdout


def command(arguments: list[str], env: Mapping[str, str]) -> list[str]:
    return [shutil.which("go", path=env.get("PATH", "")) or "go", *arguments]


def go_env(env: Mapping[str, str]) -> dict[str, str]:
    return {**env, "CGO_ENABLED": "0", "GOWORK": "off"}


def _numbers(text: str) -> list[int]:
    """Major and minor of the first Go version in a `go version` or a go.mod."""
    found = re.search(r"\bgo ?(\d+)\.(\d+)", text)
    return [int(number) for number in found.groups()] if found else []
