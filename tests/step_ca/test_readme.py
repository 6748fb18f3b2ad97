"""The template that the README shows is the one that the contract was run with."""

from tests import readme
from tests.step_ca.server import HONOURING


def test_the_readme_shows_the_template_that_honours_the_request() -> None:
    assert f"```\n{HONOURING.strip()}\n```" in readme.TEXT
