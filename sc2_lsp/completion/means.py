"""What prompts are made with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sc2_lsp.domain import ModelInfo, Snapshot, Snippet
from sc2_lsp.ports import Engine
from sc2_lsp.prompt.starcoder2 import Layout, layout_of
from sc2_lsp.settings import Settings


@dataclass(frozen=True, slots=True)
class Means:
    """Settings, the model that prompts are for, tokens and snippets, the best ones first."""

    settings: Settings
    model: ModelInfo
    engine: Engine
    gather: Callable[[Snapshot], tuple[Snippet, ...]]

    @property
    def layout(self) -> Layout:
        return layout_of(self.settings.layout, self.model.fim_layout)
