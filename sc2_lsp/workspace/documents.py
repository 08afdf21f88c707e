"""The documents that the editor holds open, and snapshots of them.

A mirror of our own: lines end where LSP says they do. Knows char offsets only, reads no file, and
keeps nothing of a document that was closed but where in it somebody was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from sc2_lsp.domain import OpenFile, Snapshot, Visited
from sc2_lsp.text import Text
from sc2_lsp.workspace.notebooks import PROSE, Cell, Notebooks, Piece
from sc2_lsp.workspace.places import Places
from sc2_lsp.workspace.repository import relative_path, root_of
from sc2_lsp.workspace.secrecy import is_secret_document
from sc2_lsp.workspace.uris import (
    file_of_uri,
    name_of_uri,
    normal_path,
    path_of_uri,
    scheme_of_uri,
)

MAX_OPEN_FILES = 32
MAX_OPEN_FILE_CHARS = 1_000_000

# The same few files are named with every request.
_REMEMBERED_NAMES = 1024
_SCHEMES_OF_FILES = ("file", "untitled", "")


@dataclass(frozen=True, slots=True)
class Edit:
    """The chars from `start` up to `end` replaced by `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """An open document. `edited_at` is the char offset behind the last edit, or where a suggestion
    was asked for since; `edited_as` counts both of all documents, so that a greater number is a
    later one."""

    uri: str
    language_id: str
    version: int
    text: Text
    edited_at: int
    edited_as: int


@dataclass(frozen=True, slots=True)
class _View:
    """A document as it is shown: itself, or the notebook around it. `start` is where it begins."""

    uri: str
    text: Text
    start: int


class Documents:
    """Owns the open documents and notebooks; a cell of a notebook is a document too.

    Names of repositories by their root come from the caller. `excludes` says by a path which files
    are shown in no prompt but their own.
    """

    def __init__(self, excludes: Callable[[str], bool] = lambda path: False) -> None:
        self._excludes = excludes
        self._documents: dict[str, Document] = {}
        self._notebooks = Notebooks()
        self._places = Places()
        self._n_edits = 0

    def __len__(self) -> int:
        return len(self._documents)

    def get(self, uri: str) -> Document | None:
        return self._documents.get(uri)

    def open(self, uri: str, language_id: str, version: int, content: str) -> None:
        """Hold a document; one that is open already is replaced."""
        self._put(Document(uri, language_id, version, Text.of(content), 0, self._next_edit()))

    def edit(self, uri: str, version: int, edit: Edit) -> None:
        """Apply `edit`; raises KeyError if the document is not open."""
        old = self._documents[uri]
        text = old.text.splice(edit.start, edit.end, edit.text)
        edited_at = edit.start + len(edit.text)
        self._put(Document(uri, old.language_id, version, text, edited_at, self._next_edit()))
        last_line = old.text.line_at(edit.end)
        self._places.move(uri, last_line, text.n_lines - old.text.n_lines)
        self._places.visit(uri, text.line_at(edited_at))

    def visit(self, uri: str, char_offset: int) -> None:
        """Somebody wants to write there; nothing happens if the document is not open."""
        document = self._documents.get(uri)
        if document is not None:
            at = min(char_offset, len(document.text.content))
            self._put(replace(document, edited_at=at, edited_as=self._next_edit()))
            self._places.visit(uri, document.text.line_at(at))

    def replace(self, uri: str, version: int, content: str) -> None:
        """Give the document other content as a whole; raises KeyError if it is not open."""
        old = self._documents[uri]
        edited_at = min(old.edited_at, len(content))
        text = Text.of(content)
        self._put(Document(uri, old.language_id, version, text, edited_at, self._next_edit()))

    def close(self, uri: str) -> None:
        """Forget the document, if it was open."""
        self._documents.pop(uri, None)

    def open_notebook(self, uri: str, cells: Sequence[Cell]) -> None:
        """Hold a notebook; the documents of its cells are opened as any others."""
        self._notebooks.open(uri, cells)

    def splice_notebook(self, uri: str, start: int, n_removed: int, cells: Sequence[Cell]) -> None:
        """Put `cells` in place of `n_removed` ones from `start` on; raises KeyError if not open."""
        self._notebooks.splice(uri, start, n_removed, cells)

    def replace_cell(self, uri: str, cell: Cell) -> None:
        """Let the cell with this URI be `cell`; raises KeyError if the notebook is not open."""
        self._notebooks.replace(uri, cell)

    def close_notebook(self, uri: str) -> None:
        """Forget the notebook and its cells, if it was open."""
        for cell in self._notebooks.close(uri):
            self.close(cell.uri)

    def snapshot(
        self, uri: str, char_offset: int, repositories: Mapping[str, str]
    ) -> Snapshot | None:
        """The document with the cursor at `char_offset`, and the others; None if it is not open.

        Files that hold secrets are never among the others.
        `repositories` are names by root. Of the other documents the most recently edited
        `MAX_OPEN_FILES` of at most `MAX_OPEN_FILE_CHARS` each are kept. A cell of a notebook is
        shown inside of it, and a notebook counts as one document.
        """
        document = self._documents.get(uri)
        if document is None:
            return None
        roots = tuple(repositories)
        view = self._view(document)
        path = path_of_uri(view.uri)
        root = root_of(path, roots) if path is not None else None
        # What is not saved yet belongs to the only folder there is.
        names_from = roots[0] if path is None and len(roots) == 1 else root
        others = sorted(
            (*self._other_files(uri), *self._other_notebooks(view.uri)),
            key=lambda other: other.edited_as,
        )
        return Snapshot(
            uri=view.uri,
            path=display_path(view.uri, roots),
            language_id=document.language_id,
            text=view.text,
            char_offset=view.start + char_offset,
            repository=repositories[root] if root is not None else "",
            open_files=tuple(
                OpenFile(
                    _name_from(names_from, shown.uri, roots),
                    shown.text,
                    shown.start + other.edited_at,
                    file_of_uri(shown.uri),
                )
                for other in others[-MAX_OPEN_FILES:]
                if len((shown := self._view(other)).text.content) <= MAX_OPEN_FILE_CHARS
            ),
            first_line=view.text.line_at(view.start),
            root=normal_path(names_from).rstrip("/") if names_from is not None else "",
            file=file_of_uri(view.uri),
            visited=tuple(self._visited(uri, names_from, roots)),
        )

    def _view(self, document: Document) -> _View:
        notebook = self._notebooks.holding(document.uri)
        if notebook is None:
            return _View(document.uri, document.text, 0)
        pieces: list[Piece] = []
        current = 0
        for cell in self._notebooks.cells(notebook):
            shown = self._documents.get(cell.uri)
            if shown is None:
                continue
            if shown is document:
                current = len(pieces)
            is_code = cell.is_code and shown.language_id != PROSE
            pieces.append(Piece(shown.text.content, shown.language_id, is_code))
        sheet = self._notebooks.sheet(notebook, tuple(pieces), current)
        return _View(notebook, sheet.text, sheet.starts[current])

    def _visited(
        self, current_uri: str, root: str | None, roots: tuple[str, ...]
    ) -> Iterator[Visited]:
        """The last places in other files, but for closed ones outside of `root`."""
        others = {document.uri: document.text for document in self._other_files(current_uri)}
        for place in self._places:
            is_closed = place.uri not in self._documents
            if place.uri in others or (is_closed and _is_below(root, place.uri)):
                yield Visited(
                    _name_from(root, place.uri, roots),
                    file_of_uri(place.uri),
                    place.first_line,
                    place.last_line,
                    others.get(place.uri),
                )

    def _other_files(self, current_uri: str) -> list[Document]:
        """The files beside the current document; editors also open diffs and terminals."""
        return [
            document
            for document in self._documents.values()
            if document.uri != current_uri
            and scheme_of_uri(document.uri) in _SCHEMES_OF_FILES
            and not is_secret_document(document.uri)
            and self._notebooks.holding(document.uri) is None
            and not self._is_excluded(document.uri)
            and len(document.text.content) <= MAX_OPEN_FILE_CHARS
        ]

    def _other_notebooks(self, current_uri: str) -> list[Document]:
        """Of each of the other notebooks the cell of code that was edited last."""
        latest = []
        for uri in [uri for uri in self._notebooks.uris() if not self._is_excluded(uri)]:
            cells = [cell.uri for cell in self._notebooks.cells(uri) if cell.is_code]
            open_cells = [document for cell in cells if (document := self._documents.get(cell))]
            if uri != current_uri and open_cells and not is_secret_document(uri):
                latest.append(max(open_cells, key=lambda document: document.edited_as))
        return latest

    def _is_excluded(self, uri: str) -> bool:
        path = path_of_uri(uri)
        return path is not None and self._excludes(path)

    def _put(self, document: Document) -> None:
        self._documents[document.uri] = document

    def _next_edit(self) -> int:
        self._n_edits += 1
        return self._n_edits


@lru_cache(_REMEMBERED_NAMES)
def _is_below(root: str | None, uri: str) -> bool:
    path = path_of_uri(uri)
    return root is not None and path is not None and root_of(path, (root,)) is not None


@lru_cache(_REMEMBERED_NAMES)
def _name_from(root: str | None, uri: str, roots: tuple[str, ...]) -> str:
    """What the document at `uri` is called beside files that are named from `root`."""
    return display_path(uri, (root,) if root is not None and _is_below(root, uri) else roots)


def display_path(uri: str, roots: tuple[str, ...]) -> str:
    """What the document at `uri` is called in a prompt."""
    path = path_of_uri(uri)
    return name_of_uri(uri) if path is None else relative_path(path, roots)
