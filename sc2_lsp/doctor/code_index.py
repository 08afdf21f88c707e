"""The index of the folder, as it lies in the user's cache: is it there, how old, is it damaged?"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator

from rich.filesize import decimal

from sc2_lsp.doctor.check import Check, Situation, fail, ok, warn
from sc2_lsp.index.place import place_of
from sc2_lsp.index.summary import damage_of, summary_of
from sc2_lsp.workspace.roots import is_too_large

_NAME = "index"
_REBUILD = "`sc2-lsp index --rebuild` makes it anew."


def code_index(situation: Situation) -> Iterator[Check]:
    """Implements `Examine`."""
    root = situation.root
    if situation.settings.index == "off":
        yield ok(_NAME, "Nothing is indexed: the setting `index` is off.")
        return
    if not has_full_text_search():
        found = f"This Python's SQLite {sqlite3.sqlite_version} was built without FTS5."
        yield fail(_NAME, found, "Use another Python: suggestions do not know other files so.")
        return
    if root is None:
        found = "The folder that this runs in is gone, so that none is looked at."
        yield warn(_NAME, found, "Start from the folder of a repository.")
        return
    if is_too_large(str(root), str(situation.home)):
        yield ok(_NAME, f"{root} is not indexed; the folder of a repository would be.")
        return
    place = place_of(root)
    if not place.database.exists():
        yield ok(_NAME, f"{root} has none yet; it is made when an editor opens the folder.")
        return
    summary = summary_of(place)
    if problem := summary.problem or damage_of(place):
        yield fail(_NAME, f"{root}: {problem}", _REBUILD)
    elif summary.scanned_s is None:
        found = f"{root} was never looked at as a whole."
        yield warn(_NAME, found, "`sc2-lsp index` does that, and so does an editor left open.")
    else:
        hours = max(0.0, time.time() - summary.scanned_s) / 3600
        age = f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours"
        size = decimal(summary.disk_bytes)
        yield ok(_NAME, f"{root}: {summary.n_files:,} files in {size}, looked at {age} ago.")


def has_full_text_search() -> bool:
    """Whether SQLite can search text, which an index cannot do without."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5 (word)")
    except sqlite3.Error:
        return False
    finally:
        connection.close()
    return True
