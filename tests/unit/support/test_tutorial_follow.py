"""A tutorial is followed step by step; a step that fails is told with file, line, command and output."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.cluster.waiting import wait_until
from tests.support.tutorial.follow import Reader, StepFailed
from tests.support.tutorial.steps import NotATutorial


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    (tmp_path / "logs").mkdir()
    (tmp_path / "copy").mkdir()
    return Reader("TUTORIAL.md", tmp_path / "copy", os.environ, tmp_path / "logs")


def console(*lines: str) -> str:
    return "\n".join(["```console", *lines, "```", ""])


def failure(reader: Reader, markdown: str) -> str:
    with pytest.raises(StepFailed) as failed:
        reader.follow(markdown)
    return str(failed.value)


def test_commands_are_run_in_the_directory(reader: Reader) -> None:
    reader.follow(console("$ echo one > file", "$ cat file", "one", "$ printf 'a\\nb \\n'", "...", "b"))

    assert (reader.directory / "file").read_text() == "one\n"


def test_a_file_is_written_and_changed(reader: Reader) -> None:
    reader.follow(
        "`a/b.txt`:\n```text\none\ntwo\n```\n`a/b.txt`:\n```diff\n-two\n+three\n```\n" + console("$ cat a/b.txt")
    )

    assert (reader.directory / "a" / "b.txt").read_text() == "one\nthree\n"


def test_a_block_that_is_no_step_stops_it_before_the_first_one(reader: Reader) -> None:
    with pytest.raises(NotATutorial, match=r"^TUTORIAL\.md: line 4: this block has no end"):
        reader.follow(console("$ touch done") + "```console\n$ ls\n")

    assert not (reader.directory / "done").exists()


def test_a_command_that_fails(reader: Reader) -> None:
    said = failure(reader, "\n\n" + console("$ echo why; exit 3"))

    assert said.splitlines() == ["TUTORIAL.md:4: $ echo why; exit 3", "exit code 3", "why"]


def test_a_command_that_fails_within_a_pipe(reader: Reader) -> None:
    assert "exit code 1" in failure(reader, console("$ false | cat"))


def test_a_command_that_prints_something_else(reader: Reader) -> None:
    said = failure(reader, console("$ echo two", "one"))

    assert said.startswith("TUTORIAL.md:2: $ echo two\nprints something else\n")
    assert said.endswith("--- the tutorial shows\none\n--- it printed\ntwo")


def test_what_a_command_writes_to_stderr_is_shown_too(reader: Reader) -> None:
    reader.follow(console("$ echo oops >&2", "oops"))


def test_a_change_of_what_is_not_there(reader: Reader) -> None:
    said = failure(reader, "`a.txt`:\n```text\none\none\n```\n`a.txt`:\n```diff\n-one\n+two\n```\n")

    assert said == "TUTORIAL.md:8: a.txt\nis 2 times in a.txt, and must be there once:\none"


def test_a_command_in_the_background_runs_while_others_do_and_is_ended(reader: Reader) -> None:
    serving = "$ echo up; echo $$ > pid; exec sleep 600 &"

    reader.follow(console(serving, "up", "$ kill -0 $(cat pid)"))

    with pytest.raises(ProcessLookupError):
        os.kill(int((reader.directory / "pid").read_text()), 0)


def test_what_it_started_is_ended_too(reader: Reader) -> None:
    """It holds the other end of a pipe as long as it lives."""
    os.mkfifo(reader.directory / "pipe")
    end = os.open(reader.directory / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        reader.follow(console("$ sleep 600 > pipe & echo up; wait &", "up"))

        wait_until(lambda: _is_closed(end), 10, "the other end is closed")
    finally:
        os.close(end)


def _is_closed(pipe: int) -> bool:
    try:
        return os.read(pipe, 1) == b""
    except BlockingIOError:
        return False


def test_a_command_in_the_background_that_ends(reader: Reader) -> None:
    said = failure(reader, console("$ echo no; exit 4 &", "up"))

    assert said.splitlines() == ["TUTORIAL.md:2: $ echo no; exit 4 &", "ended with 4", "no"]


def test_a_failure_shows_what_runs_in_the_background(reader: Reader) -> None:
    said = failure(reader, console("$ echo up; exec sleep 600 &", "up", "$ exit 5"))

    assert said.splitlines() == [
        "TUTORIAL.md:4: $ exit 5",
        "exit code 5",
        "--- line 2: $ echo up; exec sleep 600 &",
        "up",
    ]
