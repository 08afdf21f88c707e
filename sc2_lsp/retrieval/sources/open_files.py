"""Other documents that the editor holds: what was just edited elsewhere is often used next."""

from __future__ import annotations

from collections.abc import Iterator

from sc2_lsp.domain import OpenFile, Snapshot, Snippet
from sc2_lsp.secrets import lead_in
from sc2_lsp.text import Text

_MAX_FILES = 6
_WHOLE_CHARS = 1200
_MAX_CHARS = 1200
_MAX_LINE_CHARS = 400
_LATEST_SCORE, _DECAY = 0.3, 0.7


def find(snapshot: Snapshot) -> Iterator[Snippet]:
    """A piece of each of the last few other documents, the most recently edited one first."""
    others = [file for file in snapshot.open_files if file.key != snapshot.key]
    score = _LATEST_SCORE
    for file in others[: -_MAX_FILES - 1 : -1]:
        snippet = excerpt(file, score)
        if snippet is not None:
            yield snippet
        score *= _DECAY


def excerpt(file: OpenFile, score: float) -> Snippet | None:
    """The whole file where it is small, else whole lines around its place; None of blank ones."""
    first, last = _around(file.text, file.char_offset)
    lines = [file.text.line(number) for number in range(first, last + 1)]
    if max(map(len, lines)) > _MAX_LINE_CHARS or not any(map(str.strip, lines)):
        return None
    code = "\n".join(lines).rstrip() + "\n"
    reason = "open in the editor" if first == 0 else "edited last"
    lead = lead_in(file.text.content, file.text.line_start(first))
    return Snippet(
        path=file.path,
        start_line=first,
        text=code,
        source="open_files",
        reason=reason,
        score=score,
        file=file.file,
        leads=((first, lead),),
    )


def _around(text: Text, char_offset: int) -> tuple[int, int]:
    """The first and the last line to show."""
    if len(text.content) <= _WHOLE_CHARS:
        return 0, text.n_lines - 1
    middle = text.line_at(min(char_offset, len(text.content)))
    # In steps of half a snippet, so that a few edits leave the snippet where it is.
    half = _MAX_CHARS // 2
    target = max(text.line_start(middle) // half - 1, 0) * half
    first = text.line_at(target)
    last = max(text.line_at(text.line_start(first) + _MAX_CHARS) - 1, first)
    return first, last
