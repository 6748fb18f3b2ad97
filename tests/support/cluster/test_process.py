"""Processes start, stop and start again, and none outlives the test run that started it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster.process import Process, ProcessDied
from tests.support.cluster.waiting import wait_until

STARTS_A_CHILD_AND_SAYS_ITS_PID = """
import signal, sys
from pathlib import Path
from tests.support.cluster.process import Process
child = Process("child", ["/bin/sleep", "60"], Path(sys.argv[1]))
child.start()
print(child.pid, flush=True)
signal.pause()
"""


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Process]:
    process = Process("sleeper", ["/bin/sleep", "60"], tmp_path / "log")
    yield process
    process.stop()


def test_it_tells_what_its_flags_say(tmp_path: Path) -> None:
    process = Process("etcd", ["/bin/etcd", "--data-dir=/data", "--listen=http://127.0.0.1:1?a=b"], tmp_path / "log")
    assert (process.flag("data-dir"), process.flag("listen")) == ("/data", "http://127.0.0.1:1?a=b")


def test_it_can_be_started_with_more_flags_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = Process("echo", ["/bin/echo", "first"], log)
    for flags, said in ((["second"], "first second\n"), ([], "first second\nfirst\n")):
        process.start(*flags)
        wait_until(lambda said=said: log.read_text() == said, 10, f"the log says {said!r}")  # type: ignore[misc]
        process.stop()


def test_it_can_be_started_again(sleeper: Process) -> None:
    sleeper.start()
    first = sleeper.pid
    sleeper.stop()
    sleeper.start()

    assert sleeper.pid != first
    assert not _is_alive(first)


def test_a_paused_process_is_stopped_at_once(sleeper: Process) -> None:
    sleeper.start()
    pid = sleeper.pid
    os.kill(pid, signal.SIGSTOP)
    sleeper.stop(seconds=5)

    assert not _is_alive(pid)


def test_a_death_is_told_with_the_end_of_the_log(tmp_path: Path) -> None:
    process = Process("mayfly", ["/bin/sh", "-c", "echo that is all; exit 3"], tmp_path / "log")
    process.start()

    with pytest.raises(ProcessDied, match=r"(?s)mayfly ended with 3.*that is all"):
        wait_until(process.check, 5, "its end")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_a_run_that_is_killed(end: signal.Signals, tmp_path: Path) -> None:
    run = [sys.executable, "-c", STARTS_A_CHILD_AND_SAYS_ITS_PID, str(tmp_path / "log")]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert _is_alive(child)
        parent.send_signal(end)

    wait_until(lambda: not _is_alive(child), 5, "the end of the child")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # no /proc on this system, or it ended just now
        return sys.platform != "linux"
    return state != "Z"  # dead, and not yet collected by its new parent
