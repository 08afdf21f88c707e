"""The language server's own client of a team server, through the gateway as it is deployed.

What it sends has to be in the gateway's table, or developers are refused.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

import pytest

from sc2_lsp.domain import Access
from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.finding import AnyServer
from sc2_lsp.engine.remote.protocol import ServerError
from sc2_lsp.engine.remote.reckoning import WORTH_IT
from sc2_lsp.models import BUNDLED_MODEL
from sc2_lsp.vocabulary import ENDOFTEXT
from tests.deploy.conftest import in_front_of
from tests.deploy.gateway import KEYS, Gateway
from tests.support.fake_engines import FakeVllm

pytestmark = pytest.mark.gateway


def address_of(gateway: Gateway, key: str = KEYS["alice"]) -> Address:
    """By TLS, as a developer with a company's own authority has it."""
    access = Access(authority=str(gateway.folder / "secrets" / "tls.crt"))
    return Address(f"https://localhost:{gateway.port}", key, access=access)


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[AnyServer]:
    server = AnyServer(address_of(gateway), "", 4096)
    yield server
    await server.close()


async def test_all_that_the_language_server_asks_passes(client: AnyServer) -> None:
    assert (await client.probe()).n_ctx > 0
    tokens = await client.tokenize("def add(a, b):\n    return <file_sep>")
    assert await client.detokenize(tokens) == "def add(a, b):\n    return <file_sep>"
    pieces = [piece async for piece in client.write(tokens, 8, "")]
    assert sum(len(piece.tokens) for piece in pieces) in range(1, 9)
    assert pieces[-1].end


@pytest.mark.parametrize("word", ["re", "naïve", "\U0001f600", '"\\', "x" * 256])
async def test_a_cut_word_is_written_anew(client: AnyServer, word: str) -> None:
    await client.probe()
    tokens = await client.tokenize("def add(a, b):\n    ")
    written = ""
    async for piece in client.write(tokens, 4, word):
        written += piece.text
    assert written.startswith(word) or word.startswith(written)
    assert written


async def test_a_vocabulary_of_this_machine_is_proved_through_it(gateway: Gateway) -> None:
    server = AnyServer(address_of(gateway), "", 4096, lambda: (BUNDLED_MODEL,))
    reckoning = server._reckoning
    texts = [f"def f{number}(x):\n    return '<file_sep>'\n" for number in range(WORTH_IT)]
    await server.probe()
    there = [await server.tokenize(text) for text in texts]
    assert reckoning._proving
    await reckoning._proving
    assert [await reckoning.tokens(text) for text in texts] == there
    # And is compared again with each probe.
    await server.probe()
    assert [await reckoning.tokens(text) for text in texts] == there
    await server.close()


async def test_a_wrong_key_is_said_so(gateway: Gateway) -> None:
    server = AnyServer(address_of(gateway, "wrong-0123456789abcdef"), "", 4096)
    with pytest.raises(ServerError, match="refuses the key"):
        await server.probe()
    await server.close()


@pytest.fixture
def vllm() -> Iterator[FakeVllm]:
    vllm = FakeVllm(pieces=[(" a", 312), (" + b", 313), ("", ENDOFTEXT)])
    vllm.start()
    yield vllm
    vllm.stop()


@pytest.fixture
async def vllm_client(vllm: FakeVllm) -> AsyncIterator[AnyServer]:
    """The client of a vLLM, a stand-in, behind the gateway with vLLM's table."""
    with in_front_of(vllm.port, routes="vllm") as gateway:
        server = AnyServer(address_of(gateway), "", 4096)
        yield server
        await server.close()


async def test_all_that_is_asked_of_a_vllm_passes(vllm_client: AnyServer, vllm: FakeVllm) -> None:
    assert (await vllm_client.probe()).program == "vLLM"
    tokens = await vllm_client.tokenize("def add(a, b):\n    return")
    pieces = [piece async for piece in vllm_client.write(tokens, 8, "")]
    assert "".join(piece.text for piece in pieces) == " a + b"
    assert pieces[-1].end
    asked = vllm.completions()[-1]
    assert asked["prompt"] == list(tokens)
    assert asked["cache_salt"] == "alice"


@pytest.mark.parametrize(
    "word", [" a", "naïve", "\U0001f600", "a.b\\", "(.|\n)*", "$x^[]{}/-", "x" * 256]
)
async def test_a_vllm_is_held_to_a_cut_word(
    vllm_client: AnyServer, vllm: FakeVllm, word: str
) -> None:
    await vllm_client.probe()
    vllm.pieces = [(word, 312), (" + b", 313)]
    tokens = await vllm_client.tokenize("def add(a, b):\n    return")
    written = "".join([piece.text async for piece in vllm_client.write(tokens, 8, word)])
    assert written == f"{word} + b"
    (asked,) = vllm.completions()
    assert re.fullmatch(asked["structured_outputs"]["regex"], f"{word}\nand more")
