"""Real servers with the bundled model keep the contract, and write what the local engine writes."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sc2_lsp.domain import GenerationRequest
from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.finding import AnyServer
from sc2_lsp.engine.remote.llama_server import LlamaServer
from sc2_lsp.engine.remote.protocol import Piece
from sc2_lsp.engine.remote.reckoning import Reckoning
from sc2_lsp.engine.remote.transport import Transport
from sc2_lsp.models import BUNDLED_MODEL
from sc2_lsp.vocabulary import SPECIAL_TOKENS
from tests.support.lsp_client import ROOT
from tests.support.odd_chars import CHARS
from tests.support.real_servers import Real
from tests.support.server_contract import N_CTX, TEXT
from tests.support.server_processes import llama_server, started

pytestmark = [pytest.mark.reference, pytest.mark.timeout(300)]


class Counting(Transport):
    """Counts what it has the server do."""

    n_posts = 0

    async def post(self, path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        self.n_posts += 1
        return await super().post(path, asked)


class TestLlamaServer(Real):
    program = "llama-server"

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls) -> Iterator[str]:
        program = Path(os.environ["SC2_LLAMA_TOOLS"]) / "llama-server"
        batches = ("--batch-size", "64", "--ubatch-size", "64")
        with llama_server(program, "--ctx-size", str(N_CTX), *batches) as (url, _):
            yield url

    async def test_texts_are_taken_apart_here_as_there(self, url: str) -> None:
        transport = Counting(Address(url), "llama-server")
        there = LlamaServer(transport, Reckoning(tuple))
        reckoning = Reckoning(lambda: (BUNDLED_MODEL,))
        here = LlamaServer(transport, reckoning)
        files = [*(ROOT / "sc2_lsp" / "engine").glob("*.py"), *(ROOT / "docs").glob("*.md")]
        chance = random.Random(11)
        texts = ["".join(chance.choices(CHARS, k=chance.randrange(60))) for _ in range(500)]
        texts += [TEXT, "".join(SPECIAL_TOKENS), *(file.read_text("utf-8") for file in files)]
        await here.probe()
        while reckoning._proving is None:
            await reckoning.tokens("a")
        await asyncio.wait({reckoning._proving})
        found = [await here.tokenize(text) for text in texts]
        # The special tokens, and what proves the vocabulary.
        assert transport.n_posts == 2
        assert found == [await there.tokenize(text) for text in texts]
        assert transport.n_posts == 2 + len(texts)
        await here.close()

    async def test_it_ends_by_itself_with_the_line(
        self, server: AnyServer, request_: GenerationRequest
    ) -> None:
        async def written(*, is_line: bool) -> list[Piece]:
            writing = server.write(request_.tokens, 60, "r", is_line=is_line)
            return [piece async for piece in writing if not piece.is_progress]

        *before, broken, last = await written(is_line=True)
        assert last.end == "limit"
        assert before
        assert "\n" in broken.text
        assert not any("\n" in piece.text for piece in before)
        more = await written(is_line=False)
        assert [piece.tokens for piece in more[: len(before) + 1]] == [
            piece.tokens for piece in (*before, broken)
        ]
        assert len(more) > len(before) + 2


class TestLlamaCppPython(Real):
    program = "llama-cpp-python"

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls) -> Iterator[str]:
        command = [os.environ["SC2_LLAMA_CPP_PYTHON"], "-m", "llama_cpp.server"]
        command += ["--model", str(BUNDLED_MODEL), "--host", "127.0.0.1", "--port", "0"]
        command += ["--n_ctx", str(N_CTX), "--n_threads", "1"]
        command += ["--n_batch", "64", "--flash_attn", "true"]
        with started(command, rb"running on (http://127\.0\.0\.1:\d+)") as (url, _):
            yield url
