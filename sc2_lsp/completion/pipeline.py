"""The stages of a completion, in order: the only place that knows it."""

from __future__ import annotations

import math

from sc2_lsp import postprocess
from sc2_lsp.completion.anchors import Anchors
from sc2_lsp.completion.assemble import assemble
from sc2_lsp.completion.cache import Known
from sc2_lsp.completion.means import Means
from sc2_lsp.completion.trigger import stop_rule
from sc2_lsp.domain import (
    EmptyReason,
    Generation,
    GenerationRequest,
    Outcome,
    Prompt,
    Snapshot,
    StopReason,
    StopRule,
    Suggestion,
    Trigger,
    Usage,
)
from sc2_lsp.ports import Clock
from sc2_lsp.settings import Settings
from sc2_lsp.stopping import end_of_suggestion

# What is left for the last steps when the engine answers right at the deadline.
_SHORTEST_GENERATION_S = 0.01
# The share of the time until the deadline in which the prompt has to be evaluated. While somebody
# types, that is also no longer than what feels like at once, however late the deadline is.
_PROMPT_SHARE = 0.3
_AT_ONCE_S = 0.25
# How far from the cursor a suggestion is compared with the document.
_POSTPROCESS_CHARS = 16 * 1024


def deadline_s(trigger: Trigger, settings: Settings) -> float:
    """How many seconds a request may take."""
    invoked = trigger is Trigger.INVOKED
    return (settings.invoked_deadline_ms if invoked else settings.deadline_ms) / 1000


async def complete(
    snapshot: Snapshot,
    trigger: Trigger,
    means: Means,
    anchors: Anchors,
    clock: Clock,
    ends_at_s: float,
    *,
    may_prepare: bool,
) -> tuple[Outcome, Generation]:
    """Ask the engine for a suggestion at the snapshot's cursor, until `ends_at_s` on the clock.

    Where the prompt can be prepared in the background, a cheaper one is asked meanwhile. Raises
    EngineError.
    """
    settings = means.settings
    prompt = await assemble(snapshot, anchors, means)
    remaining_s = max(ends_at_s - clock(), _SHORTEST_GENERATION_S)
    prompt_s = _PROMPT_SHARE * remaining_s
    if trigger is Trigger.AUTOMATIC:
        prompt_s = min(prompt_s, _AT_ONCE_S)
    generation = await means.engine.generate(
        GenerationRequest(
            tokens=prompt.tokens,
            max_tokens=min(settings.max_tokens, means.model.n_ctx - len(prompt.tokens)),
            deadline_s=remaining_s,
            stop=_stop_rule(snapshot, trigger, settings),
            required=prompt.required,
            n_alternatives=settings.alternatives if trigger is Trigger.INVOKED else 1,
            cheaper=prompt.cheaper if may_prepare else (),
            prompt_budget_s=prompt_s if may_prepare else math.inf,
        )
    )
    return _outcome(snapshot, prompt, generation), generation


def continued(
    snapshot: Snapshot, trigger: Trigger, settings: Settings, known: Known
) -> Outcome | None:
    """The answer from what the model wrote before; None where it has not written far enough."""
    usage = Usage(cached=True)
    if known.shown:
        return Outcome(Suggestion(known.shown, snapshot.char_offset), None, usage)
    end = end_of_suggestion(known.written, _stop_rule(snapshot, trigger, settings))
    if end is None and not known.is_complete:
        return None
    text, reason = postprocess.run(known.written[:end], around(snapshot))
    suggestion = Suggestion(text, snapshot.char_offset) if reason is None else None
    return Outcome(suggestion, reason, usage)


def around(snapshot: Snapshot) -> postprocess.Around:
    content, cursor = snapshot.text.content, snapshot.char_offset
    return postprocess.Around(
        before=content[max(cursor - _POSTPROCESS_CHARS, 0) : cursor],
        after=content[cursor : cursor + _POSTPROCESS_CHARS],
    )


def _stop_rule(snapshot: Snapshot, trigger: Trigger, settings: Settings) -> StopRule:
    return stop_rule(snapshot, trigger, settings.multiline, settings.max_lines)


def _outcome(snapshot: Snapshot, prompt: Prompt, generation: Generation) -> Outcome:
    here = around(snapshot)
    text, reason = postprocess.run(generation.text, here)
    if not generation.text and generation.stop_reason is StopReason.DEADLINE:
        reason = EmptyReason.DEADLINE
    texts = [] if reason is not None else [text]
    for other in generation.alternatives:
        shown, other_reason = postprocess.run(other, here)
        if other_reason is None and shown not in texts:
            texts.append(shown)
    suggestions = tuple(Suggestion(shown, snapshot.char_offset) for shown in texts)
    return Outcome(
        suggestion=suggestions[0] if suggestions else None,
        reason=None if suggestions else reason,
        usage=Usage.of(generation),
        stop_reason=generation.stop_reason,
        prompt=prompt,
        alternatives=suggestions[1:],
        is_provisional=generation.choice > 0,
    )
