"""What holds for every server that may stand behind the setting `endpoint`.

A class of tests for each program derives from `Contract` and says where it is. The text is the
model's own, or what a stand-in was told to write: here counts what holds for both.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from sc2_lsp.domain import GenerationRequest, Priority, StopReason, StopRule
from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.finding import AnyServer
from sc2_lsp.engine.remote.protocol import Served
from sc2_lsp.engine.remote.remote import RemoteEngine
from sc2_lsp.vocabulary import FIM_MIDDLE, FIM_PREFIX, FIM_SUFFIX, N_SPECIAL_TOKENS, SPECIAL_TOKENS

CODE = "def add(a, b):\n    return a\n\n\ndef subtract(a, b):\n    "
TEXT = "def f(x):\r\n\treturn '<file_sep>' + \"é😀\" # 12 <|endoftext|>\f\u2028end"
N_CTX = 2048


class Contract:
    """`program` is what it calls itself; `url` is a fixture."""

    program: str

    @pytest.fixture
    async def server(self, url: str) -> AsyncIterator[AnyServer]:
        server = AnyServer(Address(url), "", N_CTX)
        yield server
        await server.close()

    @pytest.fixture
    async def engine(self, server: AnyServer) -> RemoteEngine:
        # However slow this machine is: the engine waits for no more than a second.
        await server.probe()
        now_s = asyncio.get_running_loop().time
        engine = RemoteEngine(server, N_CTX, now_s)
        assert await engine.ready(), engine.problem
        return engine

    @pytest.fixture
    async def request_(self, engine: RemoteEngine) -> GenerationRequest:
        (code,) = await engine.tokenize([CODE])
        tokens = (FIM_PREFIX, *code, FIM_SUFFIX, FIM_MIDDLE)
        return GenerationRequest(tokens, max_tokens=8, deadline_s=60.0, stop=StopRule(100))

    async def test_what_is_there_is_found_out(self, server: AnyServer) -> None:
        served: Served = await server.probe()
        assert served.program == self.program
        assert served.n_ctx == N_CTX
        assert served.name
        assert "/" not in served.name

    async def test_texts_are_taken_apart_with_control_tokens_as_text(
        self, engine: RemoteEngine
    ) -> None:
        texts = [TEXT, "", *SPECIAL_TOKENS, "".join(SPECIAL_TOKENS)]
        for text, tokens in zip(texts, await engine.tokenize(texts), strict=True):
            assert min(tokens, default=N_SPECIAL_TOKENS) >= N_SPECIAL_TOKENS
            assert await engine.detokenize(tokens) == text
        (broken,) = await engine.tokenize(["a\ud800b"])
        assert await engine.detokenize(broken) == "a?b"

    async def test_no_more_is_written_than_was_asked_for(
        self, engine: RemoteEngine, request_: GenerationRequest
    ) -> None:
        got = await engine.generate(replace(request_, max_tokens=2))
        assert got.stop_reason is StopReason.MAX_TOKENS
        assert got.text
        more = await engine.generate(replace(request_, max_tokens=3))
        assert more.text.startswith(got.text)

    async def test_a_prompt_alone_is_evaluated(
        self, engine: RemoteEngine, request_: GenerationRequest
    ) -> None:
        got = await engine.generate(replace(request_, max_tokens=0))
        assert (got.text, got.stop_reason) == ("", StopReason.MAX_TOKENS)

    @pytest.mark.parametrize("typed", ["r", "zzq", "naï", '"\\'])
    async def test_the_word_at_the_cursor_is_kept(
        self, engine: RemoteEngine, request_: GenerationRequest, typed: str
    ) -> None:
        """However the word goes on, and whether or not the model would have begun it so."""
        pieces = engine._server.write(request_.tokens, 8, typed)
        written = "".join([piece.text async for piece in pieces])
        assert written.startswith(typed)
        got = await engine.generate(replace(request_, required=typed.encode()))
        assert got.stop_reason is not StopReason.DEADLINE

    async def test_who_comes_first_gives_way_to_who_waits(
        self, engine: RemoteEngine, request_: GenerationRequest
    ) -> None:
        background = replace(request_, priority=Priority.BACKGROUND, max_tokens=200)
        running = asyncio.ensure_future(engine.generate(background))
        await asyncio.sleep(0)
        (code,) = await engine.tokenize(["import os\n"])
        other = (FIM_PREFIX, *code, FIM_SUFFIX, FIM_MIDDLE)
        await engine.generate(replace(request_, tokens=other))
        # Unless it had written all by then.
        got = await running
        assert got.stop_reason is not StopReason.DEADLINE
        assert got.stop_reason is StopReason.PREEMPTED or got.text

    async def test_who_waits_takes_over_what_is_written_for_nobody(
        self, engine: RemoteEngine, request_: GenerationRequest
    ) -> None:
        background = replace(request_, priority=Priority.BACKGROUND, max_tokens=200)
        running = asyncio.ensure_future(engine.generate(background))
        await asyncio.sleep(0)
        got = await engine.generate(request_)
        assert got.text
        assert (await running).text.startswith(got.text)

    async def test_a_request_that_nobody_waits_for_is_given_up(
        self, engine: RemoteEngine, request_: GenerationRequest
    ) -> None:
        running = asyncio.ensure_future(engine.generate(replace(request_, max_tokens=200)))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (await engine.generate(request_)).text

    async def test_a_prompt_that_does_not_fit_is_refused(self, engine: RemoteEngine) -> None:
        tokens = tuple(100 + number % 700 for number in range(N_CTX + 10))
        request = GenerationRequest(tokens, max_tokens=1, deadline_s=60.0, stop=StopRule(1))
        with pytest.raises(Exception, match=r"the server (takes|answers 4)"):
            await engine.generate(request)
