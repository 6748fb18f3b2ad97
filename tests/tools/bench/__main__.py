"""The command line: python -m tests.tools.bench [--full] [--rounds N] [--only SCENARIO], or --tenants [--only ATTACK].

Subjects take turns, and who begins changes with each round, so that nobody always finds the machine warmer.
The table goes to stdout, progress to stderr; Ctrl-C ends all that was started, and tells what was measured by then.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.support.building import BuildFailed
from tests.support.cluster.process import ProcessDied
from tests.support.cluster.providers import Provider, choose
from tests.support.programs import BARE, PEER
from tests.tools.bench import report, tenants
from tests.tools.bench.client import connected
from tests.tools.bench.figures import Figures
from tests.tools.bench.runs import run
from tests.tools.bench.scenarios import FULL, QUICK, ROWS, Scenario
from tests.tools.bench.stage import Stage, prepare
from tests.tools.bench.subjects import Subjects

Results = dict[tuple[Scenario, str], list[Figures]]
_STARTED = time.monotonic()


def main() -> None:
    arguments = _arguments()
    chosen = [each for each in (FULL if arguments.full else QUICK) if arguments.only in each.title]
    choice = choose(os.environ)
    if not isinstance(choice, Provider):
        sys.exit(f"bench: no API server: {choice}")
    if arguments.tenants:
        _attack(choice, arguments.only)
        return
    results: Results = {}
    try:
        _bench(choice, chosen, arguments.rounds, results)
    except (BuildFailed, ProcessDied, TimeoutError) as failure:
        print(_told(results, choice))
        sys.exit(f"bench: {failure}")
    except KeyboardInterrupt:
        _say("interrupted")
    print(_told(results, choice))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="10,000 requests and 1,000 issuers too: half an hour")
    parser.add_argument("--tenants", action="store_true", help="what one tenant's attacks do to another, in its place")
    parser.add_argument("--rounds", type=int, default=3, help="how often each subject has its turn (%(default)s)")
    parser.add_argument("--only", default="", metavar="SCENARIO", help="those whose title has this in it")
    return parser.parse_args()


def _attack(choice: Provider, only: str) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as path:
        try:
            print(tenants.run(choice, Path(path), only, _say))
        except (BuildFailed, ProcessDied, TimeoutError) as failure:
            sys.exit(f"bench: {failure}")


def _bench(choice: Provider, scenarios: Sequence[Scenario], rounds: int, results: Results) -> None:
    peer, bare = PEER.ensure(os.environ), BARE.ensure(os.environ)
    with tempfile.TemporaryDirectory(prefix="bench-") as path:
        directory = Path(path)
        _say(f"starting {choice.description}")
        with choice.start(directory) as server:
            stage = prepare(server, connected(server.kubeconfig))
            subjects = Subjects(stage.manager, stage.peer, peer, bare, directory)
            subjects.compile()
            asyncio.run(_measure(stage, subjects, scenarios, rounds, results))


async def _measure(
    stage: Stage, subjects: Subjects, scenarios: Sequence[Scenario], rounds: int, results: Results
) -> None:
    for number in range(rounds):
        for scenario in scenarios:
            for name in scenario.subjects if number % 2 == 0 else reversed(scenario.subjects):
                what = f"round {number + 1} of {rounds}, {scenario.title}, {name}"
                _say("begins", what)
                figures = await run(stage, scenario, subjects.process(name), partial(_say, what=what))
                results.setdefault((scenario, name), []).append(figures)
                told = ", ".join(f"{value:,.1f} {measure.value}" for measure, value in figures.items())
                _say(told, what)


def _told(results: Results, choice: Provider) -> str:
    counted = " or ".join(map(str, sorted({len(each) for each in results.values()}))) or "no"
    return f"""
{choice.description}; {os.cpu_count()} CPUs; {counted} rounds, in turns.
The manager signs with signer CA, a P-256 key in each issuer's Secret, the peer with a P-256 key in memory.
Only ratios are claims: the machine may do other things too.

{report.table(results, ROWS)}"""


def _say(line: str, what: str = "bench") -> None:
    print(f"{time.monotonic() - _STARTED:5.0f} s  {what}: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
