"""A ManagedEngine without weights, and a service whose answers tell what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

from sc2_lsp.completion.context import Context, Shown
from sc2_lsp.domain import (
    EmptyReason,
    EngineSpec,
    Generation,
    GenerationRequest,
    ModelInfo,
    Outcome,
    Snapshot,
    Snippet,
    StopReason,
    Suggestion,
    Tokens,
    Trigger,
    Usage,
)
from sc2_lsp.ports import Engine, EngineError
from sc2_lsp.settings import Settings


class FakeEngine:
    """Tokens are characters; remembers how it was used."""

    def __init__(self) -> None:
        self.specs: list[EngineSpec] = []
        self.n_warm_ups = 0
        self.closed = False
        self.state = "ready"
        self.pid = 4711
        self.load_share = 1.0

    @property
    def answering(self) -> str | None:
        return "theirs" if self.specs and self.specs[-1].endpoint else None

    async def for_request(self, lost: Sequence[Engine] = ()) -> FakeEngine:
        return self

    async def describe(self) -> ModelInfo:
        return ModelInfo("/fake.gguf", "fake", "fake", 1, 4096, 4096)

    async def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        return [tuple(map(ord, text)) for text in texts]

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return "".join(map(chr, tokens))

    async def generate(self, request: GenerationRequest) -> Generation:
        n_prompt = len(request.tokens)
        return Generation(
            "pass", StopReason.BLOCK_END, n_prompt, n_prompt, 4, queue_s=0, prompt_s=0, generate_s=0
        )

    def configure(self, spec: EngineSpec) -> None:
        self.specs.append(spec)

    def warm_up(self) -> None:
        self.n_warm_ups += 1

    async def close(self) -> None:
        self.closed = True


class FakeService:
    """Answers by the last word before the cursor.

    ALTERNATIVES has three suggestions. GO and what follows it of `GO_ON()` is completed to that, by
    the engine at first and then from the cache. SNAPSHOT is completed by the snapshot as JSON,
    ENGINE by the use of the engine. HANG waits until it is cancelled, RAISE fails, MESSAGE has
    something to tell, NOTICE as well, beside a suggestion, STUBBORN does not let itself be
    cancelled; anything else has no suggestion.
    """

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self._forgotten: list[str] = []
        self._opened: list[str] = []
        self.background_usage = Usage(prompt_tokens_evaluated=11, generation_steps=5)
        self.is_preparing = False

    async def complete(self, snapshot: Snapshot, trigger: Trigger, settings: Settings) -> Outcome:
        word = (_before(snapshot).split() or [""])[-1]
        if word.startswith("GO") and "GO_ON()".startswith(word) and word != "GO_ON()":
            rest = _suggest(snapshot, "GO_ON()".removeprefix(word))
            return replace(rest, usage=replace(rest.usage, cached=word != "GO"))
        if word == "SNAPSHOT":
            return _suggest(snapshot, _describe(snapshot, trigger, settings))
        if word == "ENGINE":
            return _suggest(snapshot, self._describe_engine())
        if word == "HANG":
            await asyncio.get_running_loop().create_future()
        if word == "STUBBORN":
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    continue
        if word == "RAISE":
            raise RuntimeError(f"failed over {snapshot.text.content}")
        if word == "MESSAGE":
            return Outcome(None, EmptyReason.MODEL_ERROR, message="The model file is missing.")
        if word == "ALTERNATIVES":
            first, *others = (Suggestion(text, snapshot.char_offset) for text in "abc")
            return Outcome(first, None, alternatives=tuple(others))
        if word == "NOTICE":
            return replace(_suggest(snapshot, "x"), message="The model runs on the processor.")
        if word == "SURROGATE":
            return _suggest(snapshot, "\ud800")
        return Outcome(None, EmptyReason.BLANK)

    async def context(
        self, snapshot: Snapshot, settings: Settings, budget: int | None = None
    ) -> Context:
        """One snippet with all that stands before the cursor, of 5 tokens."""
        if _before(snapshot).endswith("RAISE"):
            raise EngineError("The engine is down.")
        snippet = Snippet("pkg/b.py", 2, _before(snapshot), "similar", "like this")
        return Context((Shown(snippet, 5),), settings.context_tokens)

    def opened(self, snapshot: Snapshot, settings: Settings) -> None:
        self._opened.append(snapshot.path)

    def forget(self, uri: str) -> None:
        self._forgotten.append(uri)

    def close(self) -> None:
        self.is_preparing = False

    def _describe_engine(self) -> str:
        return json.dumps(
            {
                "models": [spec.model_path for spec in self._engine.specs],
                "n_warm_ups": self._engine.n_warm_ups,
                "opened": self._opened,
                "forgotten": self._forgotten,
            }
        )


def _describe(snapshot: Snapshot, trigger: Trigger, settings: Settings) -> str:
    return json.dumps(
        {
            "uri": snapshot.uri,
            "path": snapshot.path,
            "language_id": snapshot.language_id,
            "repository": snapshot.repository,
            "before": _before(snapshot)[-2000:],
            "after": snapshot.text.content[snapshot.char_offset :][:2000],
            "n_chars": len(snapshot.text.content),
            "open_files": [
                [other.path, other.text.content[:200], other.char_offset]
                for other in snapshot.open_files
            ],
            "trigger": trigger.value,
            "max_tokens": settings.max_tokens,
            "automatic": settings.automatic,
        }
    )


def _suggest(snapshot: Snapshot, text: str) -> Outcome:
    usage = Usage(prompt_tokens=10, prompt_tokens_evaluated=3, generated_tokens=2)
    return Outcome(Suggestion(text, snapshot.char_offset), None, usage)


def _before(snapshot: Snapshot) -> str:
    return snapshot.text.content[: snapshot.char_offset]
