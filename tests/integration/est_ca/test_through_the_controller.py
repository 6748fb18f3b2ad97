"""est-ca behind the whole controller: what it gives other than asked is not stored, and its words go nowhere."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from adapters.signers.est.server import ESTSpec
from domain.model import CERTIFICATE_REQUEST, IssuerSpec, Request, SignRequest
from tests.integration.est_ca.asking import BY_NAME, order
from tests.integration.est_ca.server import PASSWORD, ESTCAServer
from tests.integration.hostile_ca.controller import SECRET, TOO_LATE, InMemoryController, in_memory_controller
from tests.support import pki


def to(server: ESTCAServer, csr: bytes, data: dict[str, bytes] = BY_NAME) -> SignRequest:
    return replace(order(server, csr, data), issuer=IssuerSpec(server.url, SECRET, "est", ESTSpec()))


async def visited_twice(controller: InMemoryController, asked: SignRequest) -> Request:
    request = controller.ask(CERTIFICATE_REQUEST, asked)
    await controller.visit(request)
    controller.clock.time += TOO_LATE
    await controller.visit(request)
    stored = controller.cluster.stored(request)
    assert isinstance(stored, Request)
    return stored


async def test_what_is_as_asked_is_stored(est_ca: ESTCAServer) -> None:
    async with in_memory_controller() as controller:
        request = await visited_twice(controller, to(est_ca, pki.csr(common_name="us")))

    assert request.has_certificate
    assert len(controller.certificates()) == 1


async def test_what_is_not_as_asked_is_not_stored(est_ca: ESTCAServer) -> None:
    async with in_memory_controller() as controller:
        request = await visited_twice(controller, to(est_ca, pki.csr(common_name="us", dns=["app.example.com"])))

    assert request.is_terminal
    assert controller.certificates() == []
    assert "DNS name 'app.example.com' is missing" in controller.told()


async def test_its_words_go_nowhere(est_ca: ESTCAServer, caplog: pytest.LogCaptureFixture) -> None:
    """It says which password it was given: here one with a mistake at its end."""
    caplog.set_level(logging.DEBUG)
    mistaken = BY_NAME | {"password": f"{PASSWORD}-too".encode()}
    async with in_memory_controller() as controller:
        request = await visited_twice(controller, to(est_ca, pki.csr(common_name="us"), mistaken))

    assert not request.is_terminal
    assert "HTTP 403: it does not accept username and password" in controller.told()
    assert PASSWORD not in controller.told() + caplog.text
