"""Whether a disk has room for a file."""

from __future__ import annotations

import shutil
from pathlib import Path

from quantize.failures import NoRoom


def check_room(target: Path, n_bytes: int) -> None:
    """NoRoom if the disk that `target` will lie on has not `n_bytes` free."""
    n_free = shutil.disk_usage(target.absolute().parent).free
    if n_bytes > n_free:
        raise NoRoom(
            f"{target} needs {_gigabytes(n_bytes)} and its disk has {_gigabytes(n_free)} free; "
            "make room or write it elsewhere."
        )


def _gigabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f} GB"
