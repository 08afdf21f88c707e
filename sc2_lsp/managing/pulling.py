"""`sc2-lsp model pull`: a model comes to its place whole and checked, or not at all.

What has come of a file stays beside its place until the rest has; the same command goes on from
there. Every failure is a HubError of one sentence, but for OSError.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from sc2_lsp.hub.door import (
    HubError,
    Remote,
    RemoteFile,
    cached,
    cached_offline,
    fetch,
    is_offline,
    look_up,
)
from sc2_lsp.index.place import Lock
from sc2_lsp.managing.checking import complaint, digests
from sc2_lsp.models import own
from sc2_lsp.models.catalogue import Model
from sc2_lsp.models.own import Source

_SPARE_DISK_BYTES = 256 << 20
_SHA256_DIGITS = 64

Tell = Callable[[int, int], None]
"""Told how many bytes are here, and how many there will be."""


def pull(model: Model, tell: Tell) -> Path:
    """Fetch what is missing of `model`, check it, and give it its place; the path of that.

    Raises HubError and OSError.
    """
    place = own.place_of(model)
    if own.is_downloaded(model):
        return place
    folder = own.folder_of(model)
    folder.mkdir(parents=True, exist_ok=True)
    lock = Lock(folder / ".lock")
    if not lock.try_take():
        raise HubError(f"{model.name} is being fetched by another process.")
    try:
        return _pull(model, place, tell)
    finally:
        lock.release()


def _pull(model: Model, place: Path, tell: Tell) -> Path:
    remote, ready = _what_to_fetch(model)
    for file in remote.files:
        if model.sha256 and model.sha256 != file.digest:
            raise HubError(
                f"{file.name} of {model.repository} is not the file that this version of sc2-lsp "
                f"knows: its SHA-256 is {file.digest} instead of {model.sha256}."
            )
    parts = {file.name: _part(place, file) for file in remote.files}
    _check_room(remote, parts, ready)
    hashes = {}
    n_before = 0
    for file in remote.files:
        told = partial(_tell_of_all, tell, n_before, remote.n_bytes)
        hashes[file.name] = _bring(remote, file, parts[file.name], ready.get(file.name), told)
        n_before += file.n_bytes
        told(file.n_bytes)
    if model.file and (problem := complaint(parts[model.file], model.file)):
        parts[model.file].unlink()
        raise HubError(problem)
    return _settle(model, remote, parts, hashes, place)


def _what_to_fetch(model: Model) -> tuple[Remote, dict[str, Path]]:
    """The files of a model, and which of them are in the hub's cache already."""
    if is_offline() and (found := cached_offline(model)):
        remote, path = found
        return remote, {model.file: path}
    remote = look_up(model)
    found_files = {file.name: cached(remote, file.name) for file in remote.files}
    return remote, {name: path for name, path in found_files.items() if path}


def _part(place: Path, file: RemoteFile) -> Path:
    """Where the file is until it is whole; another version of it has another name."""
    return place.parent / f".{file.name}.{file.digest[:16]}.part"


def _check_room(remote: Remote, parts: dict[str, Path], ready: dict[str, Path]) -> None:
    missing = sum(
        file.n_bytes - (parts[file.name].stat().st_size if parts[file.name].exists() else 0)
        for file in remote.files
        if file.name not in ready
    )
    folder = next(iter(parts.values())).parent
    free = shutil.disk_usage(folder).free
    if missing > 0 and missing + _SPARE_DISK_BYTES > free:
        raise HubError(
            f"{missing / 1e9:.1f} GB are to be fetched and {free / 1e9:.1f} GB are free in "
            f"{folder}; make room, or name another folder by {own.MODELS_VARIABLE}."
        )


def _tell_of_all(tell: Tell, n_before: int, n_total: int, n_bytes: int) -> None:
    tell(n_before + n_bytes, n_total)


def _bring(
    remote: Remote, file: RemoteFile, part: Path, ready: Path | None, tell: Callable[[int], None]
) -> str:
    """Make `part` the whole file, from the cache if it is `ready` there; its SHA-256."""
    if ready is not None:
        _link(ready, part)
        with suppress(HubError):
            return _checked(remote, file, part)
    part.touch()
    if part.stat().st_size > file.n_bytes:
        part.write_bytes(b"")
    fetch(remote, file.name, file.n_bytes, part, tell)
    return _checked(remote, file, part)


def _link(source: Path, part: Path) -> None:
    """Have a cached file here too, without a second copy where the system can do that."""
    part.unlink(missing_ok=True)
    try:
        os.link(source.resolve(), part)
    except OSError:
        shutil.copyfile(source, part)


def _checked(remote: Remote, file: RemoteFile, part: Path) -> str:
    """The SHA-256 of a file that is what the hub said; raises HubError and removes another."""
    sha256, digest = digests(part)
    found = sha256 if len(file.digest) == _SHA256_DIGITS else digest
    if found != file.digest:
        part.unlink()
        raise HubError(
            f"{file.name} of {remote.repository} came damaged: its digest is {found} and not "
            f"{file.digest}, so it was removed; pull again, or from another mirror."
        )
    return sha256


def _settle(
    model: Model, remote: Remote, parts: dict[str, Path], hashes: dict[str, str], place: Path
) -> Path:
    """Give what was checked its place, once it is on the disk and written down where it is from."""
    for part in parts.values():
        _flush(part)
    own.remember_source(model, Source(remote.repository, remote.commit, hashes))
    if model.file:
        parts[model.file].replace(place)
    else:
        beside = place.with_name(f".{place.name}.tmp")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        for name, part in parts.items():
            part.replace(beside / name)
        beside.replace(place)
    for left in place.parent.glob(".*.part"):
        with suppress(OSError):
            left.unlink()
    return place


def _flush(path: Path) -> None:
    with path.open("rb") as file, suppress(OSError):
        os.fsync(file.fileno())
