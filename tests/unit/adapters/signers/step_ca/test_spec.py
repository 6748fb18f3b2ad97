"""spec.stepCA, as an issuer writes it."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.kubernetes.issuer_spec import convert
from adapters.signers.step_ca.signer import StepCASpec
from adapters.spec_fields import Duration


def test_it_is_read() -> None:
    spec = {"provisioner": "us", "maxDuration": "24h"}
    assert convert(spec, StepCASpec, "spec.stepCA") == StepCASpec("us", Duration(hours=24))


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({}, "spec.stepCA.provisioner: required, but missing"),
        ({"provisioner": ""}, "spec.stepCA.provisioner: Expected `str` of length >= 1"),
        ({"provisioner": "us", "maxDuration": "90d"}, "spec.stepCA.maxDuration: '90d' is not a duration such as"),
        ({"provisioner": "us", "maxduration": "24h"}, "spec.stepCA.maxduration: no such field is known here"),
    ],
)
def test_what_cannot_work_names_the_field(spec: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        convert(spec, StepCASpec, "spec.stepCA")
