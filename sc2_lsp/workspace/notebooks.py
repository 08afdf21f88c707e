"""Notebooks as the files that they would be: one text of all cells, in their order.

Cells of the current language stand there as they are, a blank line between two of them, so that
the text is the same whichever of them is edited. All other cells become comments: what they say is
worth knowing, and no model writes markers that are not there. Around a cell of prose it is the
other way round, as in a Markdown file. Knows no editor and reads no file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sc2_lsp.text import Text

PROSE = "markdown"

_COMMENTS = {
    "//": "c cpp csharp fsharp go groovy java javascript kotlin php rust scala swift typescript",
    "--": "haskell lua sql",
    "%": "latex matlab octave prolog",
    "#": "julia perl powershell python r ruby shellscript",
}
_COMMENT_OF = {language: mark for mark, names in _COMMENTS.items() for language in names.split()}
# Magic of IPython that hands the whole cell to another program; what these do to it is Python.
_OTHER_PROGRAM = re.compile(r"\s*%%(?!(?:capture|prun|time|timeit)\b)\w")
# Prose beyond that, such as embedded images, says little about code.
_MAX_COMMENT_LINES = 24
_MAX_COMMENT_LINE_CHARS = 200


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a notebook; its text is the document at `uri`."""

    uri: str
    is_code: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """What a cell brings into the text."""

    content: str
    language_id: str
    is_code: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """A notebook as a file; `starts` are the char offsets at which the pieces begin."""

    text: Text
    starts: tuple[int, ...]


def as_file(pieces: Sequence[Piece], current: int) -> Sheet:
    """The file that `pieces` make around the one with the index `current`, which stays as it is."""
    here = pieces[current]
    parts: list[str] = []
    starts: list[int] = []
    n_chars = 0
    for index, piece in enumerate(pieces):
        shown = piece.content if index == current else _shown(piece, here)
        starts.append(n_chars)
        if index + 1 < len(pieces) and (shown or index == current):
            shown += _gap(shown)
        parts.append(shown)
        n_chars += len(shown)
    return Sheet(Text.of("".join(parts)), tuple(starts))


def _shown(piece: Piece, here: Piece) -> str:
    """A piece beside the current one."""
    if not here.is_code:
        fenced = f"```{piece.language_id}\n{piece.content}\n```"
        return fenced if piece.is_code else piece.content
    is_like_here = piece.is_code and piece.language_id == here.language_id
    if is_like_here and not _OTHER_PROGRAM.match(piece.content):
        return piece.content
    mark = _COMMENT_OF.get(here.language_id)
    return _commented(piece.content, mark) if mark else ""


def _commented(content: str, mark: str) -> str:
    lines = content.strip().splitlines()[:_MAX_COMMENT_LINES]
    return "\n".join(f"{mark} {line[:_MAX_COMMENT_LINE_CHARS]}".rstrip() for line in lines)


def _gap(content: str) -> str:
    """A blank line, in the line breaks of what stands before it."""
    return "\r\n\r\n" if "\r" in content else "\n\n"


class Notebooks:
    """Owns which cells the open notebooks have, in their order, and the file last made of each."""

    def __init__(self) -> None:
        self._cells: dict[str, tuple[Cell, ...]] = {}
        self._made: dict[str, tuple[tuple[Piece, ...], int, Sheet]] = {}

    def open(self, uri: str, cells: Sequence[Cell]) -> None:
        """Hold a notebook; one that is open already is replaced."""
        self._cells[uri] = tuple(cells)

    def splice(self, uri: str, start: int, n_removed: int, cells: Sequence[Cell]) -> None:
        """Put `cells` in place of `n_removed` ones from `start` on; raises KeyError if not open."""
        old = self._cells[uri]
        self._cells[uri] = (*old[:start], *cells, *old[start + n_removed :])

    def replace(self, uri: str, cell: Cell) -> None:
        """Let the cell with the same URI be `cell`; raises KeyError if the notebook is not open."""
        self._cells[uri] = tuple(cell if old.uri == cell.uri else old for old in self._cells[uri])

    def close(self, uri: str) -> tuple[Cell, ...]:
        """Forget the notebook; the cells that it had."""
        self._made.pop(uri, None)
        return self._cells.pop(uri, ())

    def cells(self, uri: str) -> tuple[Cell, ...]:
        return self._cells.get(uri, ())

    def sheet(self, uri: str, pieces: tuple[Piece, ...], current: int) -> Sheet:
        """The file that the cells of an open notebook make."""
        made = self._made.get(uri)
        if made is None or made[:2] != (pieces, current):
            made = self._made[uri] = (pieces, current, as_file(pieces, current))
        return made[2]

    def uris(self) -> tuple[str, ...]:
        return tuple(self._cells)

    def holding(self, cell_uri: str) -> str | None:
        """The notebook that has this cell."""
        for uri, cells in self._cells.items():
            if any(cell.uri == cell_uri for cell in cells):
                return uri
        return None
