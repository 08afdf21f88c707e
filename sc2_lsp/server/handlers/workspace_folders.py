"""`workspace/didChangeWorkspaceFolders`."""

from __future__ import annotations

from lsprotocol import types

from sc2_lsp.server.core import ServerCore
from sc2_lsp.server.handlers import indexing


def register(server: ServerCore) -> None:
    server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(did_change_workspace_folders)


def did_change_workspace_folders(
    ls: ServerCore, params: types.DidChangeWorkspaceFoldersParams
) -> None:
    ls.session.remove_folders([folder.uri for folder in params.event.removed])
    ls.session.add_folders([folder.uri for folder in params.event.added])
    indexing.follow(ls)
