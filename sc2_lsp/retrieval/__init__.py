"""Which other code a prompt shows: scored snippets from several sources, ranked into one list."""

from __future__ import annotations

from sc2_lsp.domain import Snapshot, Snippet
from sc2_lsp.ports import CodeIndex
from sc2_lsp.retrieval.group import group, select, told_apart
from sc2_lsp.retrieval.held import gone_lines
from sc2_lsp.retrieval.lookup import Lookup
from sc2_lsp.retrieval.rank import ranked
from sc2_lsp.retrieval.scene import Scene, near_words, scene_of
from sc2_lsp.retrieval.sources import (
    definitions,
    imported,
    open_files,
    project,
    siblings,
    similar,
    tests,
    visited,
)

__all__ = ["gather", "gone_lines", "group", "select", "told_apart"]


def gather(snapshot: Snapshot, index: CodeIndex | None = None) -> tuple[Snippet, ...]:
    """Snippets for the snapshot's cursor, the best first. Raises nothing."""
    if index is None:
        return ranked((), _recent(snapshot, None), {}, None, snapshot.in_root)
    scene = scene_of(snapshot)
    with index.at_once():
        return _gathered(scene, index)


def _recent(snapshot: Snapshot, index: CodeIndex | None) -> tuple[Snippet, ...]:
    """What somebody was at before this."""
    return *open_files.find(snapshot), *visited.find(snapshot, index)


def _gathered(scene: Scene, index: CodeIndex) -> tuple[Snippet, ...]:
    lookup = Lookup(index)
    alike, words = similar.pieces_of(scene, index), near_words(scene)
    candidates = [
        *imported.find(scene, lookup),
        *definitions.find(scene, lookup),
        *siblings.find(scene, [piece.path for piece in alike], lookup),
        *similar.find(scene, alike, lookup),
        *tests.find(scene, index),
    ]
    snippets = [
        *_recent(scene.snapshot, index),
        *similar.snippets(alike, words),
        *tests.snippets(scene, index),
        *project.snippets(scene, index),
    ]
    return ranked(candidates, snippets, words, lookup, scene.snapshot.in_root)
