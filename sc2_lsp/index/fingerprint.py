"""Tells one way of reading source code from another: what was parsed by an older one is of no use.

A number that somebody has to raise would be forgotten; the code itself cannot be.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from sc2_lsp import __version__, syntax
from sc2_lsp.index import parsed, pieces


def fingerprint() -> str:
    """What all that shapes an index's content hashes to; takes a few milliseconds."""
    digest = hashlib.blake2b(__version__.encode(), digest_size=16)
    folder = Path(syntax.__file__).parent
    files = [path for path in folder.rglob("*") if path.suffix in (".py", ".scm")]
    for path in (*sorted(files), Path(parsed.__file__), Path(pieces.__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()
