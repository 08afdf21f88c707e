"""The process that reads and parses files for an indexer, which writes what it finds.

It may be killed at any time, also by a file that its parser cannot stand. It ends when its input
ends, and in the midst of a file that takes far too long.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

from sc2_lsp.index.limits import Limits
from sc2_lsp.index.parsed import Parsed
from sc2_lsp.index.priority import Urgency, at_most, give_way
from sc2_lsp.index.reading import read_file
from sc2_lsp.index.schema import NotOurs, open_to_read
from sc2_lsp.index.stillness import Stillness
from sc2_lsp.launching import collect_rarely

BATCH_TIME_S = 60
# So much of it may be spent on waiting for others.
_MOST_STILL_S = 20.0

_HEADER = struct.Struct(">I")


class Setup(msgspec.Struct, frozen=True):
    """What a worker is told at its start. `database` is where known digests are looked up.

    With a folder in `still` it waits before each file as long as somebody asks for that there.
    """

    root: str
    limits: Limits
    database: str | None = None
    urgency: Urgency = Urgency.IDLE
    still: str | None = None


def main(arguments: list[str]) -> None:
    """Serve the indexer that started this process until it ends."""
    setup = msgspec.json.decode(arguments[0], type=Setup)
    give_way(setup.urgency)
    is_known = _lookup(setup.database)
    collect_rarely()
    stillness = None if setup.still is None else Stillness(Path(setup.still))
    while (body := read_frame(sys.stdin.buffer)) is not None:
        paths = msgspec.msgpack.decode(body, type=list[str])
        parsed: list[Parsed] = []
        left_s = _MOST_STILL_S
        for path in paths:
            if stillness is not None:
                left_s -= stillness.keep(left_s)
            with at_most(BATCH_TIME_S):
                parsed.append(read_file(setup.root, path, setup.limits, is_known))
        try:
            write_frame(sys.stdout.buffer, msgspec.msgpack.encode(parsed))
        except OSError:
            os._exit(0)  # Nobody is there any more, so nobody needs to hear of it.


def read_frame(stream: IO[bytes]) -> bytes | None:
    """The next body, which its length in four bytes stands before; None at the stream's end."""
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    (length,) = _HEADER.unpack(header)
    body = stream.read(length)
    return body if len(body) == length else None


def write_frame(stream: IO[bytes], body: bytes) -> None:
    stream.write(_HEADER.pack(len(body)))
    stream.write(body)
    stream.flush()


def decode_parsed(body: bytes) -> list[Parsed]:
    return _decoder.decode(body)


_decoder = msgspec.msgpack.Decoder(list[Parsed])


def _lookup(database: str | None) -> Callable[[bytes], bool]:
    """Whether a digest is in the database. What cannot be asked knows of none."""
    if database is None:
        return lambda digest: False
    try:
        connection = open_to_read(Path(database))
    except (sqlite3.Error, NotOurs):
        return lambda digest: False

    def is_known(digest: bytes) -> bool:
        try:
            query = connection.execute("SELECT 1 FROM blobs WHERE digest = ?", (digest,))
            return query.fetchone() is not None
        except sqlite3.Error:
            return False

    return is_known
