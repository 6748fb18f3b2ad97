"""A step-ca that answers each question, but never comes to an end of them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web

from adapters.signers import decorators
from adapters.signers.decorators import DeadlineSigner
from adapters.signers.step_ca.signer import StepCA
from domain.errors import IssuerUnhealthy
from tests.support.remote import https
from tests.support.remote.asking import refusal
from tests.unit.adapters.signers.step_ca.asking import issuer, secret


async def test_a_check_does_not_read_page_after_page_for_ever(
    signer: StepCA, server: https.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decorators, "CHECK", timedelta(seconds=20))
    answer, pages, time_of, ahead = server.handler, 0, asyncio.get_running_loop().time, 0
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: time_of() + ahead)

    async def paging(request: web.Request) -> web.StreamResponse:
        nonlocal pages, ahead
        if request.path != "/provisioners":
            return await answer(request)
        pages += 1
        if pages == 3:  # each page would take up to 30 s
            ahead = 20
            await asyncio.Event().wait()
        return web.json_response({"provisioners": [], "nextCursor": str(pages)})

    server.handler = paging
    told = await refusal(DeadlineSigner(signer).check(issuer(server), secret()), IssuerUnhealthy)

    assert told.startswith("the check was ended after 20s")
    assert pages == 3
