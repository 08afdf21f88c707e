"""The key for a team's servers: from the environment, a file that is the user's alone, the keyring.

The first that there is counts. It is shown nowhere; every refusal is a ModelError of one sentence.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import stat
import threading
from pathlib import Path

from sc2_lsp.launching import KEY_VARIABLE
from sc2_lsp.models import own
from sc2_lsp.ports import ModelError

SERVICE = "sc2-lsp"
"""Under which name the system's keyring has it; the user's name there is the server's host."""

PATIENCE_S = 1.0
"""How long a keyring may take, which may ask somebody to open it."""

_KEY_FILE = "api_key"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def key_file() -> Path:
    """Where the key may lie, readable by the user alone."""
    return own.config_folder() / _KEY_FILE


def key_for(host: str) -> tuple[str, str]:
    """The key for a server and where it comes from, both empty for none; raises ModelError."""
    if key := os.environ.get(KEY_VARIABLE, "").strip():
        where = f"the variable {KEY_VARIABLE}"
        return _usable(key, where), where
    path = key_file()
    if key := _from_file(path):
        where = f"the file {path}"
        return _usable(key, where), where
    if key := _from_keyring(host):
        where = "the system's keyring"
        return _usable(key, where), where
    return "", ""


def others_may_read(path: Path) -> bool:
    """Whether a file that holds a key is open to others; raises OSError."""
    return hasattr(os, "getuid") and bool(path.stat().st_mode & _OTHERS)


def _from_file(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            mode = os.fstat(file.fileno()).st_mode
            if hasattr(os, "getuid") and mode & _OTHERS:
                raise ModelError(f"Others may read the key in {path}: chmod 600 it.")
            return file.read().strip()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError):
        raise ModelError(f"The key in {path} cannot be read.") from None


def _from_keyring(host: str) -> str:
    """What the keyring has for `host`; empty where there is none, or where it takes too long."""
    found: list[str] = []

    def look() -> None:
        # Whatever a system's keyring does, there is no key then.
        try:
            keyring = importlib.import_module("keyring")
            found.append(keyring.get_password(SERVICE, host) or "")
        except Exception:
            return

    if importlib.util.find_spec("keyring") is None:
        return ""
    looking = threading.Thread(target=look, name="keyring", daemon=True)
    looking.start()
    looking.join(PATIENCE_S)
    return found[0].strip() if found else ""


def _usable(key: str, where: str) -> str:
    if not key.isascii() or not key.isprintable() or " " in key:
        shown = where[0].upper() + where[1:]
        raise ModelError(f"{shown} holds no key: one word of plain characters.")
    return key
