"""Places where somebody was of late, in files that may be closed by now: work goes back to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sc2_lsp.domain import OpenFile, Snapshot, Snippet, Visited
from sc2_lsp.ports import CodeIndex
from sc2_lsp.retrieval.sources.open_files import excerpt
from sc2_lsp.text import Text

_MAX_PLACES = 6
_LATEST_SCORE, _DECAY = 0.2, 0.7


def find(snapshot: Snapshot, index: CodeIndex | None) -> Iterator[Snippet]:
    """The lines around each of the last few places, the latest one first."""
    score = _LATEST_SCORE
    for place in snapshot.visited[: -_MAX_PLACES - 1 : -1]:
        text = _text_of(place, index)
        if text is not None:
            middle = (place.first_line + place.last_line) // 2
            at = text.line_start(min(middle, text.n_lines - 1))
            shown = excerpt(OpenFile(place.path, text, at, place.file), score)
            if shown is not None:
                yield replace(shown, source="visited", reason="visited of late")
        score *= _DECAY


def _text_of(place: Visited, index: CodeIndex | None) -> Text | None:
    """The text as the editor has it, else as it was indexed, which no excluded file is."""
    if place.text is not None:
        return place.text
    content = index.read(place.path) if index is not None else None
    return Text.of(content) if content else None
