from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import pytest

from sc2_lsp.completion.service import CompletionService
from sc2_lsp.domain import (
    EmptyReason,
    Generation,
    GenerationRequest,
    ModelInfo,
    StopReason,
    Tokens,
    Trigger,
)
from sc2_lsp.ports import EngineError, EngineUnavailable, ModelError
from sc2_lsp.settings import Settings
from tests.support.fake_engine import FakeEngine
from tests.support.snapshots import open_file, snapshot

ASKED = "x = <CURSOR>\ny = 2\n"


@dataclass
class ScriptedEngine(FakeEngine):
    """Writes `text`, or raises it where it is an error, once `gate` is open, where there is one."""

    text: str | EngineError = "foo(1)"
    stop_reason: StopReason = StopReason.SPECIAL_TOKEN
    gate: asyncio.Event | None = None
    is_loaded: bool = True
    requests: list[GenerationRequest] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def describe(self) -> ModelInfo:
        if not self.is_loaded:
            await asyncio.Event().wait()
        return ModelInfo("/fake.gguf", "fake", "fake", 1, 4096, 4096)

    async def generate(self, request: GenerationRequest) -> Generation:
        self.requests.append(request)
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.text, EngineError):
            raise self.text
        return Generation(self.text, self.stop_reason, 9, 7, 3, 0.0, 0.1, 0.2)


def service_of(engine: ScriptedEngine) -> CompletionService:
    return CompletionService(engine, time.monotonic)


def chars(tokens: Tokens) -> str:
    """The text of the scripted engine's tokens, which are char codes; control tokens as digits."""
    return "".join(chr(token) if token >= 10 else str(token) for token in tokens)


async def test_a_suggestion_with_what_it_cost() -> None:
    outcome = await service_of(ScriptedEngine()).complete(
        snapshot(ASKED), Trigger.AUTOMATIC, Settings()
    )
    assert outcome.suggestion is not None
    assert outcome.suggestion.text == "foo(1)"
    assert outcome.suggestion.char_offset == 4
    usage = outcome.usage
    assert (usage.prompt_tokens, usage.prompt_tokens_evaluated, usage.generated_tokens) == (9, 7, 3)


async def test_the_prompt_holds_repository_open_files_and_the_current_file() -> None:
    engine = ScriptedEngine()
    at = snapshot(ASKED, repository="acme/tool", open_files=(open_file("b.py", "B = 1\n"),))
    await service_of(engine).complete(at, Trigger.AUTOMATIC, Settings())
    (request,) = engine.requests
    assert chars(request.tokens) == "5acme/tool6b.py\nB = 1\n61pkg/main.py\nx = 3\ny = 2\n2"


async def test_typing_what_was_suggested_asks_no_engine() -> None:
    engine = ScriptedEngine()
    service = service_of(engine)
    await service.complete(snapshot(ASKED), Trigger.AUTOMATIC, Settings())
    outcome = await service.complete(
        snapshot("x = fo<CURSOR>\ny = 2\n"), Trigger.AUTOMATIC, Settings()
    )
    assert outcome.suggestion is not None
    assert outcome.suggestion.text == "o(1)"
    assert outcome.usage.cached
    assert len(engine.requests) == 1


async def test_other_settings_make_earlier_suggestions_void() -> None:
    engine = ScriptedEngine()
    service = service_of(engine)
    await service.complete(snapshot(ASKED), Trigger.AUTOMATIC, Settings())
    await service.complete(snapshot(ASKED), Trigger.AUTOMATIC, Settings(max_tokens=5))
    assert len(engine.requests) == 2


async def test_a_forgotten_document_is_asked_again() -> None:
    engine = ScriptedEngine()
    service, at = service_of(engine), snapshot(ASKED)
    await service.complete(at, Trigger.AUTOMATIC, Settings())
    service.forget(at.uri)
    await service.complete(at, Trigger.AUTOMATIC, Settings())
    assert len(engine.requests) == 2


@pytest.mark.parametrize(
    ("marked", "trigger", "settings", "reason"),
    [
        (ASKED, Trigger.AUTOMATIC, Settings(automatic=False), EmptyReason.DISABLED),
        ("x = so<CURSOR>me", Trigger.AUTOMATIC, Settings(), EmptyReason.INSIDE_WORD),
        (ASKED, Trigger.INVOKED, Settings(automatic=False), None),
        ("x = so<CURSOR>me", Trigger.INVOKED, Settings(), None),
    ],
)
async def test_a_key_asks_where_typing_does_not(
    marked: str, trigger: Trigger, settings: Settings, reason: EmptyReason | None
) -> None:
    engine = ScriptedEngine()
    outcome = await service_of(engine).complete(snapshot(marked), trigger, settings)
    assert outcome.reason is reason
    assert len(engine.requests) == (reason is None)


@pytest.mark.parametrize(
    ("text", "stop_reason", "reason"),
    [
        ("", StopReason.SPECIAL_TOKEN, EmptyReason.NOTHING_GENERATED),
        ("", StopReason.DEADLINE, EmptyReason.DEADLINE),
        ("   \n", StopReason.BLOCK_END, EmptyReason.BLANK),
        (ModelError("The file is broken."), None, EmptyReason.MODEL_ERROR),
        (EngineUnavailable("It died."), None, EmptyReason.ENGINE_DOWN),
        (EngineError("It refused."), None, EmptyReason.FAILED),
    ],
)
async def test_there_is_a_reason_where_nothing_is_suggested(
    text: str | EngineError, stop_reason: StopReason, reason: EmptyReason
) -> None:
    engine = ScriptedEngine(text=text, stop_reason=stop_reason)
    outcome = await service_of(engine).complete(snapshot(ASKED), Trigger.AUTOMATIC, Settings())
    assert outcome.suggestion is None
    assert outcome.reason is reason
    wants_mending = reason in {EmptyReason.MODEL_ERROR, EmptyReason.ENGINE_DOWN}
    assert outcome.message == (str(text) if wants_mending else None)


async def test_weights_that_load_for_longer_than_the_deadline() -> None:
    engine = ScriptedEngine(is_loaded=False)
    outcome = await service_of(engine).complete(
        snapshot(ASKED), Trigger.AUTOMATIC, Settings(deadline_ms=50)
    )
    assert outcome.reason is EmptyReason.LOADING


async def test_a_newer_request_ends_the_older_one() -> None:
    engine = ScriptedEngine(gate=asyncio.Event())
    service = service_of(engine)
    older = asyncio.ensure_future(service.complete(snapshot(ASKED), Trigger.AUTOMATIC, Settings()))
    await engine.asked.wait()
    newer = asyncio.ensure_future(
        service.complete(snapshot("x = b<CURSOR>\ny = 2\n"), Trigger.AUTOMATIC, Settings())
    )
    assert (await older).reason is EmptyReason.SUPERSEDED
    assert engine.gate is not None
    engine.gate.set()
    assert (await newer).suggestion is not None


async def test_a_cancelled_request_stays_cancelled() -> None:
    engine = ScriptedEngine(gate=asyncio.Event())
    asked = asyncio.ensure_future(
        service_of(engine).complete(snapshot(ASKED), Trigger.AUTOMATIC, Settings())
    )
    await engine.asked.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
