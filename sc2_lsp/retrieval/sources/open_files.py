"""Other documents that the editor holds: what somebody has open is what they work with."""

from __future__ import annotations

from sc2_lsp.domain import OpenFile, Snapshot, Snippet

_MAX_FILES = 6
_MAX_CHARS = 2400


def snippets(snapshot: Snapshot) -> tuple[Snippet, ...]:
    """A piece of each of the last few other documents, the most recently edited one last."""
    others = [file for file in snapshot.open_files if file.path != snapshot.path]
    return tuple(
        snippet for file in others[-_MAX_FILES:] if (snippet := _snippet(file)) is not None
    )


def _snippet(file: OpenFile) -> Snippet | None:
    """The whole file where it is small, else whole lines around the last edit."""
    text = file.text
    first, last = 0, text.n_lines - 1
    if len(text.content) > _MAX_CHARS:
        middle = text.line_at(min(file.char_offset, len(text.content)))
        # In steps of half a snippet, so that a few edits leave the snippet where it is.
        target = max(text.line_start(middle) // (_MAX_CHARS // 2) - 1, 0) * (_MAX_CHARS // 2)
        first = text.line_at(target)
        last = max(text.line_at(text.line_start(first) + _MAX_CHARS) - 1, first)
    code = text.content[text.line_start(first) : text.line_end(last)][:_MAX_CHARS]
    if not code.strip():
        return None
    return Snippet(file.path, first, code.rstrip("\r\n") + "\n", "open_files", "open in the editor")
