"""`textDocument/didOpen`, `didChange` and `didClose`: the mirror follows the editor."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from lsprotocol import types

from sc2_lsp.server.convert import clean, to_edit
from sc2_lsp.server.core import ServerCore
from sc2_lsp.server.handlers import recording
from sc2_lsp.workspace.uris import path_of_uri

logger = logging.getLogger(__name__)


def register(server: ServerCore) -> None:
    server.feature(types.TEXT_DOCUMENT_DID_OPEN)(did_open)
    server.feature(types.TEXT_DOCUMENT_DID_CHANGE)(did_change)
    server.feature(types.TEXT_DOCUMENT_DID_CLOSE)(did_close)


def did_open(ls: ServerCore, params: types.DidOpenTextDocumentParams) -> None:
    open_document(ls, params.text_document)
    prepare(ls, params.text_document.uri)


def did_change(ls: ServerCore, params: types.DidChangeTextDocumentParams) -> None:
    document = params.text_document
    change_document(ls, document.uri, document.version, params.content_changes)


def did_close(ls: ServerCore, params: types.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    recording.closing(ls, uri)
    ls.session.documents.close(uri)
    ls.service.forget(uri)
    path = path_of_uri(uri)
    if path is not None:
        ls.indexes.release(path)


def open_document(ls: ServerCore, opened: types.TextDocumentItem) -> None:
    ls.session.documents.open(
        opened.uri, str(opened.language_id), opened.version, clean(opened.text)
    )
    _hold(ls, opened.uri)


def prepare(ls: ServerCore, uri: str) -> None:
    """Let the first request in a document that was just opened find its prompt evaluated."""
    session = ls.session
    snapshot = session.documents.snapshot(uri, 0, session.repositories)
    if snapshot is not None:
        ls.service.opened(snapshot, session.settings)


def change_document(
    ls: ServerCore,
    uri: str,
    version: int,
    changes: Sequence[types.TextDocumentContentChangeEvent],
) -> None:
    """Apply the changes in order; each counts positions in the text the one before left."""
    documents = ls.session.documents
    for change in changes:
        document = documents.get(uri)
        if document is None:
            logger.warning("A document that is not open was changed.")
            return
        if isinstance(change, types.TextDocumentContentChangePartial):
            edit = to_edit(document.text, change.range, change.text, ls.session.encoding)
            documents.edit(uri, version, edit)
        else:
            documents.replace(uri, version, clean(change.text))
    _hold(ls, uri)


def _hold(ls: ServerCore, uri: str) -> None:
    """Let the index know the file as the editor holds it."""
    document, path = ls.session.documents.get(uri), path_of_uri(uri)
    if document is not None and path is not None:
        ls.indexes.hold(path, document.text)
