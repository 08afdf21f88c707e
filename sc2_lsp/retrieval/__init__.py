"""Which other code a prompt shows: scored snippets from several sources, ranked into one list."""

from __future__ import annotations

from sc2_lsp.domain import Snapshot, Snippet
from sc2_lsp.ports import CodeIndex
from sc2_lsp.retrieval.sources import open_files


def gather(snapshot: Snapshot, index: CodeIndex | None = None) -> tuple[Snippet, ...]:
    """Snippets for the snapshot's cursor, the best first. Raises nothing."""
    return open_files.snippets(snapshot)[::-1]
