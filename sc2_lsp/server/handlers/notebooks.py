"""`notebookDocument/didOpen`, `didChange` and `didClose`: which cells a notebook has.

Their texts are documents like any others."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from lsprotocol import types

from sc2_lsp.server.core import ServerCore
from sc2_lsp.server.handlers.documents import change_document, open_document, prepare
from sc2_lsp.workspace.notebooks import Cell

logger = logging.getLogger(__name__)


def register(server: ServerCore) -> None:
    server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)(did_open)
    server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)(did_change)
    server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)(did_close)


def did_open(ls: ServerCore, params: types.DidOpenNotebookDocumentParams) -> None:
    notebook = params.notebook_document
    for document in params.cell_text_documents:
        open_document(ls, document)
    cells = _cells(notebook.cells)
    ls.session.documents.open_notebook(notebook.uri, cells)
    first = next((cell for cell in cells if cell.is_code), None)
    if first is not None:
        prepare(ls, first.uri)


def did_change(ls: ServerCore, params: types.DidChangeNotebookDocumentParams) -> None:
    """Cells first, then their texts, as LSP has it; what it says of a cell beside that is not."""
    changes = params.change.cells
    if changes is None:
        return
    uri, documents = params.notebook_document.uri, ls.session.documents
    try:
        if changes.structure is not None:
            _change_structure(ls, uri, changes.structure)
        for cell in _cells(changes.data or ()):
            documents.replace_cell(uri, cell)
    except KeyError:
        logger.warning("A notebook that is not open was changed.")
        return
    for content in changes.text_content or ():
        document = content.document
        change_document(ls, document.uri, document.version, content.changes)


def did_close(ls: ServerCore, params: types.DidCloseNotebookDocumentParams) -> None:
    uri = params.notebook_document.uri
    ls.session.documents.close_notebook(uri)
    for document in params.cell_text_documents:
        ls.session.documents.close(document.uri)
    ls.service.forget(uri)


def _change_structure(
    ls: ServerCore, uri: str, structure: types.NotebookDocumentCellChangeStructure
) -> None:
    splice = structure.array
    ls.session.documents.splice_notebook(
        uri, splice.start, splice.delete_count, _cells(splice.cells or ())
    )
    for closed in structure.did_close or ():
        ls.session.documents.close(closed.uri)
    for opened in structure.did_open or ():
        open_document(ls, opened)


def _cells(cells: Sequence[types.NotebookCell]) -> list[Cell]:
    return [Cell(cell.document, cell.kind == types.NotebookCellKind.Code) for cell in cells]
