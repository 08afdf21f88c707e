"""The door to completion: one call per request of an editor."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from sc2_lsp import postprocess, retrieval
from sc2_lsp.completion import pipeline
from sc2_lsp.completion.anchors import Anchors
from sc2_lsp.completion.cache import SuggestionCache
from sc2_lsp.completion.context import Context, context_at
from sc2_lsp.completion.idle import IdleWork, Pauses
from sc2_lsp.completion.means import Means
from sc2_lsp.completion.scheduler import Scheduler, Superseded
from sc2_lsp.completion.trigger import is_inside_word
from sc2_lsp.domain import EmptyReason, Outcome, Snapshot, Snippet, StopReason, Trigger, Usage
from sc2_lsp.ports import (
    Clock,
    CodeIndex,
    Engine,
    EngineError,
    EngineUnavailable,
    ModelError,
    Power,
    RequestLost,
)
from sc2_lsp.secrets import stands_at_secret
from sc2_lsp.settings import Settings
from sc2_lsp.workspace.secrecy import is_secret_document

_log = logging.getLogger(__name__)

# Engines keep to the deadline by themselves; one that does not is not waited for much longer.
_GRACE_S = 0.5

IndexFor = Callable[[Snapshot], "CodeIndex | None"]
"""What is known of the repository that holds a snapshot's document."""


def no_index(snapshot: Snapshot) -> CodeIndex | None:
    """For a document of no repository, or where nothing is to be indexed."""
    return None


class CompletionService:
    """Answers completion requests; owns what is remembered between them.

    A completion raises nothing but `asyncio.CancelledError`: every failure is an `Outcome` with a
    reason.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        on_battery: Power,
        pauses: Pauses | None = None,
        index_for: IndexFor = no_index,
    ) -> None:
        self._engine = engine
        self._index_for = index_for
        self._clock = clock
        self._anchors = Anchors()
        self._cache = SuggestionCache()
        self._scheduler = Scheduler()
        self._idle = IdleWork(
            self._anchors, self._cache, self._means, on_battery, pauses or Pauses()
        )
        self._settings: Settings | None = None
        self._notice = ""

    @property
    def background_usage(self) -> Usage:
        """What the work that nobody waited for has cost so far."""
        return self._idle.usage

    @property
    def is_preparing(self) -> bool:
        """Whether work goes on in the background."""
        return self._idle.is_busy

    async def complete(self, snapshot: Snapshot, trigger: Trigger, settings: Settings) -> Outcome:
        """The suggestion at the snapshot's cursor, or the reason why there is none.

        A newer request for the same document ends an older one.
        """
        self._take(settings)
        if trigger is Trigger.AUTOMATIC:
            if not settings.automatic:
                return Outcome(None, EmptyReason.DISABLED)
            if is_inside_word(snapshot):
                return Outcome(None, EmptyReason.INSIDE_WORD)
        is_secret = is_secret_document(snapshot.uri)
        if is_secret or stands_at_secret(snapshot.text, snapshot.char_offset):
            return Outcome(None, EmptyReason.EXCLUDED)
        self._idle.interrupt()
        known = self._cache.find(snapshot) if trigger is Trigger.AUTOMATIC else None
        outcome = pipeline.continued(snapshot, trigger, settings, known) if known else None
        if outcome is None:
            return await self._ask(snapshot, trigger, settings)
        if known is not None and not known.shown and outcome.suggestion is not None:
            self._remember(snapshot, outcome, known.written, is_complete=known.is_complete)
        self._idle.after_answer(snapshot, outcome, settings)
        return outcome

    async def context(
        self, snapshot: Snapshot, settings: Settings, budget: int | None = None
    ) -> Context:
        """What a prompt shows of other files there; see `context_at`. Raises EngineError."""
        self._take(settings)
        return await context_at(snapshot, self._anchors, await self._means(settings), budget)

    def opened(self, snapshot: Snapshot, settings: Settings) -> None:
        """A document was opened: prepare for the first request in it."""
        self._take(settings)
        if settings.automatic and not is_secret_document(snapshot.uri):
            self._idle.after_opening(snapshot, settings)

    def forget(self, uri: str) -> None:
        """Drop what is remembered of a closed document."""
        self._cache.forget(uri)
        self._anchors.forget(uri)
        self._idle.forget(uri)

    def close(self) -> None:
        """End the work in the background."""
        self._idle.interrupt()

    def _take(self, settings: Settings) -> None:
        if settings != self._settings:
            self._settings = settings
            self._cache.clear()
            self._anchors.clear()

    async def _means(self, settings: Settings, lost: Sequence[Engine] = ()) -> Means:
        engine = await self._engine.for_request(lost)
        return Means(settings, await engine.describe(), engine, self._gather, self._gone)

    def _gather(self, snapshot: Snapshot) -> tuple[Snippet, ...]:
        return retrieval.gather(snapshot, self._index_for(snapshot))

    def _gone(self, snapshot: Snapshot, shown: Sequence[Snippet]) -> Sequence[Collection[int]]:
        return retrieval.gone_lines(snapshot, shown, self._index_for(snapshot))

    async def _ask(self, snapshot: Snapshot, trigger: Trigger, settings: Settings) -> Outcome:
        try:
            return await self._scheduler.run(
                snapshot.uri, self._generate(snapshot, trigger, settings)
            )
        except Superseded:
            return Outcome(None, EmptyReason.SUPERSEDED)
        except ModelError as error:
            return Outcome(None, EmptyReason.MODEL_ERROR, message=str(error))
        except EngineUnavailable as error:
            return Outcome(None, EmptyReason.ENGINE_DOWN, message=str(error))
        except EngineError as error:
            _log.warning("the engine refused a request: %s", error)
            return Outcome(None, EmptyReason.FAILED)

    async def _generate(self, snapshot: Snapshot, trigger: Trigger, settings: Settings) -> Outcome:
        ends_at_s = self._clock() + pipeline.deadline_s(trigger, settings)
        lost: list[Engine] = []
        while True:
            try:
                return await self._attempt(snapshot, trigger, settings, ends_at_s, lost)
            except RequestLost as loss:
                if loss.engine in lost:
                    raise
                _log.info("a request goes on elsewhere: %s", loss)
                lost.append(loss.engine)

    async def _attempt(
        self,
        snapshot: Snapshot,
        trigger: Trigger,
        settings: Settings,
        ends_at_s: float,
        lost: Sequence[Engine],
    ) -> Outcome:
        remaining_s = ends_at_s - self._clock()
        try:
            means = await asyncio.wait_for(self._means(settings, lost), remaining_s)
        except asyncio.TimeoutError:
            return Outcome(None, EmptyReason.LOADING)
        asking = pipeline.complete(
            snapshot,
            trigger,
            means,
            self._anchors,
            self._clock,
            ends_at_s,
            may_prepare=self._idle.is_allowed(settings),
        )
        try:
            limit_s = ends_at_s - self._clock() + _GRACE_S
            outcome, generation = await asyncio.wait_for(asking, limit_s)
        except asyncio.TimeoutError:
            return Outcome(None, EmptyReason.DEADLINE)
        self._remember(
            snapshot,
            outcome,
            postprocess.in_document_style(generation.text, pipeline.around(snapshot)),
            is_complete=generation.stop_reason is StopReason.SPECIAL_TOKEN,
        )
        self._idle.after_answer(snapshot, outcome, settings)
        if means.model.notice != self._notice:
            self._notice = means.model.notice
            return replace(outcome, message=self._notice or None)
        return outcome

    def _remember(
        self, snapshot: Snapshot, outcome: Outcome, written: str, *, is_complete: bool
    ) -> None:
        if outcome.suggestion is not None:
            self._cache.add(snapshot, outcome.suggestion.text, written, is_complete=is_complete)
