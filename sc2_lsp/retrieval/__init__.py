"""Which other code a prompt shows: scored snippets from several sources, ranked into one list."""

from __future__ import annotations

from sc2_lsp.domain import Snapshot, Snippet
from sc2_lsp.ports import CodeIndex
from sc2_lsp.retrieval.group import group, select
from sc2_lsp.retrieval.rank import ranked
from sc2_lsp.retrieval.scene import near_words, scene_of
from sc2_lsp.retrieval.sources import definitions, imported, open_files, siblings, similar

__all__ = ["gather", "group", "select"]


def gather(snapshot: Snapshot, index: CodeIndex | None = None) -> tuple[Snippet, ...]:
    """Snippets for the snapshot's cursor, the best first. Raises nothing."""
    edited = open_files.find(snapshot)
    if index is None:
        return ranked((), edited, {}, None)
    scene = scene_of(snapshot)
    alike = similar.pieces_of(scene, index)
    candidates = [
        *imported.find(scene, index),
        *definitions.find(scene, index),
        *siblings.find(scene, [piece.path for piece in alike], index),
        *similar.find(scene, alike, index),
    ]
    return ranked(candidates, [*edited, *similar.snippets(alike)], near_words(scene), index)
