"""The template that adapters/signers/README.md shows is the one that the contract was run with."""

from tests.integration.step_ca.server import HONOURING
from tests.support import readme


def test_the_readme_shows_the_template_that_honours_the_request() -> None:
    assert f"```\n{HONOURING.strip()}\n```" in readme.text("adapters/signers/README.md")
