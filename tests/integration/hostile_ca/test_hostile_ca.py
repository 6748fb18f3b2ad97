"""A hostile CA gets nothing stored and nothing told.

Whatever a CA elsewhere answers, no status ever holds a certificate that was not asked for, and no credential is
found in a status, an Event, a log record of any level or a traceback. The table of attacks is attacks.py.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from domain.model import CERTIFICATE_REQUEST, Credentials, Issuer, IssuerSpec, ObjectKey, Request, SignRequest
from tests.integration.est_ca.dialect import DIALECT as EST
from tests.integration.hostile_ca.attacks import (
    ASKED,
    ATTACKS,
    HONEST,
    WRONG_ANSWERS,
    WRONG_CERTIFICATES,
    Attack,
    serving,
)
from tests.integration.hostile_ca.controller import ISSUER, SECRET, TOO_LATE, InMemoryController, in_memory_controller
from tests.integration.hostile_ca.dialect import Dialect
from tests.integration.step_ca.dialect import DIALECT as STEP_CA
from tests.support import pki
from tests.support.factories import APPROVED_KINDS
from tests.support.remote import https
from tests.unit.adapters.signers import lying, orders
from tests.unit.adapters.signers.lying import SERVER

LEAF = orders.order(pki.csr(common_name="app", dns=ASKED), usages=SERVER)
A_CA = orders.order(pki.csr(common_name="A CA"), is_ca=True)
ASKED_BY = [
    pytest.param(attack, kind, id=f"{name}-{kind}")
    for name, attack in ATTACKS.items()
    for kind in (APPROVED_KINDS if name in WRONG_CERTIFICATES else [CERTIFICATE_REQUEST])
]
DIALECTS = [
    EST,
    STEP_CA,
]
dialects = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.signer)


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


async def honest_leaf(attack: Attack) -> x509.Certificate:
    """What an honest CA would sign; for a request of a CA, the leaf that was not asked for."""
    asked = A_CA if attack.is_ca else LEAF
    return await lying.honest(orders.order(asked.csr, usages=asked.usages))


def order(dialect: Dialect, attack: Attack, server: https.Server) -> SignRequest:
    asked = A_CA if attack.is_ca else LEAF
    issuer = IssuerSpec(server.url, SECRET, dialect.signer, dialect.options)
    return SignRequest("uid", asked.csr, asked.usages, asked.is_ca, asked.duration, issuer, Credentials(dialect.data))


def canaries(dialect: Dialect, server: https.Server) -> list[str]:
    """What nobody may see: of the Secret, and what was made of it for the CA."""
    return [*dialect.stored, *(dialect.sent(seen) for seen in server.seen if seen.path == dialect.enrolment)]


def assert_nowhere(secrets: list[str], seen: str) -> None:
    for secret in secrets:
        assert len(secret) > 10
        assert secret not in seen


def logged(caplog: pytest.LogCaptureFixture) -> str:
    formatter = logging.Formatter()
    return "\n".join(formatter.format(record) + str(record.__dict__) for record in caplog.records)


@dataclass
class Connections:
    """To whom any was tried; none gets further than this machine."""

    hosts: set[str] = field(default_factory=set)

    def assert_to_the_ca_alone(self) -> None:
        assert self.hosts
        assert self.hosts <= {"127.0.0.1", "::1"}


@pytest.fixture
async def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    made, loop = Connections(), asyncio.get_running_loop()
    connect = loop.sock_connect

    async def noted(sock: socket.socket, address: Any) -> None:
        made.hosts.add(address[0])
        made.assert_to_the_ca_alone()
        await connect(sock, address)

    monkeypatch.setattr(loop, "sock_connect", noted)
    return made


def is_failed(controller: InMemoryController, request: ObjectKey) -> bool:
    stored = controller.cluster.stored(request)
    assert isinstance(stored, Request)
    return stored.failed or (stored.ready is not None and stored.ready.reason == "Failed")


def is_ready(controller: InMemoryController) -> bool:
    stored = controller.cluster.stored(ISSUER)
    return isinstance(stored, Issuer) and stored.is_ready


@pytest.mark.parametrize("kind", APPROVED_KINDS)
@dialects
async def test_an_honest_certificate_is_stored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, dialect: Dialect, kind: str
) -> None:
    """An honest answer is signed: otherwise the rest would prove nothing."""
    leaf = await honest_leaf(HONEST)
    async with serving(tmp_path, dialect, HONEST, leaf) as server, in_memory_controller() as controller:
        request = controller.ask(kind, order(dialect, HONEST, server))
        await controller.visit(request)
        told = controller.told() + logged(caplog)

    [status] = controller.certificates()
    assert lying.pem(leaf) in status.certificate  # type: ignore[operator, union-attr]
    assert HONEST.told in told
    assert_nowhere(canaries(dialect, server), told)


@pytest.mark.parametrize(("attack", "kind"), ASKED_BY)
@dialects
async def test_an_attack_on_the_enrolment(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    connections: Connections,
    dialect: Dialect,
    attack: Attack,
    kind: str,
) -> None:
    leaf = await honest_leaf(attack)
    async with serving(tmp_path, dialect, attack, leaf) as server, in_memory_controller(attack.patience) as controller:
        request = controller.ask(kind, order(dialect, attack, server))
        await controller.visit(request)
        first = controller.told()
        controller.clock.time += TOO_LATE
        await controller.visit(request)

    assert re.search(attack.told, first)
    assert controller.certificates() == []
    assert is_failed(controller, request) is not attack.lasting
    assert is_ready(controller) is not attack.lasting
    connections.assert_to_the_ca_alone()
    assert_nowhere(canaries(dialect, server), controller.told() + logged(caplog) + "".join(capfd.readouterr()))


@pytest.mark.parametrize("attack", WRONG_ANSWERS.values(), ids=WRONG_ANSWERS)
@dialects
async def test_an_attack_on_the_check(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    connections: Connections,
    dialect: Dialect,
    attack: Attack,
) -> None:
    """The issuer never becomes Ready, so nothing is asked for on behalf of its requests."""
    leaf = await honest_leaf(attack)
    async with (
        serving(tmp_path, dialect, attack, leaf, everywhere=True) as server,
        in_memory_controller(attack.patience) as controller,
    ):
        request = controller.ask(CERTIFICATE_REQUEST, order(dialect, attack, server))
        await controller.visit(request)

    assert re.search(attack.told, controller.told())
    assert not is_ready(controller)
    assert controller.certificates() == []
    assert dialect.enrolment not in [seen.path for seen in server.seen]
    connections.assert_to_the_ca_alone()
    assert_nowhere(canaries(dialect, server), controller.told() + logged(caplog))


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
@dialects
async def test_no_traceback_shows_a_credential(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, dialect: Dialect, attack: Attack
) -> None:
    leaf = await honest_leaf(attack)
    async with serving(tmp_path, dialect, attack, leaf) as server, in_memory_controller(attack.patience) as controller:
        signer = controller.signers[dialect.signer]
        with pytest.raises(Exception, match=attack.told) as caught:
            await signer.sign(order(dialect, attack, server))

    shown = "".join(traceback.format_exception(caught.value))
    assert_nowhere(canaries(dialect, server), shown + repr(caught.value) + logged(caplog))
