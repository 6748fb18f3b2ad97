"""The chart's README has every value with its description and type; its Chart.yaml has every CRD with an example."""

from __future__ import annotations

import re

import pytest
import yaml

from entrypoints.issuer import NAMES
from tests.tools.chart import BadValues, Value, values
from tests.tools.manifests import CHART, ROOT

SCHEMA = {
    "properties": {
        "size": {"type": "integer"},
        "image": {"properties": {"tag": {"$ref": "#/definitions/tag"}}},
        "metrics": {"properties": {"enabled": {"type": "boolean"}}},
        "labels": {"type": "object", "properties": {"team": {"type": "string"}}},
    },
    "definitions": {"tag": {"enum": ["a", "b"]}},
}
VALUES = """\
# Not of the first value.

# How many.
size: 1
# From a registry.
image:
  # Which one,
  # by name.
  tag: a
# What is counted.
metrics:
  enabled: true
# More of them.
labels: {}
"""


def test_a_comment_above_a_value_describes_it_and_the_schema_gives_its_type() -> None:
    assert values(VALUES, SCHEMA) == [
        Value("size", "integer", "1", "How many."),
        Value("image", "", "", "From a registry."),
        Value("image.tag", "one of a, b", '"a"', "Which one, by name."),
        Value("metrics.enabled", "boolean", "true", "What is counted."),
        Value("labels", "object", "{}", "More of them."),
    ]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("# How many.\n", "", "size has no comment in values.yaml that describes it"),
        ("# How many.\n", "# How many.\n\n", "size has no comment"),
        ("  # Which one,\n  # by name.\n", "", "image.tag has no comment"),
        ("# What is counted.\n", "", "metrics.enabled has no comment"),
        ("  tag: a\n", "  tag: a\n  digest: b\n", "image.digest is in values.yaml and not in values.schema.json"),
        ("# More of them.\nlabels: {}\n", "", "labels is in values.schema.json and not in values.yaml"),
    ],
)
def test_a_value_that_is_not_described_or_not_in_both_files_is_an_error(old: str, new: str, why: str) -> None:
    assert old in VALUES
    with pytest.raises(BadValues, match=re.escape(why)):
        values(VALUES.replace(old, new), SCHEMA)


def test_each_value_of_the_chart_is_in_the_readme() -> None:
    """Read by YAML alone, so that no rule of the table can leave one out."""
    chart = (ROOT / CHART).parent
    leaves = _leaves(yaml.safe_load((chart / "values.yaml").read_text()))
    readme = (chart / "README.md").read_text()
    names = set(re.findall(r"^\| `([\w.]+)` \|", readme, re.MULTILINE))

    assert {leaf for leaf in leaves if not any(f"{leaf}.".startswith(f"{name}.") for name in names)} == set()
    assert {"replicas", "image.digest", "resources.limits", "metrics.certificate.issuerRef"} <= names


def _leaves(values: dict[str, object], path: str = "") -> set[str]:
    found: set[str] = set()
    for name, value in values.items():
        found |= _leaves(value, f"{path}{name}.") if isinstance(value, dict) and value else {path + name}
    return found


def test_artifact_hub_is_told_each_crd_with_an_example() -> None:
    annotations = yaml.safe_load((ROOT / CHART).read_text())["annotations"]
    crds, examples = (yaml.safe_load(annotations[f"artifacthub.io/{name}"]) for name in ("crds", "crdsExamples"))
    shipped = [yaml.safe_load(path.read_text()) for path in (ROOT / "deploy" / "crd").glob("*issuers.yaml")]

    assert {(each["name"], each["kind"]) for each in crds} == {
        (each["metadata"]["name"], each["spec"]["names"]["kind"]) for each in shipped
    }
    for each in crds:
        assert each.keys() == {"kind", "version", "name", "displayName", "description"}
        assert all(each.values())
    assert [each["kind"] for each in examples] == list(NAMES.kinds)
    assert {each["apiVersion"] for each in examples} == {f"{NAMES.group}/{NAMES.version}"}


def test_what_a_release_appends_stands_below_the_annotations() -> None:
    """`make chart` and the release append lines with an indent."""
    text = (ROOT / CHART).read_text()
    appended = yaml.safe_load(f"{text}  artifacthub.io/images: |\n    - name: a\n")["annotations"]
    assert list(appended)[-1] == "artifacthub.io/images"
