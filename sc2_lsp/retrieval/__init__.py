"""Which other code a prompt shows: scored snippets from several sources, ranked into one list."""

from __future__ import annotations

from sc2_lsp.domain import Snapshot, Snippet
from sc2_lsp.retrieval.sources import open_files


def gather(snapshot: Snapshot) -> tuple[Snippet, ...]:
    """Snippets for the snapshot's cursor, the most relevant last, next to the current file."""
    return open_files.snippets(snapshot)
