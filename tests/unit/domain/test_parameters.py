"""spec.parameters: what nobody reads, or nobody can read, fails the issuer and says which it is."""

from __future__ import annotations

import pytest

from domain.errors import IssuerFailed
from domain.model import IssuerSpec
from domain.parameters import ALLOW_ANNOTATIONS, CA_ADDS_COMMON_NAME, CA_DECIDES, flag, require_known
from tests.support.factories import a_spec, issuer_key
from tests.support.harness import Harness
from tests.support.scenes import CA, message, reason, with_issuer, with_secret


def spec(**parameters: str) -> IssuerSpec:
    return a_spec(issuer_key(), parameters=parameters)


@pytest.mark.parametrize("text", ["true", "false"])
@pytest.mark.parametrize("default", [True, False])
def test_a_flag_is_what_it_says_and_else_its_default(text: str, default: bool) -> None:
    assert flag(spec(wanted=text), "wanted", default=default) is (text == "true")
    assert flag(spec(), "wanted", default=default) is default


@pytest.mark.parametrize("text", ["", "True", "yes", "1"])
def test_a_flag_that_is_neither_names_field_and_remedy(text: str) -> None:
    with pytest.raises(IssuerFailed, match=f'spec.parameters.wanted: \'{text}\' is none of "true" and "false"'):
        flag(spec(wanted=text), "wanted", default=False)


def test_the_signers_own_and_the_shared_ones_are_known() -> None:
    require_known(spec(), ())
    require_known(spec(label="x", **{ALLOW_ANNOTATIONS: "true", CA_DECIDES: "false"}), ("label",))


@pytest.mark.parametrize("name", [ALLOW_ANNOTATIONS, CA_DECIDES, CA_ADDS_COMMON_NAME])
def test_a_shared_one_is_read_even_where_it_is_not_needed(name: str) -> None:
    with pytest.raises(IssuerFailed, match=name):
        require_known(spec(**{name: "maybe"}), ())


async def test_a_misspelt_parameter_fails_the_issuer_and_names_those_there_are() -> None:
    harness = Harness()
    harness.signer.parameters = ("maxDuration", "provisioner")
    with_secret(harness)
    with_issuer(harness, spec=a_spec(CA, parameters={"maxduration": "24h"}))
    await harness.run()
    assert reason(harness, CA) == "Failed"
    assert message(harness, CA).endswith(
        "spec.parameters.maxduration: unknown parameter; valid for Scripted: "
        "allowAnnotations, caAddsCommonNameAsDNSName, caDecidesSubjectAndUsages, maxDuration, provisioner"
    )
