"""`initialize` and `initialized`; the rest of the life cycle is the protocol's own."""

from __future__ import annotations

from lsprotocol import types

from sc2_lsp.server.convert import choose_encoding
from sc2_lsp.server.core import ServerCore
from sc2_lsp.server.handlers import configuration
from sc2_lsp.server.parent import wait_for_death


def register(server: ServerCore) -> None:
    server.feature(types.INITIALIZE)(initialize)
    server.feature(types.INITIALIZED)(initialized)


def initialize(ls: ServerCore, params: types.InitializeParams) -> None:
    """Take encoding, folders and settings of the client."""
    session = ls.session
    session.encoding = choose_encoding(params.capabilities)
    workspace = params.capabilities.workspace
    session.can_pull_configuration = bool(workspace and workspace.configuration)
    session.add_folders(_folders(params))
    configuration.apply(ls, params.initialization_options)
    if ls.watches_client and params.process_id is not None:
        ls.start_task(_stop_with_client(ls, params.process_id))


def initialized(ls: ServerCore, params: types.InitializedParams) -> None:
    """Load the weights and index, after the client told how where it has more to tell."""
    if ls.session.can_pull_configuration:
        configuration.pull_and_start(ls)
    else:
        configuration.start(ls)


def _folders(params: types.InitializeParams) -> list[str]:
    if params.workspace_folders:
        return [folder.uri for folder in params.workspace_folders]
    return [params.root_uri] if params.root_uri else []


async def _stop_with_client(ls: ServerCore, pid: int) -> None:
    await wait_for_death(pid)
    ls.stop(ls.protocol.exit_code)
