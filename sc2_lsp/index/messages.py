"""Messages between the server and its indexer: one JSON object a line, over the child's pipes.

The server says what may have changed; the indexer says how far it is. A message with an `id` is
answered by `Done` with that id. The end of the indexer's input ends the indexer.
"""

from __future__ import annotations

from enum import Enum

import msgspec


class Phase(str, Enum):
    """What an indexer is at. FOLLOWING means that another process keeps this index."""

    SCANNING = "scanning"
    INDEXING = "indexing"
    READY = "ready"
    FOLLOWING = "following"
    STOPPED = "stopped"


class Changed(msgspec.Struct, frozen=True, tag=True):
    """These files or folders may have changed, paths relative to the root; done once readers
    see it."""

    id: int
    paths: list[str]


class Settle(msgspec.Struct, frozen=True, tag=True):
    """Done when there is nothing left to do."""

    id: int


class Rescan(msgspec.Struct, frozen=True, tag=True):
    """Anything may have changed; done when all of it is indexed."""

    id: int


class Rebuild(msgspec.Struct, frozen=True, tag=True):
    """Forget everything and index from nothing; done when all of it is indexed."""

    id: int


class Check(msgspec.Struct, frozen=True, tag=True):
    """A reader met damage: look for it, and rebuild if it is there; done when nothing is left
    to do."""

    id: int


class Focus(msgspec.Struct, frozen=True, tag=True):
    """What lies beside these files is to be indexed first."""

    paths: list[str]


class Progress(msgspec.Struct, frozen=True, tag=True):
    """`done` of `total` files are as they should be in the index; `total` is 0 during the walk.

    `message` is one sentence for the user where something is wrong, else empty.
    """

    phase: Phase
    done: int = 0
    total: int = 0
    message: str = ""


class Done(msgspec.Struct, frozen=True, tag=True):
    id: int


Command = Changed | Settle | Rescan | Rebuild | Check | Focus
Report = Progress | Done

_command_decoder: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_report_decoder: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


def encode(message: Command | Report) -> bytes:
    """The line of `message`, line break included."""
    return msgspec.json.encode(message) + b"\n"


def decode_command(line: bytes) -> Command:
    """Raises msgspec.DecodeError."""
    return _command_decoder.decode(line)


def decode_report(line: bytes) -> Report:
    """Raises msgspec.DecodeError."""
    return _report_decoder.decode(line)
