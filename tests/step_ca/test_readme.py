"""The template that the README shows is the one that the contract was run with."""

from pathlib import Path

from tests.step_ca.server import HONOURING

README = Path(__file__).parent.parent.parent / "README.md"


def test_the_readme_shows_the_template_that_honours_the_request() -> None:
    assert f"```\n{HONOURING.strip()}\n```" in README.read_text()
