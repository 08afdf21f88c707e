"""How processes of this package are started: their command and their folder; starts none itself.

They run in a folder that is nobody's workspace and have none on their module path: a workspace that
holds a `numpy.py` cannot bring it into them.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

ROOT_FOLDER = os.path.abspath(os.sep)  # noqa: PTH100  a folder that holds no other in use
"""Where they run: a current folder cannot be removed or unmounted by whoever owns it."""

_PACKAGE_PARENT = str(Path(__file__).resolve().parents[1])
# `python -m` would put the current folder first on the module path, and so would `-c`. The parent's
# own package folder comes last: it counts only where the package runs without being installed.
_RUN = (
    "import sys; sys.path[:] = [*filter(None, sys.path), sys.argv.pop(1)]; "
    "from {module} import main; main(sys.argv[1:])"
)


def module_command(module: str, *arguments: str) -> list[str]:
    """The command that calls `main` of a module of this package with these arguments."""
    return [sys.executable, "-c", _RUN.format(module=module), _PACKAGE_PARENT, *arguments]


def collect_rarely() -> None:
    """Have this process's garbage collector look less often, and never at what is there now.

    For processes that hold much and make few cycles: a look takes tens of milliseconds there, while
    somebody waits, and finds next to nothing.
    """
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


_OBJECTS_BETWEEN_COLLECTIONS = 50_000
