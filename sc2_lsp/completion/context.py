"""What a prompt shows of other files at a place, and at what price, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sc2_lsp.completion.anchors import Anchors
from sc2_lsp.completion.assemble import budget_of, held_at
from sc2_lsp.completion.choice import choose
from sc2_lsp.completion.means import Means
from sc2_lsp.completion.tokens import tokenize
from sc2_lsp.domain import Snapshot, Snippet
from sc2_lsp.prompt.redaction import redact_snippet, snippet_file, written_out


@dataclass(frozen=True, slots=True)
class Shown:
    """A snippet and the tokens it takes in a prompt, path and separator included.

    Its text has the names of placeholder tokens where secrets are left out.
    """

    snippet: Snippet
    n_tokens: int


@dataclass(frozen=True, slots=True)
class Context:
    """The snippets in the order of the prompt, and the most tokens they may take together."""

    snippets: tuple[Shown, ...]
    budget: int

    @property
    def n_tokens(self) -> int:
        return sum(shown.n_tokens for shown in self.snippets)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; lines count from 1, as in an editor."""
        return {
            "snippets": [
                {
                    "path": shown.snippet.path,
                    "start_line": shown.snippet.start_line + 1,
                    "text": shown.snippet.text,
                    "source": shown.snippet.source,
                    "reason": shown.snippet.reason,
                    "n_tokens": shown.n_tokens,
                }
                for shown in self.snippets
            ],
            "n_tokens": self.n_tokens,
            "budget": self.budget,
        }


async def context_at(
    snapshot: Snapshot, anchors: Anchors, means: Means, budget: int | None
) -> Context:
    """What the prompt for the snapshot shows: what it did show, while its anchor holds.

    With a `budget`, in tokens, it is what would be chosen today if there were room for that many.
    """
    if budget is not None:
        return await _chosen(snapshot, Anchors(), means, budget)
    budget = (await budget_of(snapshot, means)).context
    held = held_at(snapshot, anchors, means)
    if held is None:
        return await _chosen(snapshot, anchors, means, budget)
    return await _priced(held[0].snippets, means, budget)


async def _chosen(snapshot: Snapshot, anchors: Anchors, means: Means, budget: int) -> Context:
    snippets = await choose(snapshot, budget, means, anchors.shown_last(snapshot))
    return await _priced(snippets, means, budget)


async def _priced(snippets: Sequence[Snippet], means: Means, budget: int) -> Context:
    tokens = await tokenize(list(map(snippet_file, snippets)), means.engine)
    shown = [replace(snippet, text=written_out(redact_snippet(snippet))) for snippet in snippets]
    return Context(tuple(Shown(s, len(t) + 1) for s, t in zip(shown, tokens, strict=True)), budget)
