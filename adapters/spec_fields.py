"""How the fields of an issuer's spec are declared: each once, with its description, its limits and its rules.

The CRDs are generated from these types (`make manifests`), and the codec reads objects into them. A field of Python,
`max_duration`, is written `maxDuration` in the object; a field without a default is required; the docstring of a class
is the description of the whole mapping.

    class AcmeSpec(SpecFields):
        \"\"\"Asks the Acme CA at url.\"\"\"

        profile: Annotated[str, described("The profile that the CA signs with.", max_length=64)]
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Self

import msgspec

from domain import durations

Rule = tuple[str, str]
"""A rule in CEL about `self`, and what the API server says where it does not hold.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
"""


class SpecFields(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The base of every mapping in an issuer's spec, also of what each signer declares."""


def described(
    description: str, *rules: Rule, schema: Mapping[str, Any] | None = None, **limits: int | str
) -> msgspec.Meta:
    """The metadata of a field: `Annotated[str, described("...", max_length=64)]`.

    `limits` are those of msgspec.Meta: min_length, max_length and pattern of texts, ge and le of numbers. A field with
    limits has a default other than None. `rules` are for the API server alone. `schema` is taken into the CRD as it is.
    """
    validations = [{"rule": rule, "message": message} for rule, message in rules]
    extra = {**({"x-kubernetes-validations": validations} if rules else {}), **(schema or {})}
    return msgspec.Meta(description=description, extra_json_schema=extra or None, **limits)  # type: ignore[call-overload, no-any-return]


class Duration(timedelta):
    """A positive duration, which the object writes as Go does: 24h, 1h30m, 90s."""

    @classmethod
    def parse(cls, text: object) -> Self:
        """Raises ValueError, which says what is wanted."""
        found = durations.parse(text) if isinstance(text, str) else timedelta(0)
        if found <= timedelta(0):
            raise ValueError(f"{text!r} is not a positive duration such as 30s, 10m or 2160h")
        return cls(seconds=found.total_seconds())
