"""A file that appears under its name only once it is whole.

It is written beside, synced to the disk and renamed. Who is killed in between leaves a part file;
the next who writes the same name removes it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from quantize.failures import BadInput, QuantizeError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside `path` whose file takes its place at the end, and vanishes on a failure.

    Raises QuantizeError where the system refuses.
    """
    _remove_parts_of_the_dead(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        _sync(part)
        part.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise QuantizeError(f"{path} cannot be written: {error.strerror or error}.") from None
    finally:
        with suppress(OSError):
            part.unlink()
        # A child that outlives its killed parent for a moment may have made one meanwhile.
        _remove_parts_of_the_dead(path)


def write_text(path: Path, text: str) -> None:
    """Put `text` at `path`, whole or not at all."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: Path, value: object) -> None:
    """Put `value` at `path`, whole or not at all."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def forget(path: Path) -> None:
    """Remove what may be at `path`, and what runs that were killed left beside it."""
    _remove_parts_of_the_dead(path)
    with suppress(OSError):
        path.unlink()


def check_target(path: Path, force: bool) -> None:
    """Raise BadInput unless a file may be written to `path`."""
    if path.is_dir():
        raise BadInput(f"{path} is a folder; name the file to write.")
    if not path.absolute().parent.is_dir():
        raise BadInput(f"{path} cannot be written: its folder does not exist; create it first.")
    if path.exists() and not force:
        raise BadInput(f"{path} exists; choose another name, or replace it with --force.")


def _remove_parts_of_the_dead(path: Path) -> None:
    name = re.compile(rf"\.{re.escape(path.name)}\.(\d+)\.part")
    with suppress(OSError):
        for beside in path.absolute().parent.iterdir():
            found = name.fullmatch(beside.name)
            if found and not psutil.pid_exists(int(found[1])):
                with suppress(OSError):
                    beside.unlink()


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the new name last; systems that cannot do this order their writes themselves."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
