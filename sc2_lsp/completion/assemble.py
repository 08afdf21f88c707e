"""From a snapshot to a prompt that fits and that begins like the one before it.

While an anchor of the document holds, the prompt is that anchor's with other typed text. Otherwise
a new one is dropped: cut, tokenize, check, cut again.
"""

from __future__ import annotations

from dataclasses import replace

from sc2_lsp.completion.anchors import Anchors
from sc2_lsp.completion.choice import choose, has_vanished
from sc2_lsp.completion.means import Means
from sc2_lsp.completion.tokens import tokenize
from sc2_lsp.domain import Prompt, Snapshot, Tokens
from sc2_lsp.prompt import budget as budgets
from sc2_lsp.prompt import window as windows
from sc2_lsp.prompt.anchor import Anchor, gap_behind, place_above, suffix_start
from sc2_lsp.prompt.redaction import (
    as_file,
    cut,
    heal_pieces,
    redact,
    redact_around,
    redact_file,
    secrets_between,
    snippet_file,
)
from sc2_lsp.prompt.starcoder2 import Parts, context
from sc2_lsp.secrets import find_secrets, lead_in

# More chars than a token has even where much is indentation, so that the budget is used.
_CHARS_PER_TOKEN = 8
_STEPS, _STEP = 24, 0.9
_ROUNDS = 4
_QUICK_SUFFIX = 32
_QUICK_PREFIX_CHARS = 480
_FAR = 2 / 3


async def assemble(snapshot: Snapshot, anchors: Anchors, means: Means) -> Prompt:
    """The prompt at the snapshot's cursor; with the generation it fits the model's context.

    A new anchor is dropped where none holds, or too much was typed since.
    """
    held = held_at(snapshot, anchors, means)
    prompt = await prompt_of(snapshot, *held, means) if held else None
    if held is not None and prompt is not None:
        anchors.used = held[0]
    if prompt is None:
        anchor = await new_anchor(snapshot, anchors, means)
        anchors.add(snapshot, anchor)
        typed = snapshot.text.content[anchor.at : snapshot.char_offset]
        prompt = await prompt_of(snapshot, anchor, typed, means)
        if prompt is None:
            # Text that takes a token for every byte: show what surely fits.
            budget = await budget_of(snapshot, means)
            n_shown = budget.typed // 4
            prompt = await prompt_of(
                snapshot, anchor, typed[-n_shown:], means, unshown=typed[:-n_shown]
            )
            assert prompt is not None, "no character takes more than four tokens"
    return prompt


def held_at(snapshot: Snapshot, anchors: Anchors, means: Means) -> tuple[Anchor, str] | None:
    """The anchor that holds, with the text typed since; None if none does.

    Nor does one that somebody comes back to where it shows what is no more.
    """
    held = anchors.holding(snapshot)
    if held is None or held[0] is anchors.used:
        return held
    return None if has_vanished(snapshot, held[0].snippets, means) else held


async def new_anchor(
    snapshot: Snapshot, anchors: Anchors, means: Means, *, renew: bool = False
) -> Anchor:
    """The anchor to drop at the snapshot's cursor.

    Of the document's latest one it keeps the window's start, and the snippets byte for byte, as
    long as that window reaches up to the cursor and the snippets are what their files say; `renew`
    takes new snippets all the same.
    """
    latest = anchors.latest(snapshot.uri)
    budget = await budget_of(snapshot, means)
    text, cursor = snapshot.text, snapshot.char_offset
    at = place_above(text, cursor)
    preferred = _start_today(latest, text.content) if latest else None
    start = await _fit_prefix(snapshot, at, preferred, budget, means)
    begin = suffix_start(text, cursor)
    end = await _fit_suffix(snapshot, begin, budget, means)
    is_kept = latest is not None and start == preferred and not renew
    if latest is not None and is_kept and not any(means.gone(snapshot, latest.snippets)):
        snippets = latest.snippets
    else:
        shown = anchors.shown_last(snapshot)
        snippets = await choose(snapshot, budget.context, means, shown)
    return Anchor(
        snippets=snippets,
        start=start,
        prefix=text.content[start:at],
        suffix=text.content[begin:end],
        suffix_is_whole=end == len(text.content),
        lead=lead_in(text.content, start),
    )


async def prompt_of(
    snapshot: Snapshot, anchor: Anchor, typed: str, means: Means, unshown: str = ""
) -> Prompt | None:
    """The prompt that `anchor` makes with `typed` behind it; None if that is too much.

    What is `unshown` stands between the two in the file.
    """
    budget = await budget_of(snapshot, means)
    layout, required = means.layout, ""
    before = anchor.lead + anchor.prefix
    gap = gap_behind(anchor, snapshot.text.content, snapshot.char_offset) or ""
    shown, behind = redact_around(before + unshown, typed, anchor.suffix, gap)
    if layout.ends_with_text and means.settings.token_healing:
        shown, required = heal_pieces(shown)
    short = anchor.prefix[-_QUICK_PREFIX_CHARS:]
    short = short[short.find("\n") + 1 :] if len(short) < len(anchor.prefix) else short
    secrets, end = find_secrets(before), len(before)
    repository, prefix, typed_tokens, suffix, near, *files = await tokenize(
        [
            (snapshot.repository,),
            as_file(snapshot.path, cut(before, secrets, len(anchor.lead), end)),
            shown,
            behind,
            as_file(snapshot.path, cut(before, secrets, end - len(short), end)),
            *map(snippet_file, anchor.snippets),
        ],
        means.engine,
    )
    if len(typed_tokens) > budget.typed:
        return None
    parts = Parts(
        repository[: budget.repository],
        tuple(files),
        prefix[-budget.prefix :],
        typed_tokens,
        suffix[: budget.suffix],
    )
    short_suffix = replace(parts, suffix=suffix[:_QUICK_SUFFIX])
    alone = replace(short_suffix, repository=(), files=(), prefix=near[-budget.prefix :])
    return Prompt(
        tokens=layout.write(parts),
        n_context=len(context(parts)),
        n_prefix=len(parts.prefix) + len(typed_tokens),
        n_suffix=len(parts.suffix),
        cheaper=(layout.write(short_suffix), layout.write(alone)),
        required=required.encode(),
    )


async def is_far(snapshot: Snapshot, typed: str, means: Means) -> bool:
    """Whether so much was typed since the anchor that soon no more will fit."""
    before = lead_in(snapshot.text.content, snapshot.char_offset - len(typed))
    (tokens,) = await tokenize([redact(typed, before)], means.engine)
    return len(tokens) > (await budget_of(snapshot, means)).typed * _FAR


async def opening(snapshot: Snapshot, anchors: Anchors, means: Means) -> Tokens:
    """How the prompts of a document begin that was opened and has no cursor yet."""
    budget = await budget_of(snapshot, means)
    snippets = await choose(snapshot, budget.context, means, anchors.shown_last(snapshot))
    text = snapshot.text
    end = windows.suffix_end(text, 0, budget.prefix * _CHARS_PER_TOKEN)
    repository, prefix, *files = await tokenize(
        [
            (snapshot.repository,),
            redact_file(snapshot.path, text.content[:end]),
            *map(snippet_file, snippets),
        ],
        means.engine,
    )
    parts = Parts(repository[: budget.repository], tuple(files), prefix[: budget.prefix], (), ())
    # The suffix is not known yet: only what stands before it in this layout will stay.
    some, other = (means.layout.write(replace(parts, suffix=(token,))) for token in (0, 1))
    return some[: next(n for n in range(len(some)) if some[n] != other[n])]


async def budget_of(snapshot: Snapshot, means: Means) -> budgets.Budget:
    settings = means.settings
    repository = (await means.engine.tokenize([snapshot.repository]))[0]
    return budgets.share(
        means.model.n_ctx,
        settings.max_tokens,
        budgets.Budget(
            len(repository),
            settings.context_tokens,
            settings.prefix_tokens,
            settings.suffix_tokens,
        ),
    )


async def _fit_prefix(
    snapshot: Snapshot, at: int, preferred: int | None, budget: budgets.Budget, means: Means
) -> int:
    """Where the shown prefix begins: at `preferred` if from there on up to `at` it fits."""
    text = snapshot.text
    n_chars = budget.prefix * _CHARS_PER_TOKEN
    start = at
    secrets = secrets_between(text.content, max(at - n_chars, 0), at)
    # Fixed steps, unlike a size that is computed from the text, lead to the same start again.
    for _ in range(_STEPS):
        start = windows.prefix_start(text, at, n_chars, preferred)
        shown = as_file(snapshot.path, cut(text.content, secrets, start, at))
        if len((await tokenize([shown], means.engine))[0]) <= budget.prefix:
            break
        n_chars = int(n_chars * _STEP)
    return start


async def _fit_suffix(snapshot: Snapshot, begin: int, budget: budgets.Budget, means: Means) -> int:
    """Where the shown suffix ends."""
    text = snapshot.text
    n_chars = budget.suffix * _CHARS_PER_TOKEN
    end = begin
    secrets = secrets_between(text.content, begin, windows.suffix_end(text, begin, n_chars))
    for _ in range(_ROUNDS):
        end = windows.suffix_end(text, begin, n_chars)
        shown = cut(text.content, secrets, begin, end)
        n_tokens = len((await tokenize([shown], means.engine))[0])
        if n_tokens <= budget.suffix:
            break
        n_chars = windows.shrink(end - begin, n_tokens, budget.suffix)
    return end


_RECOGNIZED_CHARS = 200


def _start_today(anchor: Anchor, content: str) -> int | None:
    """Where the anchor's window begins after edits that may have moved it; None if it is gone."""
    head = anchor.prefix[:_RECOGNIZED_CHARS]
    if anchor.start == 0 or content.startswith(head, anchor.start):
        return anchor.start
    found = content.find(head) if head.strip() else -1
    return None if found < 0 else found
