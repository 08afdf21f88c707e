"""The door to completion: one call per request of an editor."""

from __future__ import annotations

import logging

from sc2_lsp.completion.cache import SuggestionCache
from sc2_lsp.completion.pipeline import complete
from sc2_lsp.completion.scheduler import Scheduler, Superseded
from sc2_lsp.completion.trigger import is_inside_word
from sc2_lsp.domain import EmptyReason, Outcome, Snapshot, Suggestion, Trigger, Usage
from sc2_lsp.ports import Clock, Engine, EngineError, EngineUnavailable, ModelError
from sc2_lsp.settings import Settings

_log = logging.getLogger(__name__)


class CompletionService:
    """Answers completion requests; owns what is remembered between them.

    Raises nothing but `asyncio.CancelledError`: every failure is an `Outcome` with a reason.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._cache = SuggestionCache()
        self._scheduler = Scheduler()
        self._settings: Settings | None = None

    async def complete(self, snapshot: Snapshot, trigger: Trigger, settings: Settings) -> Outcome:
        """The suggestion at the snapshot's cursor, or the reason why there is none.

        A newer request for the same document ends an older one.
        """
        if settings != self._settings:
            self._settings = settings
            self._cache.clear()
        if trigger is Trigger.AUTOMATIC:
            if not settings.automatic:
                return Outcome(None, EmptyReason.DISABLED)
            if is_inside_word(snapshot):
                return Outcome(None, EmptyReason.INSIDE_WORD)
        known = self._cache.find(snapshot)
        if known is not None:
            return Outcome(Suggestion(known, snapshot.char_offset), None, Usage(cached=True))
        outcome = await self._ask(snapshot, trigger, settings)
        if outcome.suggestion is not None:
            self._cache.add(snapshot, outcome.suggestion.text)
        return outcome

    async def _ask(self, snapshot: Snapshot, trigger: Trigger, settings: Settings) -> Outcome:
        work = complete(snapshot, trigger, settings, self._engine, self._clock)
        try:
            return await self._scheduler.run(snapshot.uri, work)
        except Superseded:
            return Outcome(None, EmptyReason.SUPERSEDED)
        except ModelError as error:
            return Outcome(None, EmptyReason.MODEL_ERROR, message=str(error))
        except EngineUnavailable as error:
            return Outcome(None, EmptyReason.ENGINE_DOWN, message=str(error))
        except EngineError as error:
            _log.warning("the engine refused a request: %s", error)
            return Outcome(None, EmptyReason.FAILED)

    def forget(self, uri: str) -> None:
        """Drop what is remembered of a closed document."""
        self._cache.forget(uri)
