"""An issued Certificate is issued anew: after a change of what it asks for, and when its Secret is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from entrypoints.issuer import NAMES
from tests.e2e.objects import Objects
from tests.e2e.shapes import asking, issuers
from tests.e2e.shapes.answers import Answers
from tests.e2e.shapes.compare import Answer, differences
from tests.e2e.shapes.shape import Row, Shape
from tests.support.deployed import Deployed

pytestmark = pytest.mark.usefixtures("manager", "cert_manager")

KEY = "tls.key"
FIRST = Row("app", Shape(), encoding="PRIVATE KEY", spec={"privateKey": {"algorithm": "ECDSA", "encoding": "PKCS8"}})
Issue = Callable[[Row], Answer]
"""Applies the Certificate, and returns what it has at its next revision; that is as asked."""


@pytest.fixture
def objects(deployed: Deployed, namespace: str) -> Objects:
    return Objects(deployed.server, namespace)


@pytest.fixture
def issue(objects: Objects) -> Issue:
    """At an issuer that is Ready."""
    objects.apply(objects.secret("demo"), objects.issuer("demo", "demo"))
    objects.wait_for_reason(NAMES.issuer, "demo", "Checked")
    issuer, answers, revision = issuers.demo(objects), Answers(objects), 0

    def issue(row: Row) -> Answer:
        nonlocal revision
        objects.apply(asking.certificate(objects, row))
        answer = answers.certificate(row.name, after=revision)
        assert differences(row, issuer, answer) == []
        revision = answer.revision
        return answer

    return issue


def test_a_changed_dns_name_gives_a_new_certificate_with_a_new_key(issue: Issue) -> None:
    before = issue(FIRST)
    after = issue(_changed(Shape(names=("DNS:new.example.com",)), dnsNames=["new.example.com"]))
    assert after.leaf.serial_number != before.leaf.serial_number
    assert after.data[KEY] != before.data[KEY]


def test_a_changed_dns_name_keeps_the_key_where_it_shall_not_rotate(issue: Issue) -> None:
    private = {"algorithm": "ECDSA", "encoding": "PKCS8", "rotationPolicy": "Never"}
    before = issue(_changed(Shape(), privateKey=private))
    names = ["app.example.com", "*.app.example.com"]
    added = Shape(names=("DNS:app.example.com", "DNS:*.app.example.com"))
    after = issue(_changed(added, privateKey=private, dnsNames=names))
    assert after.leaf.serial_number != before.leaf.serial_number
    assert after.data[KEY] == before.data[KEY]


def test_changed_usages_and_a_changed_key_arrive_as_well(issue: Issue) -> None:
    issue(FIRST)
    changed = Shape(key="RSA 2048", usages=frozenset({"digital_signature"}))
    private = {"algorithm": "RSA", "encoding": "PKCS8"}
    issue(_changed(changed, usages=["digital signature"], privateKey=private))


def test_a_deleted_secret_is_made_anew(objects: Objects, issue: Issue) -> None:
    before = issue(FIRST)
    objects.server.kubectl("delete", "secret", FIRST.name, f"--namespace={objects.namespace}")
    after = issue(FIRST)
    assert after.leaf.serial_number != before.leaf.serial_number
    assert after.data[KEY] != before.data[KEY]


def _changed(shape: Shape, **spec: object) -> Row:
    return replace(FIRST, shape=shape, spec={**FIRST.spec, **spec})
