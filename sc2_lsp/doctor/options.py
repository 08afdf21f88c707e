"""Settings that are named wrongly: on the command line, in the environment, in VS Code's file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

from sc2_lsp.console import MODEL_VARIABLE
from sc2_lsp.doctor.check import Check, Situation, fail, ok, warn
from sc2_lsp.engine import rendezvous, states
from sc2_lsp.index import place
from sc2_lsp.models import own
from sc2_lsp.record import store
from sc2_lsp.settings import SECTION, options

_NAME = "settings"
_PREFIX = "SC2_LSP_"
_VARIABLES = (
    MODEL_VARIABLE,
    own.CONFIG_VARIABLE,
    own.MODELS_VARIABLE,
    place.FOLDER_VARIABLE,
    rendezvous.FOLDER_VARIABLE,
    states.FOLDER_VARIABLE,
    store.FOLDER_VARIABLE,
)
# The extension's own, which the server never sees.
_EXTENSION = "vscode."
_KEY = re.compile(rf'^\s*"{SECTION}\.([\w.]+)"\s*:', re.MULTILINE)
_NAMED = re.compile(rf"'{SECTION}\.([\w.]+)'")
_MOST_BYTES = 4 << 20
_VSCODE_FILES = (
    ".config/Code/User/settings.json",
    ".config/Code - Insiders/User/settings.json",
    ".config/VSCodium/User/settings.json",
    ".vscode-server/data/Machine/settings.json",
    "Library/Application Support/Code/User/settings.json",
    "AppData/Roaming/Code/User/settings.json",
)


def named_wrongly(situation: Situation) -> Iterator[Check]:
    """Implements `Examine`."""
    wrong = [
        *(_complaint(complaint) for complaint in situation.complaints),
        *_variables(situation.environment),
        *(check for name in _VSCODE_FILES for check in _file(situation.home / name)),
    ]
    yield from wrong
    if not wrong:
        yield ok(_NAME, "None is named wrongly, as far as can be seen from outside an editor.")


def _complaint(complaint: str) -> Check:
    named = _NAMED.search(complaint)
    known = [option.name for option in options()]
    meant = _meant(named[1], known) if named and named[1] not in known else ""
    return fail(_NAME, complaint, meant or _table())


def _variables(environment: Iterable[str]) -> Iterator[Check]:
    for name in sorted(environment):
        if name.startswith(_PREFIX) and name not in _VARIABLES:
            found = f"The environment variable {name} means nothing here."
            yield warn(_NAME, found, _meant(name, _VARIABLES) or "Take it away.")


def _file(path: Path) -> Iterator[Check]:
    """What is wrong in one of VS Code's files; lines that are comments do not count."""
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return
    known = [option.name for option in options()]
    for name in dict.fromkeys(_KEY.findall(text)):
        if name not in known and not name.startswith(_EXTENSION):
            found = f"{path} names '{SECTION}.{name}', which is no setting."
            yield warn(_NAME, found, _meant(name, known) or _table())


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"Perhaps {close[0]} is meant." if close else ""


def _table() -> str:
    return "The table in the README names all settings."
