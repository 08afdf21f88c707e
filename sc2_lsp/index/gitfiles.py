"""Where git keeps what belongs to a folder: found by looking at small plain files, without git."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

_MOST_BYTES = 1 << 20
_HEAD = re.compile(rb"ref:\s*refs/|[0-9a-fA-F]{40}")


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a repository has its settings, and where this checkout of it has what is its own."""

    shared: Path
    own: Path

    @property
    def excludes(self) -> Path:
        """What is ignored in every checkout of it."""
        return self.shared / "info" / "exclude"


def repository_around(folder: Path) -> tuple[Path, Repository] | None:
    """The innermost repository that holds `folder`, by its top."""
    for top in (folder, *folder.parents):
        if (repository := repository_at(top)) is not None:
            return top, repository
    return None


def repository_at(folder: Path) -> Repository | None:
    """The repository whose top is `folder`; None if it is no repository."""
    path = folder / ".git"
    if os.path.lexists(path / "HEAD"):
        return Repository(path, path)
    pointer = read_small(path)
    if pointer is None or not pointer.startswith(b"gitdir:"):
        return None
    # A submodule, or a further worktree, which shares its settings with the first one.
    path = folder / os.fsdecode(pointer.removeprefix(b"gitdir:").strip())
    common = read_small(path / "commondir")
    return Repository(path if common is None else path / os.fsdecode(common.strip()), path)


def is_git_folder(folder: Path) -> bool:
    """Whether git takes `folder` itself for what it keeps of a repository: one without a checkout,
    or with its checkout elsewhere. It asks no more for that than what is asked here."""
    parts = (folder / "objects", folder / "refs")
    return all(part.is_dir() for part in parts) and _is_head(folder / "HEAD")


def _is_head(path: Path) -> bool:
    try:
        if path.is_symlink():
            return os.readlink(path).startswith("refs/")  # noqa: PTH115  as it is written
    except OSError:
        return False
    return _HEAD.match(read_small(path) or b"") is not None


def read_small(path: Path) -> bytes | None:
    """The content of a small plain file; None where there is none, or where it is a link."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
            return None
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except (OSError, ValueError):
        return None
