"""Settings from the client: `workspace/didChangeConfiguration` and `workspace/configuration`.

A value that is refused is named in the editor's log and changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Future
from functools import partial
from typing import Any

import msgspec
from lsprotocol import types

from sc2_lsp.models import engine_spec
from sc2_lsp.server.core import ServerCore
from sc2_lsp.server.handlers import indexing
from sc2_lsp.server.options import given_settings
from sc2_lsp.settings import SECTION, merge

PULL_TIMEOUT_S = 5.0

logger = logging.getLogger(__name__)


def register(server: ServerCore) -> None:
    server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(did_change_configuration)


def did_change_configuration(ls: ServerCore, params: types.DidChangeConfigurationParams) -> None:
    """Take what was pushed; a client that pushes nothing wants to be asked."""
    if params.settings is None and ls.session.can_pull_configuration:
        pull_and_start(ls)
    elif apply(ls, params.settings):
        ls.engine.warm_up()


def apply(ls: ServerCore, payload: object) -> bool:
    """Take the settings in `payload`; whether they name other weights than before.

    Indexes that exist follow at once.
    """
    given = given_settings(payload)
    if given is None:
        ls.warn(f"The settings of '{SECTION}' are ignored: they are no object.")
        return False
    settings, complaints = merge(ls.session.settings, given)
    if not settings.model:
        # Some editors send every setting; an empty one leaves the command line's model in force.
        settings = msgspec.structs.replace(settings, model=ls.session.model_at_start)
    for complaint in complaints:
        ls.warn(complaint)
    spec = engine_spec(settings)
    changed = spec != engine_spec(ls.session.settings)
    ls.session.settings = settings
    indexing.follow(ls)
    if changed:
        ls.engine.configure(spec)
    return changed


def start(ls: ServerCore) -> None:
    """Load the weights and index, as the settings are now."""
    ls.engine.warm_up()
    indexing.start(ls)


def pull_and_start(ls: ServerCore) -> None:
    """Ask the client for our section, take it when it comes, and start with it."""
    item = types.ConfigurationItem(section=SECTION)
    asked = ls.protocol.send_request(
        types.WORKSPACE_CONFIGURATION, types.ConfigurationParams([item])
    )
    late = asyncio.get_running_loop().call_later(PULL_TIMEOUT_S, start, ls)
    asked.add_done_callback(partial(_take_pulled, ls, late))


def _take_pulled(ls: ServerCore, late: asyncio.TimerHandle, asked: Future[Any]) -> None:
    """Runs while the answer is received, so what comes behind it finds the new settings."""
    late.cancel()
    if asked.cancelled() or asked.exception() is not None:
        logger.warning("The client did not tell its configuration.")
    elif asked.result():
        apply(ls, {SECTION: asked.result()[0]})
    start(ls)
