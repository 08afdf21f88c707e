"""Snapshots from marked text: `<CURSOR>` stands where the cursor is."""

from __future__ import annotations

from sc2_lsp.domain import OpenFile, Snapshot
from sc2_lsp.text import Text

CURSOR = "<CURSOR>"


def snapshot(marked: str, path: str = "pkg/main.py", **fields: object) -> Snapshot:
    """The snapshot that `marked` draws; other fields of `Snapshot` by keyword."""
    before, found, after = marked.partition(CURSOR)
    assert found, "mark the cursor"
    given = {"uri": f"file:///repo/{path}", "language_id": "python", **fields}
    return Snapshot(
        path=path,
        text=Text.of(before + after),
        char_offset=len(before),
        **given,  # type: ignore[arg-type]
    )


def open_file(path: str, content: str, char_offset: int = 0, file: str = "") -> OpenFile:
    return OpenFile(path, Text.of(content), char_offset, file)
