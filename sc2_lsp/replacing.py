"""Small files that are whole at any moment: written beside, flushed to the disk, renamed."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

# Windows would write line ends of its own without O_BINARY, which no other system has.
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def put(path: Path, content: bytes, mode: int) -> None:
    """Let the file hold `content`: whoever reads finds the old or the new one. Raises OSError.

    `mode` are the rights of a new file, less those that the process withholds by its umask.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with os.fdopen(os.open(beside, _NEW, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
