from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import pytest

from sc2_lsp.completion.idle import Pauses
from sc2_lsp.completion.service import CompletionService
from sc2_lsp.domain import (
    EmptyReason,
    Generation,
    GenerationRequest,
    ModelInfo,
    Priority,
    StopReason,
    Tokens,
    Trigger,
)
from sc2_lsp.ports import EngineError, EngineUnavailable, ModelError
from sc2_lsp.settings import Settings
from tests.support.fake_engine import FakeEngine
from tests.support.snapshots import open_file, snapshot
from tests.support.waiting import rested

ASKED = "x = <CURSOR>\ny = 2\n"


@dataclass
class ScriptedEngine(FakeEngine):
    """Writes `text`, or raises it where it is an error, once `gate` is open, where there is one."""

    text: str | EngineError = "foo(1)"
    stop_reason: StopReason = StopReason.SPECIAL_TOKEN
    gate: asyncio.Event | None = None
    is_loaded: bool = True
    written_ahead: str = ""
    notice: str = ""
    choice: int = 0
    is_shared: bool = False
    n_preemptions: int = 0
    requests: list[GenerationRequest] = field(default_factory=list)
    background: list[GenerationRequest] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def describe(self) -> ModelInfo:
        if not self.is_loaded:
            await asyncio.Event().wait()
        return ModelInfo(
            "/fake.gguf",
            "fake",
            "fake",
            1,
            4096,
            4096,
            notice=self.notice,
            is_shared=self.is_shared,
        )

    async def generate(self, request: GenerationRequest) -> Generation:
        if request.priority is Priority.BACKGROUND:
            return await self.prepare(request)
        self.requests.append(request)
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.text, EngineError):
            raise self.text
        return Generation(self.text, self.stop_reason, 9, 7, 3, 0.0, 0.1, 0.2, choice=self.choice)

    async def prepare(self, request: GenerationRequest) -> Generation:
        self.background.append(request)
        if self.n_preemptions:
            self.n_preemptions -= 1
            return Generation("", StopReason.PREEMPTED, 9, 1, 0, 0.0, 0.1, 0.0)
        text = self.written_ahead if request.max_tokens else ""
        return Generation(text, StopReason.MAX_TOKENS, 9, 5, 4, 0.0, 0.1, 0.2, n_steps=2)


def service_of(engine: ScriptedEngine, *, on_battery: bool = False) -> CompletionService:
    pauses = Pauses(ahead=0, anchor=0, context=0, retry=0)
    return CompletionService(engine, time.monotonic, lambda: on_battery, pauses)


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
    assert chars(request.tokens) == "5acme/tool6b.py\nB = 1\n61pkg/main.py\n3\ny = 2\n2x ="
    assert request.required == b" "


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


async def test_the_next_line_is_ready_when_the_first_is_accepted() -> None:
    engine = ScriptedEngine(
        stop_reason=StopReason.BLOCK_END, written_ahead="foo(1)\nz = bar(2)\nw = 3\n"
    )
    service = service_of(engine)
    settings = Settings(multiline="never")
    await service.complete(snapshot(ASKED), Trigger.AUTOMATIC, settings)
    await rested(service)
    accepted = snapshot("x = foo(1)\n<CURSOR>\ny = 2\n")
    outcome = await service.complete(accepted, Trigger.AUTOMATIC, settings)
    assert outcome.suggestion is not None
    assert outcome.suggestion.text == "z = bar(2)"
    assert outcome.usage.cached
    assert len(engine.requests) == 1
    half = snapshot("x = foo(1)\nz = b<CURSOR>\ny = 2\n")
    outcome = await service.complete(half, Trigger.AUTOMATIC, settings)
    assert outcome.suggestion is not None
    assert outcome.suggestion.text == "ar(2)"
    assert len(engine.requests) == 1


async def test_an_answer_from_a_cheaper_prompt_is_followed_by_evaluating_the_wanted_one() -> None:
    engine = ScriptedEngine(choice=1, n_preemptions=2)
    service = service_of(engine)
    outcome = await service.complete(snapshot(ASKED), Trigger.AUTOMATIC, Settings(ahead_tokens=0))
    assert outcome.is_provisional
    await rested(service)
    wanted = [request for request in engine.background if request.max_tokens == 0]
    assert [request.tokens for request in wanted] == [engine.requests[0].tokens] * 3
    assert service.background_usage.prompt_tokens_evaluated == 7


async def test_an_opened_document_is_evaluated_before_anybody_asks() -> None:
    engine = ScriptedEngine()
    service = service_of(engine)
    service.opened(snapshot("<CURSOR>x = 1\ny = 2\n"), Settings())
    await rested(service)
    (request,) = engine.background
    assert chars(request.tokens).startswith("61pkg/main.py\nx = 1\ny = 2\n")
    assert request.max_tokens == 0


async def test_much_typed_text_moves_the_anchor_while_the_user_rests() -> None:
    engine = ScriptedEngine()
    service, settings = service_of(engine), Settings(n_ctx=16384, ahead_tokens=0)
    before = "a = 1\n"
    await service.complete(snapshot(before + "<CURSOR>\n"), Trigger.AUTOMATIC, settings)
    typed = "".join(f"v{number} = {number}\n" for number in range(50))
    near, far = typed[:200], typed[:460]
    await service.complete(snapshot(before + near + "<CURSOR>\n"), Trigger.AUTOMATIC, settings)
    await rested(service)
    assert engine.background == []
    await service.complete(snapshot(before + far + "<CURSOR>\n"), Trigger.AUTOMATIC, settings)
    await rested(service)
    (moved,) = engine.background
    assert "v30 = 30" in chars(moved.tokens).partition("3\n2")[0]
    await service.complete(snapshot(before + far + "w<CURSOR>\n"), Trigger.AUTOMATIC, settings)
    assert chars(engine.requests[-1].tokens).startswith(chars(moved.tokens)[:-10])


async def test_a_file_opened_meanwhile_comes_into_the_prompt_while_the_user_rests() -> None:
    engine = ScriptedEngine()
    service, settings = service_of(engine), Settings(ahead_tokens=0)
    await service.complete(snapshot(ASKED), Trigger.AUTOMATIC, settings)
    await rested(service)
    assert engine.background == []
    others = (open_file("b.py", "B = 1\n"),)
    now = snapshot("x = q<CURSOR>\ny = 2\n", open_files=others)
    await service.complete(now, Trigger.AUTOMATIC, settings)
    assert "b.py" not in chars(engine.requests[-1].tokens)
    await rested(service)
    (renewed,) = engine.background
    assert chars(renewed.tokens).startswith("6b.py\nB = 1\n")
    now = snapshot("x = qu<CURSOR>\ny = 2\n", open_files=others)
    await service.complete(now, Trigger.AUTOMATIC, settings)
    assert "b.py" in chars(engine.requests[-1].tokens)


@pytest.mark.parametrize(
    ("is_shared", "context_s", "shared_s", "renews"),
    [(False, 0.0, 1e6, True), (True, 0.0, 1e6, False), (True, 1e6, 0.0, True)],
)
async def test_where_others_wait_for_it_the_user_rests_longer_before_other_context_is_read(
    is_shared: bool, context_s: float, shared_s: float, renews: bool
) -> None:
    engine = ScriptedEngine(is_shared=is_shared)
    pauses = Pauses(ahead=0, anchor=0, context=context_s, shared=shared_s, retry=0)
    service = CompletionService(engine, time.monotonic, lambda: False, pauses)
    settings = Settings(ahead_tokens=0)
    await service.complete(snapshot(ASKED), Trigger.AUTOMATIC, settings)
    now = snapshot("x = q<CURSOR>\ny = 2\n", open_files=(open_file("b.py", "B = 1\n"),))
    await service.complete(now, Trigger.AUTOMATIC, settings)
    for _ in range(100):
        await asyncio.sleep(0)
    assert bool(engine.background) is renews
    service.close()


@pytest.mark.parametrize(
    ("idle_work", "on_battery", "prepares"),
    [
        ("always", True, True),
        ("on_power", False, True),
        ("on_power", True, False),
        ("never", False, False),
    ],
)
async def test_the_user_says_when_to_work_in_the_background(
    idle_work: str, on_battery: bool, prepares: bool
) -> None:
    engine = ScriptedEngine(stop_reason=StopReason.BLOCK_END)
    service = service_of(engine, on_battery=on_battery)
    settings = Settings(idle_work=idle_work)  # type: ignore[arg-type]
    await service.complete(snapshot(ASKED), Trigger.AUTOMATIC, settings)
    service.opened(snapshot("<CURSOR>x = 1\n", path="other.py"), settings)
    await rested(service)
    assert bool(engine.background) == prepares
    (request,) = engine.requests
    # Who may not prepare the wanted prompt in the background has to wait for it in front.
    assert bool(request.cheaper) == prepares


async def test_a_request_ends_the_work_in_the_background() -> None:
    engine = ScriptedEngine(stop_reason=StopReason.BLOCK_END)
    service = CompletionService(engine, time.monotonic, lambda: False, Pauses(ahead=60))
    await service.complete(snapshot(ASKED), Trigger.AUTOMATIC, Settings())
    assert service.is_preparing
    asked = asyncio.ensure_future(
        service.complete(snapshot("q = <CURSOR>\n"), Trigger.AUTOMATIC, Settings())
    )
    await asked
    service.close()
    assert not service.is_preparing
    assert engine.background == []


async def test_a_key_asks_for_alternatives() -> None:
    engine = ScriptedEngine()
    await service_of(engine).complete(snapshot(ASKED), Trigger.INVOKED, Settings(alternatives=3))
    await service_of(engine).complete(snapshot(ASKED), Trigger.AUTOMATIC, Settings(alternatives=3))
    assert [request.n_alternatives for request in engine.requests] == [3, 1]


async def test_what_the_engine_has_to_tell_comes_with_one_answer() -> None:
    engine = ScriptedEngine(notice="It runs on the CPU.")
    service = service_of(engine)
    messages = [
        (await service.complete(snapshot(text), Trigger.INVOKED, Settings())).message
        for text in ("a = <CURSOR>\n", "b = <CURSOR>\n")
    ]
    assert messages == ["It runs on the CPU.", None]
