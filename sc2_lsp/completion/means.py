"""What prompts are made with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sc2_lsp.domain import ModelInfo, Snapshot, Snippet
from sc2_lsp.ports import Engine
from sc2_lsp.prompt.starcoder2 import Layout, layout_of
from sc2_lsp.settings import Settings

Gone = Callable[[Snapshot, Sequence[Snippet]], Sequence[Collection[int]]]
"""Of each snippet the numbers of the lines that its file does not say any more; reads files."""


def nothing_gone(snapshot: Snapshot, snippets: Sequence[Snippet]) -> Sequence[Collection[int]]:
    """For snippets that are of no files."""
    return [()] * len(snippets)


@dataclass(frozen=True, slots=True)
class Means:
    """Settings, the model that prompts are for, tokens and snippets, the best ones first.

    `gone` tells which of the snippets that were shown before are not to be shown any more.
    """

    settings: Settings
    model: ModelInfo
    engine: Engine
    gather: Callable[[Snapshot], tuple[Snippet, ...]]
    gone: Gone = nothing_gone

    @property
    def layout(self) -> Layout:
        return layout_of(self.settings.layout, self.model.fim_layout)
