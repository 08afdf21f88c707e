"""How a host is asked whose name has several addresses."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from sc2_lsp.engine.remote import connecting, names, transport
from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.finding import AnyServer
from tests.support.fake_llama_server import FakeLlamaServer

HOST = "models.test"
DEAD, GONE = "127.0.0.2", "127.0.0.3"
GOOD = "127.0.0.1"


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Has the resolver name addresses, of which all but GOOD can be sent to in vain."""

    def resolve(*addresses: str) -> None:
        listed = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 0)) for one in addresses]
        monkeypatch.setattr(names.socket, "getaddrinfo", lambda *_, **__: listed)

    open_connection = asyncio.BaseEventLoop.create_connection

    async def create(self: Any, factory: Any, host: str, port: int, **options: Any) -> Any:
        if host != GOOD:
            await asyncio.Event().wait()
        return await open_connection(self, factory, host, port, **options)

    # A network that drops packets cannot be had everywhere.
    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", create)
    return resolve


async def test_two_addresses_that_are_dead_do_not_keep_from_a_third(
    dead: Callable[..., None], server: FakeLlamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead(DEAD, GONE, GOOD)
    # Generous, for a machine that is busy; one after the other they would need all of it.
    monkeypatch.setattr(connecting, "CONNECT_S", 20.0)
    monkeypatch.setattr(transport, "ANSWER_S", 20.0)
    asked = AnyServer(Address(f"http://{HOST}:{server.port}"), "", 4096)
    try:
        assert (await asyncio.wait_for(asked.probe(), 20.0)).name == "team.gguf"
    finally:
        await asked.close()
    assert {headers["host"] for *_, headers in server.asked} == {f"{HOST}:{server.port}"}
