"""The user's folders that are written to: there or possible, writable, and closed to others."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sc2_lsp.doctor.check import Check, Situation, fail, ok, warn
from sc2_lsp.engine import states
from sc2_lsp.engine.rendezvous import SharingRefused, can_share, private_folder
from sc2_lsp.index import place
from sc2_lsp.models import own
from sc2_lsp.record import store
from sc2_lsp.server.metrics import path_of


def folders(situation: Situation) -> Iterator[Check]:
    """Implements `Examine`."""
    settings = situation.settings
    yield folder("configuration folder", own.config_folder(), holds_code=False)
    yield folder("models folder", own.models_folder(), holds_code=False)
    if settings.index != "off":
        yield folder("index folder", place.default_folder(), holds_code=True)
    if settings.warm_start_mb:
        yield folder("states folder", states.default_folder(), holds_code=True)
    if settings.record:
        yield folder("record folder", store.default_file().parent, holds_code=False)
    if settings.metrics_file:
        yield _metrics(settings.metrics_file)
    yield _sharing(situation)


def folder(name: str, path: Path, *, holds_code: bool) -> Check:
    """Whether files can be put there; others than the user may not enter one that holds code."""
    existing = next((up for up in (path, *path.parents) if os.path.lexists(up)), path)
    if not existing.is_dir():
        return fail(name, f"{existing} is no folder.", "Move it out of the way.")
    if problem := _why_not_writable(existing):
        advice = f"Give yourself the right to write to {existing}."
        return fail(name, f"{path} cannot be written: {problem}.", advice)
    if existing != path:
        return ok(name, f"{path} is made when it is needed.")
    if holds_code and (problem := _why_not_private(path)):
        return warn(name, f"{path} {problem}, and it holds code of yours.", f"chmod 700 '{path}'")
    return ok(name, str(path))


def _metrics(setting: str) -> Check:
    name = "metrics file"
    path = path_of(setting, os.getpid())
    if path is None:
        return fail(name, f"{setting} is no absolute path.", "Correct the setting `metrics_file`.")
    if not path.parent.is_dir():
        return fail(name, f"{path.parent} is no folder.", "Make it, or name another file.")
    return folder(name, path.parent, holds_code=False)


def _why_not_writable(path: Path) -> str:
    """Empty where a file can be made there; it is gone again."""
    try:
        with tempfile.TemporaryFile(dir=path):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def _why_not_private(path: Path) -> str:
    """Empty where only the user may enter it, or where the system has no such modes."""
    if not hasattr(os, "getuid"):
        return ""
    status = path.stat()
    if status.st_uid != os.getuid():
        return "belongs to another user"
    return "is open to other users" if status.st_mode & 0o077 else ""


def _sharing(situation: Situation) -> Check:
    name = "shared engine"
    if not situation.settings.shared_engine:
        return ok(name, "Every editor has an engine of its own: the setting `shared_engine`.")
    if not can_share():
        return ok(name, "Every editor has an engine of its own on this system.")
    try:
        return ok(name, str(private_folder(situation.environment)))
    except SharingRefused as error:
        advice = "Mend that folder, or every editor has an engine and weights of its own."
        return warn(name, f"Engines cannot be shared: {error}.", advice)
