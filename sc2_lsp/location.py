"""A place in a file on disk, as a person writes it, and the snapshot an editor would hold there."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from sc2_lsp.domain import Snapshot
from sc2_lsp.text import Text
from sc2_lsp.workspace.repository import relative_path, repository_name
from sc2_lsp.workspace.uris import normal_path

_LOCATION = re.compile(r"(?P<file>.+):(?P<line>\d+):(?P<column>\d+)")
_MAX_BYTES = 64 * 1024 * 1024


class LocationError(Exception):
    """The place does not exist or cannot be read; the message is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Location:
    """A file, a line and a column; both count from 1, columns are characters."""

    path: Path
    line: int
    column: int

    @staticmethod
    def parse(written: str) -> Location:
        """The location written as FILE:LINE:COL; a file name may hold colons itself."""
        match = _LOCATION.fullmatch(written)
        if match is None or int(match["line"]) < 1 or int(match["column"]) < 1:
            raise LocationError(
                f"'{written}' is no place in a file: write FILE:LINE:COL, counting from 1."
            )
        return Location(Path(match["file"]), int(match["line"]), int(match["column"]))


def snapshot_at(location: Location) -> Snapshot:
    """The file of `location` with the cursor there; raises LocationError."""
    text = Text.of(_read(location.path))
    if location.line > text.n_lines:
        raise LocationError(
            f"{location.path} has {text.n_lines} lines, so there is no line {location.line}."
        )
    line = location.line - 1
    length = text.line_end(line) - text.line_start(line)
    if location.column > length + 1:
        raise LocationError(
            f"Line {location.line} of {location.path} has {length} characters, so there is no "
            f"column {location.column}."
        )
    path = Path(os.path.abspath(location.path))  # noqa: PTH100  without `..`, links as they are
    root = root_around(path.parent)
    return Snapshot(
        uri=path.as_uri(),
        path=relative_path(str(path), [str(root)]),
        language_id=path.suffix.lstrip("."),
        text=text,
        char_offset=text.line_start(line) + location.column - 1,
        repository=repository_name(str(root)),
        root=normal_path(str(root)).rstrip("/"),
        file=normal_path(str(path)),
    )


def root_around(folder: Path) -> Path:
    """The repository that holds `folder`, an absolute path, or the folder itself."""
    for holding in (folder, *folder.parents):
        if (holding / ".git").exists():
            return holding
    return folder


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise LocationError(f"{path} is larger than 64 MiB, too large to complete in.")
        data = path.read_bytes()
    except OSError as error:
        raise LocationError(f"{path} cannot be read: {error.strerror or error}.") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LocationError(
            f"{path} is not UTF-8 text (byte {error.start}); convert it first."
        ) from None
