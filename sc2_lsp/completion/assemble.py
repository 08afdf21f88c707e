"""From a snapshot and snippets to a prompt that fits: cut, tokenize, check, cut again."""

from __future__ import annotations

from sc2_lsp.domain import ModelInfo, Prompt, Snapshot, Snippet, Tokens
from sc2_lsp.ports import Engine
from sc2_lsp.prompt import budget as budgets
from sc2_lsp.prompt import window as windows
from sc2_lsp.prompt.starcoder2 import Parts, context, file_text, layout_of
from sc2_lsp.settings import Settings

# More chars than a token of code has on average, so that the first cut is rarely too short.
_CHARS_PER_TOKEN = 4
_ROUNDS = 4


async def assemble(
    snapshot: Snapshot,
    snippets: tuple[Snippet, ...],
    settings: Settings,
    model: ModelInfo,
    engine: Engine,
) -> Prompt:
    """The prompt at the snapshot's cursor; with the generation it fits the model's context."""
    repository = await _repository_name(snapshot, engine)
    budget = budgets.share(
        model.n_ctx,
        settings.max_tokens,
        budgets.Budget(
            len(repository),
            settings.context_tokens,
            settings.prefix_tokens,
            settings.suffix_tokens,
        ),
    )
    prefix, suffix = await _current_file(snapshot, budget, engine)
    files = await engine.tokenize([file_text(s.path, s.text) for s in snippets])
    first = budgets.newest_that_fit([len(tokens) for tokens in files], budget.context)
    parts = Parts(repository[: budget.repository], tuple(files[first:]), prefix, suffix)
    return Prompt(
        tokens=layout_of(settings.layout, model.fim_layout)(parts),
        n_context=len(context(parts)),
        n_prefix=len(prefix),
        n_suffix=len(suffix),
    )


async def _repository_name(snapshot: Snapshot, engine: Engine) -> Tokens:
    return (await engine.tokenize([snapshot.repository]))[0] if snapshot.repository else ()


async def _current_file(
    snapshot: Snapshot, budget: budgets.Budget, engine: Engine
) -> tuple[Tokens, Tokens]:
    """Tokens of the text before and after the cursor, whole lines where they fit the budget."""
    content, cursor = snapshot.text.content, snapshot.char_offset
    prefix_chars = budget.prefix * _CHARS_PER_TOKEN
    suffix_chars = budget.suffix * _CHARS_PER_TOKEN
    prefix: Tokens = ()
    suffix: Tokens = ()
    for _ in range(_ROUNDS):
        window = windows.around(snapshot.text, cursor, prefix_chars, suffix_chars)
        prefix, suffix = await engine.tokenize(
            [
                file_text(snapshot.path, content[window.start : cursor]),
                content[cursor : window.end],
            ]
        )
        if len(prefix) <= budget.prefix and len(suffix) <= budget.suffix:
            return prefix, suffix
        if len(prefix) > budget.prefix:
            prefix_chars = windows.shrink(cursor - window.start, len(prefix), budget.prefix)
        if len(suffix) > budget.suffix:
            suffix_chars = windows.shrink(window.end - cursor, len(suffix), budget.suffix)
    # Text that takes a token for every byte: cut between tokens, so that there is a prompt at all.
    return prefix[-budget.prefix :], suffix[: budget.suffix]
