"""The spec of an issuer: which signer it chooses, its typed options, and words for what cannot be read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from adapters.kubernetes.issuer_spec import SpecReader
from adapters.signers.ca.signer import CASpec
from adapters.signers.demo.signer import DemoSpec
from adapters.spec_fields import Duration
from domain.model import IssuerSpec
from entrypoints.issuer import NAMES
from tests.support.specs import SIGNERS

READER = SpecReader(SIGNERS, NAMES.default_signer)


def read(**spec: Any) -> IssuerSpec:
    return READER.read({"authSecretName": "credentials"} | spec, "team-a", of_cluster=False)


def test_the_field_that_is_there_chooses_the_signer() -> None:
    assert (read(ca={}).signer, read(ca={}).options) == ("ca", CASpec())
    assert read(ca={}).problem == ""


def test_without_one_the_default_signer_signs() -> None:
    assert (read().signer, read().options) == ("demo", DemoSpec())


def test_what_every_signer_shares_is_left_to_it_unless_the_issuer_says_so() -> None:
    silent = read()
    assert (silent.allow_annotations, silent.ca_decides_subject_and_usages) == (None, None)
    assert silent.ca_adds_common_name_as_dns_name is False
    loud = read(allowAnnotations=True, caDecidesSubjectAndUsages=False, caAddsCommonNameAsDNSName=True)
    assert (loud.allow_annotations, loud.ca_decides_subject_and_usages) == (True, False)
    assert loud.ca_adds_common_name_as_dns_name is True


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"authSecretName": 7}, "spec.authSecretName: Expected `str`, got `int`"),
        ({"ca": {}, "demo": {}}, "spec: has demo and ca, and one of them chooses the signer; remove the others"),
        ({"ca": {"profile": "web"}}, "spec.ca.profile: no such field is known here"),
        ({"ca": "yes"}, "spec.ca: Expected `object | null`, got `str`"),
        ({"stepCA": {"provisioner": "us"}}, "spec.url: required by stepCA, but missing"),
        ({"signer": "CA"}, "spec.signer: no such field is known here"),
        ({"allowAnnotations": "true"}, "spec.allowAnnotations: Expected `bool | null`, got `str`"),
        ({"url": "https://ca.example.com/" + "v" * 2048}, "spec.url: Expected `str` of length <= 2048"),
    ],
)
def test_what_cannot_be_read_names_the_field_and_why(spec: dict[str, Any], problem: str) -> None:
    assert read(**spec).problem == problem


def test_the_secret_is_followed_though_the_rest_cannot_be_read() -> None:
    assert read(ca=7).secret.name == "credentials"


def test_the_chosen_signer_is_known_though_its_field_cannot_be_read() -> None:
    assert (read(ca=7).signer, read(url=7).signer) == ("ca", NAMES.default_signer)


def test_a_default_signer_that_does_not_exist_is_found_at_the_start() -> None:
    with pytest.raises(ValueError, match="the default signer 'nobody' is none of "):
        SpecReader(SIGNERS, "nobody")


@pytest.mark.parametrize(("text", "hours"), [("24h", 24), ("1h30m", 1.5), ("90s", 0.025)])
def test_a_duration_is_written_as_go_does(text: str, hours: float) -> None:
    assert Duration.parse(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "90d", "0", "0s", "-1h", 7, None])
def test_a_duration_that_is_none_says_what_is_wanted(text: object) -> None:
    with pytest.raises(ValueError, match=r"is not a (positive )?duration such as 30s, 10m or 2160h"):
        Duration.parse(text)
