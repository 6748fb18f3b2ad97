"""Fuzzes all targets, or one, for a bounded time, and keeps what it finds: `make fuzz`.

The exit status is 0 where no law was broken. Inputs that reach new places in the code go into the corpus, few and
small; an input that breaks a law is kept in .fuzz, and it is said how to try it again. With CI set nothing is kept, and
every run tries the same inputs.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.tools.fuzz.seeds import CORPUS
from tests.tools.fuzz.targets import TARGETS

FINDINGS = Path(".fuzz")
_SLOW = 10  # seconds for one input, where a machine is busy and every line is counted; it should take milliseconds
_RUNS_IN_CI = 1_000  # of each target


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one target. `finding` broke a law; it ends the target's run."""

    executions: int
    edges: int
    new: int
    finding: Path | None

    def __str__(self) -> str:
        ended = f"CRASH, see {self.finding}" if self.finding else "no crash"
        return f"{self.executions:>9,} executions {self.edges:>5,} edges {self.new:>4} new inputs, {ended}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together")
    parser.add_argument("--target", choices=TARGETS, help="this one alone")
    parser.add_argument("--input", type=Path, help="try this file once, without a fuzzer")
    asked = parser.parse_args()
    if asked.input:
        return _replay(asked.target or parser.error("--input needs --target"), asked.input)
    if not find_spec("atheris"):
        sys.exit(
            "No fuzzer for this machine: atheris has wheels for Linux on x86-64 alone. `make test` tries the corpus."
        )
    chosen = [asked.target] if asked.target else list(TARGETS)
    results = {target: _show(target, fuzz(target, max(1, asked.seconds // len(chosen)))) for target in chosen}
    findings = {target: result.finding for target, result in results.items() if result.finding}
    for target, finding in findings.items():
        print(f"{target}: try it again with: make fuzz TARGET={target} INPUT={finding}")
    sys.exit(1 if findings else 0)


def fuzz(target: str, seconds: int) -> Result:
    """Looks for new inputs for so long, then takes the best of them into the corpus."""
    with tempfile.TemporaryDirectory() as found:
        log = _run(target, *_limits(target, seconds), found, str(CORPUS / target))
        new = 0 if _is_ci() else _keep(target, found)
    executions = re.findall(r"^stat::number_of_executed_units:\s+(\d+)", log, re.MULTILINE)
    if not executions:
        sys.exit(f"{target}: the fuzzer did not come to its end:\n{log[-3000:]}")
    edges = re.findall(r"\bcov: (\d+)", log)
    written = re.findall(r"Test unit written to (\S+)", log)
    if written:
        print(log[-3000:], file=sys.stderr)
    return Result(int(executions[-1]), int(edges[-1]) if edges else 0, new, Path(written[-1]) if written else None)


def _limits(target: str, seconds: int) -> Sequence[str]:
    FINDINGS.mkdir(exist_ok=True)
    bounded = ["-seed=1", f"-runs={_RUNS_IN_CI}"] if _is_ci() else [f"-max_total_time={seconds}"]
    return [
        *bounded,
        f"-max_len={TARGETS[target].longest}",
        f"-timeout={_SLOW}",
        "-report_slow_units=100000",  # slower than that is a finding by the line above
        "-print_final_stats=1",
        f"-artifact_prefix={FINDINGS}/{target}-",
    ]


def _keep(target: str, found: str) -> int:
    """Merges into the corpus what reaches code that nothing there does; the number of files that came."""
    folder = CORPUS / target
    before = len(list(folder.iterdir()))
    _run(target, "-set_cover_merge=1", "-use_counters=0", f"-artifact_prefix={FINDINGS}/{target}-", str(folder), found)
    return len(list(folder.iterdir())) - before


def _run(target: str, *flags: str) -> str:
    """libFuzzer's log."""
    command = [sys.executable, "-m", "tests.tools.fuzz.engine", target, *flags]
    told = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", check=False)
    return told.stdout


def _show(target: str, result: Result) -> Result:
    print(f"{target:<12}{result}", flush=True)
    return result


def _replay(target: str, path: Path) -> None:
    """Raises what the target raises."""
    is_good = TARGETS[target].run(path.read_bytes())
    print(f"{path}: {'taken' if is_good else 'refused'}, as it should be")


def _is_ci() -> bool:
    return "CI" in os.environ


if __name__ == "__main__":
    main()
