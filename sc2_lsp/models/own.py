"""What is the user's own: downloaded models, the chosen one, accepted licences, measured speed.

Kept in the user's configuration and data folders, never in a workspace. Reading raises nothing:
what is missing or damaged counts as not said. Writing raises OSError and leaves no half a file.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec
import platformdirs

from sc2_lsp import replacing
from sc2_lsp.models.catalogue import Model

CONFIG_VARIABLE = "SC2_LSP_CONFIG_DIR"
"""The environment variable that names another folder than the user's configuration."""

MODELS_VARIABLE = "SC2_LSP_MODELS_DIR"
"""The environment variable that names another folder for downloaded models."""

_BY_UMASK = 0o666
_APP = "sc2-lsp"
_CHOICE = "model.json"
_LICENCES = "licences.json"
_SPEEDS = "memory_speed.json"
_SOURCE = "source.json"

T = TypeVar("T")


class Source(msgspec.Struct, frozen=True):
    """Where a download is from and what was checked: SHA-256 in hexadecimal digits by file name."""

    repository: str
    commit: str
    sha256: dict[str, str]


class _Choice(msgspec.Struct, frozen=True):
    model: str


class _Licences(msgspec.Struct, frozen=True):
    accepted: tuple[str, ...]


class _Speeds(msgspec.Struct, frozen=True):
    bytes_per_s: dict[str, float]


def config_folder() -> Path:
    """The user's configuration folder; it need not exist."""
    if named := os.environ.get(CONFIG_VARIABLE):
        return Path(named)
    return platformdirs.user_config_path(_APP, appauthor=False)


def models_folder() -> Path:
    """Where downloads are kept; it need not exist."""
    if named := os.environ.get(MODELS_VARIABLE):
        return Path(named)
    return platformdirs.user_data_path(_APP, appauthor=False) / "models"


def folder_of(model: Model) -> Path:
    """The folder of one model that is or will be downloaded."""
    return models_folder() / model.name


def place_of(model: Model) -> Path:
    """Where the file, or of a checkpoint the folder, of a model to download has its place."""
    return folder_of(model) / model.file if model.file else folder_of(model) / "checkpoint"


def is_downloaded(model: Model) -> bool:
    """Whether it is there; nothing gets its final name before it is whole and was checked."""
    return place_of(model).exists()


def source_of(model: Model) -> Source | None:
    """What was written down when the model was downloaded."""
    return _read(folder_of(model) / _SOURCE, Source)


def remember_source(model: Model, source: Source) -> None:
    """Write down where a download is from; raises OSError."""
    _write(folder_of(model) / _SOURCE, source)


def remove(model: Model) -> int:
    """Remove what was downloaded of a model, parts included; how many bytes. Raises OSError."""
    folder = folder_of(model)
    n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if folder.exists():
        shutil.rmtree(folder)
    return n_bytes


def chosen_model() -> str:
    """The name or absolute path that `sc2-lsp model use` was given last; empty for none."""
    choice = _read(config_folder() / _CHOICE, _Choice)
    return choice.model if choice else ""


def choose_model(model: str) -> None:
    """Remember a name or an absolute path, or with an empty one that none is chosen.

    Raises OSError.
    """
    if model:
        _write(config_folder() / _CHOICE, _Choice(model))
    else:
        (config_folder() / _CHOICE).unlink(missing_ok=True)


def is_accepted(licence: str) -> bool:
    """Whether the user accepted the licence with this id before."""
    return licence in _accepted()


def accept(licence: str) -> None:
    """Remember that the user accepted it; raises OSError."""
    if not is_accepted(licence):
        _write(config_folder() / _LICENCES, _Licences((*_accepted(), licence)))


def best_speed(machine: str, measured: float) -> float:
    """The fastest that memory was seen to be on this machine, `measured` included, in bytes/s.

    Other programs can only make it look slower. Kept for the next time where it can be.
    """
    known = _read(config_folder() / _SPEEDS, _Speeds)
    speeds = known.bytes_per_s if known else {}
    best = max(measured, speeds.get(machine, 0.0))
    if best != speeds.get(machine):
        with suppress(OSError):
            _write(config_folder() / _SPEEDS, _Speeds({**speeds, machine: best}))
    return best


def _accepted() -> tuple[str, ...]:
    licences = _read(config_folder() / _LICENCES, _Licences)
    return licences.accepted if licences else ()


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, ValueError):
        return None


def _write(path: Path, value: object) -> None:
    """Put `value` there at once: whoever reads finds the old file or the new one, both whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replacing.put(path, msgspec.json.format(msgspec.json.encode(value)) + b"\n", _BY_UMASK)
