"""llama.cpp's own server with the bundled model writes what the local engine writes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sc2_lsp.completion.service import CompletionService
from sc2_lsp.domain import GenerationRequest, Priority, StopReason, StopRule, Trigger
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.engine.remote.remote import RemoteEngine
from sc2_lsp.engine.remote.team import TeamEngine
from sc2_lsp.models import engine_spec
from sc2_lsp.ports import Engine
from sc2_lsp.settings import Settings
from tests.support.fake_engine import FakeEngine
from tests.support.lsp_client import ROOT
from tests.support.server_processes import llama_server
from tests.support.snapshots import snapshot

pytestmark = [pytest.mark.reference, pytest.mark.timeout(300)]

CODE = (ROOT / "sc2_lsp" / "text.py").read_text(encoding="utf-8")
N_PLACES = 20
# Logits of a quantized model differ with the batches that a prompt is evaluated in, and text that
# is moved within the cache is not what was evaluated there: neither is what is compared here.
EXACT = Settings(n_ubatch=64, shift_tokens=0, drafting="never", warm_start_mb=0)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    program = Path(os.environ["SC2_LLAMA_TOOLS"]) / "llama-server"
    batches = ("--batch-size", "64", "--ubatch-size", "64")
    with llama_server(program, "--ctx-size", "4096", *batches) as (url, _):
        yield url


@pytest.fixture
async def engine() -> AsyncIterator[EngineClient]:
    client = EngineClient(engine_spec(EXACT), time.monotonic)
    yield client
    await client.close()


@pytest.fixture
async def team(url: str) -> AsyncIterator[TeamEngine]:
    spec = engine_spec(Settings(endpoint=url))
    team = TeamEngine(FakeEngine(), spec, time.monotonic)  # type: ignore[arg-type]
    assert isinstance(await team.for_request(), RemoteEngine)
    yield team
    await team.close()


async def requests(engine: Engine) -> list[GenerationRequest]:
    """What is asked at places all over a file, some of them inside a word."""
    found = []
    for number in range(N_PLACES):
        at = len(CODE) * (number + 1) // (N_PLACES + 1)
        cut = 3 if number % 2 and CODE[at - 3 : at].isidentifier() else 0
        before, behind = await engine.tokenize([CODE[max(0, at - 400) : at - cut], CODE[at:][:200]])
        # Nothing is cached of a prompt that begins with another token.
        tokens = (300 + number, 1, *before, 3, *behind, 2)
        found.append(
            GenerationRequest(
                tokens,
                max_tokens=24,
                deadline_s=60.0,
                stop=StopRule(max_lines=1 if number % 3 else 4),
                required=CODE[at - cut : at].encode(),
            )
        )
    return found


async def test_the_same_text_token_for_token(team: TeamEngine, engine: EngineClient) -> None:
    asked = await requests(engine)
    assert asked == await requests(team)
    assert any(request.required for request in asked)
    assert any(not request.required for request in asked)
    theirs = [await team.generate(request) for request in asked]
    ours = [await engine.generate(request) for request in asked]
    pairs = [(a.text, b.text) for a, b in zip(theirs, ours, strict=True)]
    assert [a for a, _ in pairs] == [b for _, b in pairs]
    assert sum(bool(text) for text, _ in pairs) > N_PLACES // 2


async def test_the_same_suggestion_through_the_whole_pipeline(
    team: TeamEngine, engine: EngineClient
) -> None:
    settings = Settings(layout="spm", idle_work="never", invoked_deadline_ms=60_000, alternatives=1)
    suggestions = []
    for one in (team, engine):
        service = CompletionService(one, time.monotonic, lambda: False)
        outcomes = [
            await service.complete(
                snapshot(CODE[:at] + "<CURSOR>" + CODE[at:]), Trigger.INVOKED, settings
            )
            for at in range(len(CODE) // 8, len(CODE), len(CODE) // 8)
        ]
        suggestions.append([outcome.suggestion for outcome in outcomes])
        service.close()
    assert suggestions[0] == suggestions[1]
    assert any(suggestions[0])


async def test_tokens_are_the_same_and_read_back(team: TeamEngine, engine: EngineClient) -> None:
    texts = [
        "def f(x):\r\n\treturn '<file_sep>' + \"é😀\" # 12 <|endoftext|>\f\u2028end",
        "a\ud800b",
        "",
    ]
    assert await team.tokenize(texts) == await engine.tokenize(texts)
    (tokens, *_) = await team.tokenize(texts)
    assert await team.detokenize(tokens) == texts[0]


async def test_what_the_server_has_read_is_not_read_again(team: TeamEngine) -> None:
    (tokens,) = await team.tokenize([CODE[:1500]])
    request = GenerationRequest((1, *tokens), max_tokens=4, deadline_s=60.0, stop=StopRule(100))
    first = await team.generate(replace(request, max_tokens=0))
    assert first.n_evaluated > 100
    again = await team.generate(replace(request, tokens=(*request.tokens, 90)))
    assert again.n_evaluated <= 2


async def test_cancelling_frees_the_server(team: TeamEngine) -> None:
    tokens = tuple(100 + index % 700 for index in range(3900))
    request = GenerationRequest(tokens, max_tokens=100, deadline_s=60.0, stop=StopRule(100))
    background = replace(request, priority=Priority.BACKGROUND)
    running = asyncio.ensure_future(team.generate(background))
    await asyncio.sleep(0)
    small = replace(request, tokens=(200, 201), max_tokens=1)
    got = await team.generate(small)
    assert got.n_generated == 1
    assert (await running).stop_reason is StopReason.PREEMPTED
