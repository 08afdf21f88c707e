"""Which folders of a workspace are indexed: repositories are, a home or a whole disk is not."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sc2_lsp.domain import IndexSpec
from sc2_lsp.settings import Settings

_KIB = 1024


def index_spec(settings: Settings, folders: Collection[str], home: str) -> IndexSpec:
    """What the settings want to have indexed of these folders."""
    is_on = settings.index == "auto"
    return IndexSpec(
        roots=tuple(folder for folder in folders if not is_too_large(folder, home)) * is_on,
        max_file_bytes=settings.index_max_file_kb * _KIB,
        watch=settings.watch,
        folders=tuple(folders),
    )


def is_too_large(folder: str, home: str) -> bool:
    """Whether `folder` is the user's home, or holds it, or is a whole disk."""
    real = Path(folder).resolve()
    return real == Path(real.anchor) or Path(home).resolve().is_relative_to(real)
