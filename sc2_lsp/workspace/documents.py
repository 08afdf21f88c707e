"""The documents that the editor holds open, and snapshots of them.

A mirror of our own: lines end where LSP says they do. Knows char offsets only, reads no file, and
keeps nothing of a document that was closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sc2_lsp.domain import OpenFile, Snapshot
from sc2_lsp.text import Text
from sc2_lsp.workspace.repository import relative_path, root_of
from sc2_lsp.workspace.uris import name_of_uri, path_of_uri, scheme_of_uri

MAX_OPEN_FILES = 32
MAX_OPEN_FILE_CHARS = 1_000_000

_SCHEMES_OF_FILES = ("file", "untitled", "")


@dataclass(frozen=True, slots=True)
class Edit:
    """The chars from `start` up to `end` replaced by `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """An open document. `edited_at` is the char offset behind the last edit; `edited_as` counts
    edits of all documents, so that a greater number is a later edit."""

    uri: str
    language_id: str
    version: int
    text: Text
    edited_at: int
    edited_as: int


class Documents:
    """Owns the open documents. Names of repositories by their root come from the caller."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}
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

    def replace(self, uri: str, version: int, content: str) -> None:
        """Give the document other content as a whole; raises KeyError if it is not open."""
        old = self._documents[uri]
        edited_at = min(old.edited_at, len(content))
        text = Text.of(content)
        self._put(Document(uri, old.language_id, version, text, edited_at, self._next_edit()))

    def close(self, uri: str) -> None:
        """Forget the document, if it was open."""
        self._documents.pop(uri, None)

    def snapshot(
        self, uri: str, char_offset: int, repositories: Mapping[str, str]
    ) -> Snapshot | None:
        """The document with the cursor at `char_offset`, and the others; None if it is not open.

        `repositories` are names by root. Of the other documents the most recently edited
        `MAX_OPEN_FILES` of at most `MAX_OPEN_FILE_CHARS` each are kept.
        """
        document = self._documents.get(uri)
        if document is None:
            return None
        roots = tuple(repositories)
        path = path_of_uri(uri)
        root = root_of(path, roots) if path is not None else None
        others = sorted(
            (other for other in self._documents.values() if _is_context(other, uri)),
            key=lambda other: other.edited_as,
        )
        return Snapshot(
            uri=uri,
            path=display_path(uri, roots),
            language_id=document.language_id,
            text=document.text,
            char_offset=char_offset,
            repository=repositories[root] if root is not None else "",
            open_files=tuple(
                OpenFile(display_path(other.uri, roots), other.text, other.edited_at)
                for other in others[-MAX_OPEN_FILES:]
            ),
        )

    def _put(self, document: Document) -> None:
        self._documents[document.uri] = document

    def _next_edit(self) -> int:
        self._n_edits += 1
        return self._n_edits


def display_path(uri: str, roots: tuple[str, ...]) -> str:
    """What the document at `uri` is called in a prompt."""
    path = path_of_uri(uri)
    return name_of_uri(uri) if path is None else relative_path(path, roots)


def _is_context(other: Document, current_uri: str) -> bool:
    """Whether `other` is a file beside the current one; editors also open diffs and terminals."""
    return (
        other.uri != current_uri
        and scheme_of_uri(other.uri) in _SCHEMES_OF_FILES
        and len(other.text.content) <= MAX_OPEN_FILE_CHARS
    )
