"""The files below a root that belong into its index, and why others do not.

Opens no file but those that `scope` reads; what only a file's content tells is in `limits`. Never
leaves the root and follows no link: what a link leads to inside the root is found where it is, and
what is outside does not belong to it. Devices, pipes and sockets are never opened.

Paths are relative to the root, with forward slashes. A folder that is left out is told once, and
nothing of what is in it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sc2_lsp.index.limits import Limits, Reason, unwanted_size
from sc2_lsp.index.scope import MARKS, Scope, scope_of_root

_LIMITS = Limits()
_MOUNT_POINT = 0xA0000003  # What Windows calls IO_REPARSE_TAG_MOUNT_POINT: a link to a folder.


@dataclass(frozen=True, slots=True)
class Found:
    """A file that belongs into the index unless its content says otherwise (`limits.unfit`)."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or a folder that does not."""

    path: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that was entered, the rules in force there, its files, and what is left out of it.

    Which of the files the rules leave out is not looked at yet.
    """

    path: str
    scope: Scope
    files: tuple[os.DirEntry[str], ...]
    skipped: tuple[Skipped, ...]


def walk(root: str, *, below: str = "", limits: Limits = _LIMITS) -> Iterator[Found | Skipped]:
    """Everything at or below the path `below`, which may be a file; nothing where nothing is.

    Folders come in the order of their paths, the files of one in the order of their names, so an
    unchanged tree is always walked alike. Holds the entries of one folder at a time.
    """
    place = _reach(root, below)
    if isinstance(place, _File):
        yield _judge(place.path, place.name, place.scope, place.status, limits)
    elif isinstance(place, Skipped):
        yield from () if place.reason is Reason.GONE else (place,)
    else:
        for folder in _folders(root, place):
            if isinstance(folder, Skipped):
                yield folder
                continue
            yield from folder.skipped
            for entry in folder.files:
                path = _join(folder.path, entry.name)
                yield _judge(path, entry.name, folder.scope, entry, limits)


def folders(root: str, *, below: str = "") -> Iterator[Folder]:
    """The folders that `walk` enters."""
    place = _reach(root, below)
    if isinstance(place, _Start):
        for folder in _folders(root, place):
            if isinstance(folder, Folder):
                yield folder


def reason_against(root: str, path: str, *, limits: Limits = _LIMITS) -> Reason | None:
    """Why `walk` would not find the file `path`; None if it would."""
    place = _reach(root, path)
    if isinstance(place, _Start):
        return Reason.NOT_A_FILE
    if isinstance(place, _File):
        judged = _judge(place.path, place.name, place.scope, place.status, limits)
        return judged.reason if isinstance(judged, Skipped) else None
    return place.reason


@dataclass(frozen=True, slots=True)
class _Start:
    """A folder to begin at, and the scope of the one that holds it; None if it is the root."""

    path: str
    name: str
    around: Scope | None


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    name: str
    scope: Scope
    status: os.stat_result


def _reach(root: str, path: str) -> _Start | _File | Skipped:
    """What `path` is, come to from the root as a walk would come to it."""
    if not path:
        return _Start("", "", None)
    names = path.split("/")
    if not all(map(_stays_below, names)):
        return Skipped(path, Reason.BAD_NAME)
    at = ""
    scope = scope_of_root(root)
    for number, name in enumerate(names, 1):
        at = _join(at, name)
        try:
            status = os.lstat(f"{root}/{at}")
        except (FileNotFoundError, NotADirectoryError):
            return Skipped(path, Reason.GONE)
        except (OSError, ValueError):
            return Skipped(path, Reason.UNREADABLE)
        kind = _kind_of(status)
        reason = scope.folder_reason(name) if kind == "folder" else None
        if kind != "file" and kind != "folder":
            reason = kind
        if reason is not None:
            return Skipped(at, reason)
        if number == len(names):
            return _Start(at, name, scope) if kind == "folder" else _File(at, name, scope, status)
        if kind != "folder":
            return Skipped(path, Reason.GONE)
        entered = scope.enter(f"{root}/{at}", name, _marks_in(f"{root}/{at}"))
        if isinstance(entered, Reason):
            return Skipped(at, entered)
        scope = entered
    raise AssertionError("a path has a last name")


def _stays_below(name: str) -> bool:
    """Whether `name` is one part of a path and leads downwards."""
    return name not in ("", ".", "..") and (os.sep == "/" or os.sep not in name)


def _folders(root: str, start: _Start) -> Iterator[Folder | Skipped]:
    waiting = [start]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(f"{root}/{here.path}") as listing:
                entries = sorted(listing, key=_name_of)
        except OSError as error:
            if not here.path or not isinstance(error, FileNotFoundError):
                yield Skipped(here.path, Reason.UNREADABLE)
            continue
        marks = MARKS.intersection(map(_name_of, entries))
        if here.around is None:
            scope: Scope | Reason = scope_of_root(root)
        else:
            scope = here.around.enter(f"{root}/{here.path}", here.name, marks)
        if isinstance(scope, Reason):
            yield Skipped(here.path, scope)
            continue
        inner: list[_Start] = []
        yield _sorted_out(here.path, scope, entries, inner)
        waiting.extend(reversed(inner))


def _sorted_out(
    path: str, scope: Scope, entries: list[os.DirEntry[str]], inner: list[_Start]
) -> Folder:
    """The folder at `path`; adds the folders in it that are to be entered to `inner`."""
    files: list[os.DirEntry[str]] = []
    skipped: list[Skipped] = []
    for entry in entries:
        name = entry.name
        kind = _kind_of_entry(entry)
        if kind == "file":
            files.append(entry)
        elif kind != "folder":
            skipped.append(Skipped(_join(path, name), kind))
        elif (reason := scope.folder_reason(name)) is not None:
            skipped.append(Skipped(_join(path, name), reason))
        else:
            inner.append(_Start(_join(path, name), name, scope))
    return Folder(path, scope, tuple(files), tuple(skipped))


def _judge(
    path: str,
    name: str,
    scope: Scope,
    source: os.DirEntry[str] | os.stat_result,
    limits: Limits,
) -> Found | Skipped:
    """What a plain file is to the index; asks for its size only where its name lets it in."""
    reason = scope.file_reason(name)
    if reason is not None:
        return Skipped(path, reason)
    try:
        status = source if isinstance(source, os.stat_result) else os.lstat(source.path)
    except OSError:
        return Skipped(path, Reason.GONE)
    reason = unwanted_size(status.st_size, limits)
    return Skipped(path, reason) if reason else Found(path, status.st_size, status.st_mtime_ns)


_Kind = Literal["file", "folder"] | Reason


def _kind_of_entry(entry: os.DirEntry[str]) -> _Kind:
    # What a listing tells without asking for each entry; Windows takes some links for folders.
    try:
        if entry.is_symlink():
            return Reason.LINK
        if entry.is_file(follow_symlinks=False):
            return "file"
        if os.name == "nt" or not entry.is_dir(follow_symlinks=False):
            return _kind_of(entry.stat(follow_symlinks=False))
    except OSError:
        return Reason.UNREADABLE
    return "folder"


def _kind_of(status: os.stat_result) -> _Kind:
    if stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _MOUNT_POINT:
        return Reason.LINK
    if stat.S_ISDIR(status.st_mode):
        return "folder"
    return "file" if stat.S_ISREG(status.st_mode) else Reason.NOT_A_FILE


def _marks_in(folder: str) -> set[str]:
    return {mark for mark in MARKS if os.path.lexists(f"{folder}/{mark}")}


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _name_of(entry: os.DirEntry[str]) -> str:
    return entry.name
