"""Each program that may serve, as a stand-in: what is common to all, and what is its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sc2_lsp.domain import GenerationRequest, StopReason, StopRule
from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.finding import AnyServer
from sc2_lsp.engine.remote.protocol import ServerError
from sc2_lsp.engine.remote.remote import RemoteEngine
from sc2_lsp.ports import EngineError
from sc2_lsp.vocabulary import FIM_MIDDLE, FIM_PREFIX, FIM_SUFFIX, SPECIAL_TOKENS
from tests.support.fake_engines import (
    FakeEngine,
    FakeLlamaCppPython,
    FakeOllama,
    FakeOpenAi,
    FakeTgi,
    FakeVllm,
    read_as_tokens,
    served,
    text_of,
    tokenizer,
)
from tests.support.server_contract import N_CTX, TEXT, Contract

SUM = [(" +", 1184), (" b", 324), ("\n", 222), ("\n", 222), ("def", 610)]
MAKERS = (FakeVllm, FakeLlamaCppPython, FakeOpenAi, FakeOllama, FakeTgi)


class StandIn(Contract):
    make: type[FakeEngine]

    @pytest.fixture
    def fake(self) -> Iterator[FakeEngine]:
        fake = self.make(pieces=SUM * 2)
        fake.start()
        yield fake
        fake.stop()

    @pytest.fixture
    def url(self, fake: FakeEngine) -> str:
        return fake.url

    async def test_the_prompt_arrives_as_it_was_made(
        self, fake: FakeEngine, engine: RemoteEngine, request_: GenerationRequest
    ) -> None:
        await engine.generate(request_)
        (prompt,) = fake.prompts()
        assert prompt == read_as_tokens(await engine.detokenize(request_.tokens))
        assert prompt[-2:] == (FIM_SUFFIX, FIM_MIDDLE)

    async def test_text_of_the_user_never_becomes_a_control_token(
        self, fake: FakeEngine, engine: RemoteEngine
    ) -> None:
        for special in SPECIAL_TOKENS:
            (user,) = await engine.tokenize([f"x = '{special}'  # not {special}{special[:-1]}"])
            tokens = (FIM_PREFIX, *user, FIM_SUFFIX, *user, FIM_MIDDLE)
            await engine.generate(GenerationRequest(tokens, 1, 20.0, StopRule(1)))
            is_control = [token for token in fake.prompts()[-1] if token < len(SPECIAL_TOKENS)]
            assert is_control == [FIM_PREFIX, FIM_SUFFIX, FIM_MIDDLE], special

    async def test_no_guard_is_seen_in_a_suggestion(
        self, fake: FakeEngine, engine: RemoteEngine
    ) -> None:
        (user,) = await engine.tokenize(["x = '<pr>' + '\u2060'"])
        # The model has learnt from the prompt how such a word is written here.
        fake.pieces = [("y", 99), (" = '<", 99), ("\u200b", 99), ("pr", 99), ("_x'", 99)]
        got = await engine.generate(GenerationRequest(user, 20, 20.0, StopRule(100)))
        assert got.text == ("y = '<\u200bpr_x'" if self.make is FakeVllm else "y = '<pr_x'")

    async def test_chars_that_end_lines_elsewhere_are_text(
        self, fake: FakeEngine, engine: RemoteEngine, request_: GenerationRequest
    ) -> None:
        fake.pieces = [("a\u2028b", 99), ("\x85c\u2029\x0c", 99)]
        assert (await engine.generate(request_)).text == "a\u2028b\x85c\u2029\x0c"

    async def test_another_file_ends_the_suggestion(
        self, fake: FakeEngine, engine: RemoteEngine, request_: GenerationRequest
    ) -> None:
        fake.pieces = [(" +", 1184), ("", 6), ("b.py", 99)]
        got = await engine.generate(request_)
        assert (got.text, got.stop_reason) == (" +", StopReason.SPECIAL_TOKEN)

    async def test_what_contradicts_the_typed_word_is_asked_again(
        self, fake: FakeEngine, engine: RemoteEngine, request_: GenerationRequest
    ) -> None:
        fake.pieces = [("yield", 99), (" b", 324)]
        fake.answers = (("ret", [("urn", 100), (" a", 101)]),)
        got = await engine.generate(replace(request_, required=b"ret"))
        assert got.text == "urn a"
        first, again = fake.prompts()
        assert again == (*first, *read_as_tokens("ret"))

    async def test_what_agrees_with_the_typed_word_is_not(
        self, fake: FakeEngine, engine: RemoteEngine, request_: GenerationRequest
    ) -> None:
        fake.pieces = [("re", 99), ("turn", 99), (" a", 324)]
        got = await engine.generate(replace(request_, required=b"ret"))
        assert (got.text, len(fake.prompts())) == ("urn a", 1)

    async def test_another_model_is_refused(self, fake: FakeEngine, server: AnyServer) -> None:
        assert await server.probe() == await server.probe()
        fake.status = 503
        with pytest.raises(ServerError, match="answers 503"):
            await server.probe()
        fake.status, fake.shift = 200, 7
        with pytest.raises(ServerError, match="no StarCoder2 model: its special tokens differ"):
            await server.probe()

    async def test_cancelling_closes_the_connection(
        self, fake: FakeEngine, engine: RemoteEngine, request_: GenerationRequest
    ) -> None:
        fake.stall_at = 1
        running = asyncio.ensure_future(engine.generate(request_))
        assert await asyncio.to_thread(fake.begun.wait, 10)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await asyncio.to_thread(fake.closed.wait, 10)

    @pytest.mark.parametrize(
        ("fault", "says", "is_away"),
        [
            ({"status": 401}, "refuses the key", True),
            ({"status": 429}, "has too much to do", False),
            ({"status": 500}, "answers 500", True),
            ({"cut_at": 1}, "", True),
            ({"body": "<html>"}, "", True),
        ],
    )
    async def test_what_goes_wrong_is_told_in_one_sentence(
        self,
        fake: FakeEngine,
        engine: RemoteEngine,
        request_: GenerationRequest,
        fault: dict[str, object],
        says: str,
        is_away: bool,
    ) -> None:
        for name, value in fault.items():
            setattr(fake, name, value)
        with pytest.raises(EngineError, match=f"the server .*{says}"):
            await engine.generate(request_)
        assert engine.is_ready is not is_away


class TestVllm(StandIn):
    program = "vLLM"
    make = FakeVllm

    async def test_tokens_are_sent_as_tokens(
        self, fake: FakeEngine, engine: RemoteEngine, request_: GenerationRequest
    ) -> None:
        await engine.generate(replace(request_, required=b"ret"))
        held, plain = fake.completions()
        assert held["prompt"] == list(request_.tokens)
        assert held["structured_outputs"] == {"regex": r"ret(.|\n)*"}
        assert "structured_outputs" not in plain

    async def test_tokens_are_those_of_its_vocabulary(self, engine: RemoteEngine) -> None:
        texts = [TEXT, *SPECIAL_TOKENS, "".join(SPECIAL_TOKENS)]
        found = await engine.tokenize(texts)
        assert found == [served(tokenizer().tokenize(text)) for text in texts]

    async def test_a_gateway_that_knows_no_structure_is_asked_again(
        self, fake: FakeEngine, engine: RemoteEngine, request_: GenerationRequest
    ) -> None:
        fake.refused = "structured_outputs"
        got = await engine.generate(replace(request_, required=b"ret"))
        assert got.text.startswith(" + b")

    async def test_behind_a_gateway_without_tokens_prompts_are_text(
        self, fake: FakeEngine, server: AnyServer
    ) -> None:
        fake.hidden = "/tokenize"
        assert (await server.probe()).program == "vLLM"
        pieces = [piece async for piece in server.write((FIM_PREFIX, 357, FIM_MIDDLE), 1, "")]
        assert (pieces[0].text, pieces[0].tokens) == (" +", ())
        (asked,) = fake.completions()
        assert asked["prompt"] == f"<fim_prefix>{text_of(served([357]))}<fim_middle>"

    async def test_a_limit_that_was_not_told_is_learnt(
        self, fake: FakeEngine, engine: RemoteEngine, server: AnyServer
    ) -> None:
        fake.n_ctx = 1000
        request = GenerationRequest((100,) * 1500, 1, 20.0, StopRule(1))
        with pytest.raises(EngineError, match="takes 1000 tokens a request"):
            await engine.generate(request)
        assert (await server.probe()).n_ctx == 1000


class TestLlamaCppPython(StandIn):
    program = "llama-cpp-python"
    make = FakeLlamaCppPython

    async def test_whether_it_is_there_is_asked_without_disturbing_it(
        self, fake: FakeEngine, engine: RemoteEngine, server: AnyServer
    ) -> None:
        n_asked = len(fake.asked)
        await server.ask()
        await server.probe()
        assert [path for path, *_ in fake.asked[n_asked:]] == ["/none", "/none"]


class TestOpenAi(StandIn):
    program = "an OpenAI-compatible server"
    make = FakeOpenAi

    async def test_what_is_there_is_found_out(self, server: AnyServer) -> None:
        served = await server.probe()
        assert (served.program, served.name, served.n_ctx) == (self.program, "sc2", 0)


class TestOllama(StandIn):
    program = "Ollama"
    make = FakeOllama

    async def test_the_prompt_is_sent_raw_and_whole(
        self, fake: FakeEngine, engine: RemoteEngine, request_: GenerationRequest
    ) -> None:
        await engine.generate(request_)
        (asked,) = fake.completions()
        assert (asked["raw"], asked["truncate"], asked["shift"]) == (True, False, False)
        assert asked["options"]["num_ctx"] == N_CTX
        assert asked["keep_alive"] == "30m"

    async def test_a_model_is_loaded_before_it_is_asked(
        self, fake: FakeEngine, server: AnyServer
    ) -> None:
        fake.is_loaded, fake.n_ctx = False, 512
        with pytest.raises(ServerError, match="is loading sc2"):
            await server.probe()
        assert await asyncio.to_thread(fake.begun.wait, 10)
        assert (await server.probe()).n_ctx == N_CTX
        # It was unloaded for want of questions, or for another model.
        fake.is_loaded = False
        with pytest.raises(ServerError, match="is loading sc2"):
            await server.probe()

    async def test_the_length_that_is_loaded_is_kept(
        self, fake: FakeEngine, server: AnyServer
    ) -> None:
        fake.n_ctx = 8192
        assert (await server.probe()).n_ctx == N_CTX
        assert [piece async for piece in server.write((100,), 1, "")]
        assert fake.completions()[-1]["options"]["num_ctx"] == 8192
        fake.n_ctx = 1024
        with pytest.raises(ServerError, match="has loaded sc2 anew"):
            await server.probe()
        assert (await server.probe()).n_ctx == 1024


class TestTgi(StandIn):
    program = "Text Generation Inference"
    make = FakeTgi


@pytest.mark.parametrize("make", [FakeVllm, FakeLlamaCppPython, FakeOpenAi, FakeOllama])
async def test_of_several_models_one_is_named(make: type[FakeEngine]) -> None:
    fake = make(models=("one:3b", "two:7b"))
    fake.start()
    try:
        undecided = AnyServer(Address(fake.url), "", N_CTX)
        with pytest.raises(ServerError, match=r"several .*\(one:3b, two:7b\): write #NAME behind"):
            await undecided.probe()
        wrong = AnyServer(Address(fake.url), "three", N_CTX)
        with pytest.raises(ServerError, match=r"no .*'three.*' but one:3b, two:7b"):
            await wrong.probe()
        server = AnyServer(Address(fake.url), "two:7b", N_CTX)
        assert (await server.probe()).name == "two:7b"
        pieces = [piece async for piece in server.write((100,), 1, "")]
        assert pieces[0].text == "ok"
        assert fake.completions()[-1]["model"] == "two:7b"
    finally:
        for one in (undecided, wrong, server):
            await one.close()
        fake.stop()
