"""What is done while nobody waits, so that the next request finds it done.

One task at a time. It begins when an answer is out or a document was opened, does the most urgent
first, and ends at once when somebody asks: its requests are of the background, and the engine stops
those within milliseconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from sc2_lsp import postprocess
from sc2_lsp.completion import pipeline
from sc2_lsp.completion.anchors import Anchors
from sc2_lsp.completion.assemble import (
    assemble,
    budget_of,
    is_far,
    new_anchor,
    opening,
    prompt_of,
)
from sc2_lsp.completion.cache import SuggestionCache
from sc2_lsp.completion.choice import is_stale
from sc2_lsp.completion.means import Means
from sc2_lsp.domain import (
    Generation,
    GenerationRequest,
    Outcome,
    Priority,
    Snapshot,
    StopReason,
    StopRule,
    Tokens,
    Usage,
)
from sc2_lsp.ports import EngineError, Power
from sc2_lsp.settings import Settings

_log = logging.getLogger(__name__)

# Text is written ahead across lines, up to the end of a paragraph.
_AHEAD_RULE = StopRule(max_lines=1000)
_BACKGROUND_DEADLINE_S = 3600.0
_OPENINGS = 2

Work = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long, in seconds, the user has to rest before each kind of work begins.

    Other context is a whole prompt anew: where others wait for that, `shared` goes by before.
    """

    ahead: float = 0.1
    anchor: float = 1.0
    context: float = 5.0
    shared: float = 60.0
    retry: float = 0.5


class IdleWork:
    """Owns the background task of one session and what it cost."""

    def __init__(
        self,
        anchors: Anchors,
        cache: SuggestionCache,
        means: Callable[[Settings], Awaitable[Means]],
        on_battery: Power,
        pauses: Pauses,
    ) -> None:
        self._anchors = anchors
        self._cache = cache
        self._means = means
        self._on_battery = on_battery
        self._pauses = pauses
        self._task: asyncio.Task[None] | None = None
        self._openings: OrderedDict[str, Snapshot] = OrderedDict()
        self.usage = Usage()

    def is_allowed(self, settings: Settings) -> bool:
        """Whether the user wants work in the background, as the machine is powered now."""
        if settings.idle_work == "on_power":
            return not self._on_battery()
        return settings.idle_work == "always"

    @property
    def is_busy(self) -> bool:
        return self._task is not None and not self._task.done()

    def interrupt(self) -> None:
        """End what is under way; whatever was evaluated stays in the KV cache."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def after_answer(self, snapshot: Snapshot, outcome: Outcome, settings: Settings) -> None:
        """Prepare for what the user does next at this place."""
        self._openings.pop(snapshot.uri, None)
        self.interrupt()
        self._begin(partial(self._prepare, snapshot, outcome, settings), settings)

    def after_opening(self, snapshot: Snapshot, settings: Settings) -> None:
        """Evaluate how the prompts of a document begin that was just opened."""
        self._openings[snapshot.uri] = snapshot
        self._openings.move_to_end(snapshot.uri)
        while len(self._openings) > _OPENINGS:
            self._openings.popitem(last=False)
        if not self.is_busy:
            self._begin(partial(self._open, settings), settings)

    def forget(self, uri: str) -> None:
        self._openings.pop(uri, None)

    def _begin(self, work: Work, settings: Settings) -> None:
        if self.is_allowed(settings):
            self._task = asyncio.ensure_future(_guard(work))

    async def _prepare(self, snapshot: Snapshot, outcome: Outcome, settings: Settings) -> None:
        await asyncio.sleep(self._pauses.ahead)
        means = await self._means(settings)
        if outcome.is_provisional and outcome.prompt is not None:
            await self._evaluate(outcome.prompt.tokens, means)
        if outcome.suggestion is not None:
            await self._write_ahead(snapshot, outcome.suggestion.text, means)
        await self._open(settings)
        await asyncio.sleep(self._pauses.anchor)
        await self._follow_cursor(snapshot, means)
        is_shared = means.model.is_shared
        await asyncio.sleep(self._pauses.shared if is_shared else self._pauses.context)
        await self._renew_context(snapshot, means)

    async def _write_ahead(self, snapshot: Snapshot, shown: str, means: Means) -> None:
        """Let the model write on behind what is shown, so that the next line is there by then."""
        n_ahead = means.settings.ahead_tokens
        known = self._cache.find(snapshot)
        if not n_ahead or known is None or known.is_complete:
            return
        (shown_tokens,) = await means.engine.tokenize([shown])
        (written_tokens,) = await means.engine.tokenize([known.written])
        if len(written_tokens) - len(shown_tokens) >= n_ahead // 2:
            return
        prompt = await assemble(snapshot, self._anchors, means)
        room = means.model.n_ctx - len(prompt.tokens)
        generation = await self._ask(
            GenerationRequest(
                tokens=prompt.tokens,
                max_tokens=min(len(shown_tokens) + n_ahead, room),
                deadline_s=_BACKGROUND_DEADLINE_S,
                stop=_AHEAD_RULE,
                required=prompt.required,
                priority=Priority.BACKGROUND,
            ),
            means,
        )
        written = postprocess.in_document_style(generation.text, pipeline.around(snapshot))
        if written.startswith(shown) and len(written) > len(known.written):
            self._cache.add(
                snapshot,
                shown,
                written,
                is_complete=generation.stop_reason is StopReason.SPECIAL_TOKEN,
            )

    async def _open(self, settings: Settings) -> None:
        means = await self._means(settings)
        while self._openings:
            uri, snapshot = next(reversed(self._openings.items()))
            await self._evaluate(await opening(snapshot, self._anchors, means), means)
            self._openings.pop(uri, None)

    async def _follow_cursor(self, snapshot: Snapshot, means: Means) -> None:
        """Drop anchor anew near the cursor when much was typed since; it counts once evaluated."""
        held = self._anchors.holding(snapshot)
        if held is not None and await is_far(snapshot, held[1], means):
            await self._drop_anchor(snapshot, means, renew=False)

    async def _renew_context(self, snapshot: Snapshot, means: Means) -> None:
        """Show other code of the repository where much of it would be chosen otherwise today."""
        held = self._anchors.holding(snapshot)
        if held is None:
            return
        n_tokens = (await budget_of(snapshot, means)).context
        if await is_stale(snapshot, n_tokens, means, held[0].snippets):
            await self._drop_anchor(snapshot, means, renew=True)

    async def _drop_anchor(self, snapshot: Snapshot, means: Means, *, renew: bool) -> None:
        anchor = await new_anchor(snapshot, self._anchors, means, renew=renew)
        typed = snapshot.text.content[anchor.at : snapshot.char_offset]
        prompt = await prompt_of(snapshot, anchor, typed, means)
        if prompt is not None:
            await self._evaluate(prompt.tokens, means)
            self._anchors.add(snapshot, anchor)

    async def _evaluate(self, tokens: Tokens, means: Means) -> None:
        """Bring `tokens` into the KV cache, however often somebody else comes first."""
        request = GenerationRequest(
            tokens=tokens,
            max_tokens=0,
            deadline_s=_BACKGROUND_DEADLINE_S,
            stop=_AHEAD_RULE,
            priority=Priority.BACKGROUND,
        )
        while True:
            generation = await self._ask(request, means)
            if generation.stop_reason is not StopReason.PREEMPTED:
                return
            await asyncio.sleep(self._pauses.retry)

    async def _ask(self, request: GenerationRequest, means: Means) -> Generation:
        generation = await means.engine.generate(request)
        self.usage += Usage.of(generation)
        return generation


async def _guard(work: Work) -> None:
    try:
        await work()
    except EngineError as error:
        _log.debug("work in the background ended: %s", error)
