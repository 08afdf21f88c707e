"""What a server may send, and how much of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from sc2_lsp.engine.remote import transport as module
from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.protocol import ServerError
from sc2_lsp.engine.remote.transport import Transport
from tests.support.fake_llama_server import FakeLlamaServer

MIB = 1 << 20


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLlamaServer]:
    # Nothing here is about time.
    monkeypatch.setattr(module, "ANSWER_S", 20.0)
    server = FakeLlamaServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def transport(server: FakeLlamaServer) -> AsyncIterator[Transport]:
    transport = Transport(Address(server.url), "a server")
    yield transport
    await transport.close()


async def asked(transport: Transport, how: str) -> Any:
    if how == "GET":
        return await transport.get("/v1/models")
    if how == "POST":
        return await transport.post("/detokenize", {"tokens": []})
    async with aclosing(transport.lines("/completion", {"prompt": [], "n_predict": 1})) as lines:
        return [line async for line in lines]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("GET", "answers with more than 8 MiB"),
        ("POST", "answers with more than 8 MiB"),
        ("lines", "writes lines without an end"),
    ],
)
async def test_an_answer_without_an_end_is_not_read_to_it(
    server: FakeLlamaServer, transport: Transport, how: str, says: str
) -> None:
    server.endless = True
    with pytest.raises(ServerError, match=says) as failed:
        await asked(transport, how)
    assert failed.value.is_away
    # The rest is what the system took before anybody read it.
    assert server.n_endless < 64 * MIB
    server.endless = False
    assert await asked(transport, how)


@pytest.mark.parametrize("how", ["GET", "POST", "lines"])
async def test_nothing_is_unpacked(server: FakeLlamaServer, transport: Transport, how: str) -> None:
    server.body, server.headers = "{}", {"Content-Encoding": "gzip"}
    with pytest.raises(ServerError, match="packs what it answers"):
        await asked(transport, how)
    assert {headers["accept-encoding"] for *_, headers in server.asked} == {"identity"}
    server.status = 404
    with pytest.raises(ServerError, match="404"):
        await asked(transport, how)


async def test_a_vocabulary_is_not_too_much(server: FakeLlamaServer, transport: Transport) -> None:
    server.body = json.dumps({"tokens": ["x" * 36] * 150_000})
    assert 4 * MIB < len(server.body) < 8 * MIB
    assert len((await asked(transport, "GET"))["tokens"]) == 150_000


@pytest.mark.parametrize("how", ["GET", "POST", "lines"])
async def test_of_a_refusal_the_beginning_counts(
    server: FakeLlamaServer, transport: Transport, how: str
) -> None:
    server.status = 400
    server.body = '{"error": "maximum context length is 512 tokens"}' + " " * MIB
    with pytest.raises(ServerError, match="takes 512 tokens a request") as failed:
        await asked(transport, how)
    assert failed.value.n_ctx == 512
