"""The key for a team's servers: from the environment, a file that is the user's alone, the keyring.

The first that there is counts. It is shown nowhere; every refusal is a ModelError of one sentence.
Neither a disk nor somebody who has to open a keyring holds up the event loop, or the process's end.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import stat
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sc2_lsp.launching import KEY_VARIABLE
from sc2_lsp.models import own
from sc2_lsp.ports import Clock, ModelError

SERVICE = "sc2-lsp"
"""Under which name the system's keyring has it; the user's name there is the server's host."""

PATIENCE_S = 1.0
"""How long a keyring is waited for, which may ask somebody to open it; its answer counts later."""

AGAIN_S = 600.0
"""How long one that failed or took longer is left alone: nobody is to be asked time and again."""

_KEY_FILE = "api_key"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO

T = TypeVar("T")

Keyring = Callable[[str], str]
"""The key for a host in a keyring, empty for none; may take any time, and raise anything."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key and where it was found, both empty for none."""

    word: str = field(default="", repr=False)
    found_in: str = ""


NO_KEY = Key()


def key_file() -> Path:
    """Where the key may lie, readable by the user alone."""
    return own.config_folder() / _KEY_FILE


def system_keyring(host: str) -> str:
    """Implements `Keyring`; there is none where its library is not installed."""
    if importlib.util.find_spec("keyring") is None:
        return ""
    return str(importlib.import_module("keyring").get_password(SERVICE, host) or "")


class Keys:
    """Owns what is known of the keys for `hosts`. Belongs to one event loop.

    The keyring is asked once for all hosts, and only where no other key is found.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        clock: Clock = time.monotonic,
        keyring: Keyring = system_keyring,
        patience_s: float | None = None,
    ) -> None:
        self._hosts = tuple(dict.fromkeys(hosts))
        self._clock = clock
        self._keyring = keyring
        self._patience_s = PATIENCE_S if patience_s is None else patience_s
        self._reading: asyncio.Future[Key] | None = None
        self._asking: asyncio.Future[Mapping[str, str]] | None = None
        self._asked_s = 0.0
        self._is_late = False
        self._in_keyring: Mapping[str, str] = {}

    @property
    def is_waiting(self) -> bool:
        """Whether the keyring was asked and has not answered yet."""
        return self._asking is not None and not self._asking.done()

    async def key(self, host: str) -> Key:
        """The key for one of the hosts, as far as it is known in time; raises ModelError.

        Read again where that failed the last time, and after `renew`.
        """
        if self._reading is None or (self._reading.done() and self._reading.exception()):
            self._reading = _aside(_own, "key")
        # A disk that does not answer holds up whoever waits for this, who gives up by then.
        reading = self._reading
        await asyncio.wait({reading})
        if (key := reading.result()) is not NO_KEY:
            return key
        await self._ask()
        word = self._in_keyring.get(host, "")
        where = "the system's keyring"
        return Key(_usable(word, where), where) if word else NO_KEY

    def renew(self) -> None:
        """A key was refused: look again when it is wanted the next time."""
        if self._reading is not None and self._reading.done():
            self._reading = None
        if self._asking is None or not self._asking.done():
            return
        is_dear = self._is_late or self._asking.exception() is not None
        if not is_dear or self._clock() - self._asked_s >= AGAIN_S:
            self._asking = None

    async def _ask(self) -> None:
        """Take in what the keyring says, if it does."""
        if self._asking is None:
            self._asked_s, self._is_late = self._clock(), False
            self._asking = _aside(self._all, "keyring")
        if not self._is_late:
            await asyncio.wait({self._asking}, timeout=self._patience_s)
            self._is_late = not self._asking.done()
        # Whatever a system's keyring does, there is no key then.
        if self._asking.done() and self._asking.exception() is None:
            self._in_keyring = self._asking.result()

    def _all(self) -> Mapping[str, str]:
        """In a thread of its own: one who has to open it is asked once."""
        return {host: self._keyring(host).strip() for host in self._hosts}


def _aside(work: Callable[[], T], name: str) -> asyncio.Future[T]:
    """What `work` comes to, in a thread that nobody waits for at the end of the process."""
    loop = asyncio.get_running_loop()
    coming: asyncio.Future[T] = loop.create_future()
    # Nobody may be there any more when it fails.
    coming.add_done_callback(lambda done: done.cancelled() or done.exception())

    def run() -> None:
        # The loop may have been closed meanwhile.
        with suppress(RuntimeError):
            try:
                result = work()
            except Exception as error:
                loop.call_soon_threadsafe(coming.set_exception, error)
            else:
                loop.call_soon_threadsafe(coming.set_result, result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return coming


def _own() -> Key:
    """The key that the environment or the file holds."""
    if word := os.environ.get(KEY_VARIABLE, "").strip():
        where = f"the variable {KEY_VARIABLE}"
        return Key(_usable(word, where), where)
    path = key_file()
    if word := _from_file(path):
        where = f"the file {path}"
        return Key(_usable(word, where), where)
    return NO_KEY


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


def _usable(key: str, where: str) -> str:
    if not key.isascii() or not key.isprintable() or " " in key:
        shown = where[0].upper() + where[1:]
        raise ModelError(f"{shown} holds no key: one word of plain characters.")
    return key
