"""How the processes of an index are started: their commands; starts nothing itself.

They run in a folder that is nobody's workspace, and have none on their module path.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT_FOLDER = os.path.abspath(os.sep)  # noqa: PTH100  a folder that holds no other in use

_PACKAGE_PARENT = str(Path(__file__).resolve().parents[2])
# `python -m` would put the current folder first on the module path, and so would `-c`. The
# package's own folder comes last: it counts only where it runs without being installed.
_RUN = (
    "import sys; sys.path[:] = [*filter(None, sys.path), sys.argv.pop(1)]; "
    "from sc2_lsp.index.{module} import main; main(sys.argv[1:])"
)


def indexer_command(setup: str) -> list[str]:
    """The command of an indexer that is told what to do over its standard input."""
    return _command("indexer", setup)


def worker_command(setup: str) -> list[str]:
    """The command of a process that parses files for an indexer."""
    return _command("worker", setup)


def _command(module: str, setup: str) -> list[str]:
    return [sys.executable, "-c", _RUN.format(module=module), _PACKAGE_PARENT, setup]
