"""Whether the system tells of changes in the folder, found out by asking it to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sc2_lsp.doctor.check import Check, Situation, fail, ok, warn
from sc2_lsp.settings import Settings
from sc2_lsp.watch import Trial, trial
from sc2_lsp.workspace.roots import is_too_large

_NAME = "watch"
_LIMITS = Path("/proc/sys/fs/inotify")
_RAISE = (
    "Raise the limits, for one by `sudo sysctl fs.inotify.max_user_watches=524288 "
    "fs.inotify.max_user_instances=512`, or close programs that watch folders."
)


def watching(situation: Situation) -> Iterator[Check]:
    """Implements `Examine`."""
    root = situation.root
    if root is None:
        found = "The folder that this runs in is gone, so that none is watched."
        yield warn(_NAME, found, "Start from the folder of a repository.")
    elif is_too_large(str(root), str(situation.home)):
        yield ok(_NAME, f"{root} is not indexed, so nothing is watched.")
    else:
        yield watched(root, situation.settings)


def watched(root: Path, settings: Settings, max_folders: int | None = None) -> Check:
    """The same for one folder; `max_folders` as in `watch.Options`."""
    if settings.index == "off" or settings.watch != "auto":
        setting = "index" if settings.index == "off" else "watch"
        return ok(_NAME, f"The setting `{setting}` is {getattr(settings, setting)}.")
    found = trial(str(root), max_folders)
    if found is Trial.TOLD:
        return ok(_NAME, f"The system tells of changes in {root}.")
    if found is Trial.REMOTE:
        advice = "Nothing has to be done; changes from outside the editor are noticed later."
        return warn(_NAME, f"{root} is on another machine, so it is looked at by turns.", advice)
    if found is Trial.EXHAUSTED:
        said = f"The system does not tell of changes in {root}: too many folders{_limits()}."
        return warn(_NAME, f"{said} It is looked at from time to time.", _RAISE)
    return fail(_NAME, f"{root} is not there or cannot be read.", "Start from another folder.")


def _limits() -> str:
    """What Linux allows a user, half of which is taken; empty on other systems."""
    shown = []
    for name in ("max_user_watches", "max_user_instances"):
        try:
            shown.append(f"{name} {int((_LIMITS / name).read_text('ascii')):,}")
        except (OSError, ValueError):
            return ""
    return f" for the limits {' and '.join(shown)}"
