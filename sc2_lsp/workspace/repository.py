"""What a repository and the files in it are called in a prompt.

Reads one small file, `.git/config`, and nothing else; runs no git.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sc2_lsp.workspace.uris import normal_path

_MAX_CONFIG_BYTES = 64 * 1024
_SECTION = re.compile(r"\s*\[(.*)\]")
_ORIGIN = re.compile(r'remote\s+"origin"')
_URL = re.compile(r"\s*url\s*=\s*(\S+)")
_OWNER_AND_NAME = re.compile(
    r"(?:\w[\w+.-]*://[^/]+/|(?:[^@/\s]+@)?[^/:\s\\]{2,}:(?!//))"  # https://host/ or user@host:
    r"(?:.*/)?(?P<owner>[^/\s]+)/(?P<name>[^/\s]+?)(?:\.git)?/?"
)


def relative_path(path: str, roots: Sequence[str]) -> str:
    """`path` relative to the innermost of `roots` that holds it, else its file name.

    With forward slashes; Windows paths are compared without regard to case.
    """
    root = root_of(path, roots)
    path = normal_path(path)
    if root is None:
        return path.rpartition("/")[2]
    return path[len(normal_path(root).rstrip("/")) + 1 :]


def root_of(path: str, roots: Sequence[str]) -> str | None:
    """The innermost of `roots` that holds the file `path`."""
    holding = [root for root in roots if _key(path).startswith(_key(root).rstrip("/") + "/")]
    return max(holding, key=lambda root: len(normal_path(root)), default=None)


def repository_name(root: str) -> str:
    """`owner/name` of the remote `origin` of the checkout at `root`, else the folder's name."""
    return _origin_name(_read_config(root)) or normal_path(root).rstrip("/").rpartition("/")[2]


def _key(path: str) -> str:
    normal = normal_path(path)
    return normal.casefold() if normal[1:2] == ":" or normal.startswith("//") else normal


def _read_config(root: str) -> str:
    """The text of `.git/config`; empty where there is none, or none that is a small plain file."""
    config = Path(root) / ".git" / "config"
    try:
        # Opening what is not a plain file, a FIFO for example, may block for ever.
        if not config.is_file():
            return ""
        with config.open("rb") as file:
            return file.read(_MAX_CONFIG_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""


def _origin_name(config: str) -> str | None:
    in_origin = False
    for line in config.splitlines():
        section = _SECTION.match(line)
        if section:
            in_origin = _ORIGIN.fullmatch(section.group(1).strip()) is not None
        elif in_origin and (url := _URL.match(line)):
            match = _OWNER_AND_NAME.fullmatch(url.group(1))
            is_local = url.group(1).lower().startswith("file:")
            return f"{match['owner']}/{match['name']}" if match and not is_local else None
    return None
