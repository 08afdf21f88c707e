"""Where a checkpoint comes from: a folder or the hub, and what can be told of its origin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from quantize.failures import BadInput
from quantize.hub import fetch

_REVISION = re.compile(r"[0-9a-f]{40}")
_REPOSITORY = re.compile(r"\w[\w.-]*/\w[\w.-]*")


@dataclass(frozen=True, slots=True)
class Source:
    """A checkpoint's folder, its name, and, where known, its repository and revision on the hub."""

    folder: Path
    name: str
    repository: str | None = None
    revision: str | None = None


def find_source(text: str, revision: str | None = None) -> Source:
    """The checkpoint in the folder `text`, or, where there is none, in the repository of that name.

    A name in a folder that exists is a path with a slip in it, and nobody else is asked for it.
    `revision` is a branch, tag or commit of a repository. Raises QuantizeError.
    """
    folder = Path(text)
    if _REPOSITORY.fullmatch(text) and not folder.parent.is_dir():
        folder = fetch(text, revision)
    elif revision is not None:
        raise BadInput(f"{folder} is no repository of the hub, so it has no --revision.")
    if not folder.is_dir():
        what = "is a file, not the folder of a checkpoint" if folder.exists() else "does not exist"
        raise BadInput(f"{folder} {what}; give a folder with config.json and safetensors.")
    folder = folder.resolve()
    repository, revision = _cached(folder)
    name = repository.rpartition("/")[2] if repository else folder.name
    return Source(folder, name, repository, revision or _downloaded(folder))


def _cached(folder: Path) -> tuple[str | None, str | None]:
    """Repository and revision by the layout of the hub's cache: models--A--B/snapshots/REVISION."""
    cached = folder.parent.parent.name
    if folder.parent.name == "snapshots" and cached.startswith("models--"):
        repository = cached.removeprefix("models--").replace("--", "/", 1)
        return repository, folder.name if _REVISION.fullmatch(folder.name) else None
    return None, None


def _downloaded(folder: Path) -> str | None:
    """The revision that `hf download --local-dir` left a note of, in the first line of a file."""
    note = folder / ".cache" / "huggingface" / "download" / "config.json.metadata"
    try:
        with note.open(encoding="utf-8", errors="replace") as file:
            line = file.readline(100).strip()
    except OSError:
        return None
    return line if _REVISION.fullmatch(line) else None
