"""The indexes follow the session's folders and settings, and what happens to files on the disk."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from sc2_lsp.server.core import ServerCore
from sc2_lsp.server.progress import ProgressBars
from sc2_lsp.workspace.roots import index_spec, is_too_large
from sc2_lsp.workspace.uris import path_of_uri

_EVERY_FILE = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher("**/*")])


def register(server: ServerCore) -> None:
    server.indexes.listen(ProgressBars(server).show, server.warn)
    server.feature(types.TEXT_DOCUMENT_DID_SAVE)(did_save)
    server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(did_change_watched_files)


def did_save(ls: ServerCore, params: types.DidSaveTextDocumentParams) -> None:
    _changed(ls, [params.text_document.uri])


def did_change_watched_files(ls: ServerCore, params: types.DidChangeWatchedFilesParams) -> None:
    _changed(ls, [change.uri for change in params.changes])


def follow(ls: ServerCore) -> None:
    """Index the folders that are open, as the settings want it; nothing before `start`."""
    if not ls.session.is_indexing:
        return
    folders, home = list(ls.session.repositories), str(Path.home())
    spec = index_spec(ls.session.settings, folders, home)
    if ls.session.settings.index == "auto":
        for folder in folders:
            if is_too_large(folder, home):
                ls.warn_once(f"{folder} is not indexed: open the folder of a repository instead.")
    ls.indexes.configure(spec)


def start(ls: ServerCore) -> None:
    """Begin to follow; for once, also ask to be told of changes on the disk."""
    if not ls.session.is_indexing:
        ls.session.is_indexing = True
        _ask_for_changes(ls)
    follow(ls)


def _ask_for_changes(ls: ServerCore) -> None:
    workspace = ls.client_capabilities.workspace
    watched = workspace.did_change_watched_files if workspace else None
    if watched is None or not watched.dynamic_registration:
        return
    method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    registration = types.Registration("sc2-watched-files", method, _EVERY_FILE)
    ls.protocol.send_request(
        types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams([registration])
    )


def _changed(ls: ServerCore, uris: list[str]) -> None:
    paths = [path for uri in uris if (path := path_of_uri(uri)) is not None]
    if paths:
        ls.indexes.changed(paths)
