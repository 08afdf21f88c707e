"""The stages of a completion, in order: the only place that knows it."""

from __future__ import annotations

import asyncio

from sc2_lsp import postprocess, retrieval
from sc2_lsp.completion.assemble import assemble
from sc2_lsp.completion.trigger import stop_rule
from sc2_lsp.domain import (
    EmptyReason,
    Generation,
    GenerationRequest,
    Outcome,
    Prompt,
    Snapshot,
    StopReason,
    Suggestion,
    Trigger,
    Usage,
)
from sc2_lsp.ports import Clock, Engine
from sc2_lsp.settings import Settings

# What is left for the last steps when the engine answers right at the deadline.
_SHORTEST_GENERATION_S = 0.01
# How far from the cursor a suggestion is compared with the document.
_POSTPROCESS_CHARS = 16 * 1024


async def complete(
    snapshot: Snapshot, trigger: Trigger, settings: Settings, engine: Engine, clock: Clock
) -> Outcome:
    """Ask the engine for a suggestion at the snapshot's cursor.

    Raises EngineError. Weights that are not loaded by the deadline are no error but an outcome.
    """
    deadline_s = clock() + _deadline_s(trigger, settings)
    try:
        model = await asyncio.wait_for(engine.describe(), deadline_s - clock())
    except asyncio.TimeoutError:
        return Outcome(None, EmptyReason.LOADING)

    snippets = retrieval.gather(snapshot)
    prompt = await assemble(snapshot, snippets, settings, model, engine)
    generation = await engine.generate(
        GenerationRequest(
            tokens=prompt.tokens,
            max_tokens=min(settings.max_tokens, model.n_ctx - len(prompt.tokens)),
            deadline_s=max(deadline_s - clock(), _SHORTEST_GENERATION_S),
            stop=stop_rule(snapshot, trigger, settings.multiline, settings.max_lines),
        )
    )
    return _outcome(snapshot, prompt, generation)


def _deadline_s(trigger: Trigger, settings: Settings) -> float:
    invoked = trigger is Trigger.INVOKED
    return (settings.invoked_deadline_ms if invoked else settings.deadline_ms) / 1000


def _outcome(snapshot: Snapshot, prompt: Prompt, generation: Generation) -> Outcome:
    content, cursor = snapshot.text.content, snapshot.char_offset
    around = postprocess.Around(
        before=content[max(cursor - _POSTPROCESS_CHARS, 0) : cursor],
        after=content[cursor : cursor + _POSTPROCESS_CHARS],
    )
    text, reason = postprocess.run(generation.text, around)
    if not generation.text and generation.stop_reason is StopReason.DEADLINE:
        reason = EmptyReason.DEADLINE
    suggestion = Suggestion(text, snapshot.char_offset) if reason is None else None
    usage = Usage(
        prompt_tokens=generation.n_prompt,
        prompt_tokens_evaluated=generation.n_evaluated,
        generated_tokens=generation.n_generated,
        prompt_s=generation.prompt_s,
        generate_s=generation.generate_s,
    )
    return Outcome(suggestion, reason, usage, generation.stop_reason, prompt)
