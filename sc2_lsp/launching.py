"""How processes of this package are started: their command and their folder; starts none itself.

They run in a folder that is nobody's workspace and have none on their module path: a workspace that
holds a `numpy.py` cannot bring it into them.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

KEY_VARIABLE = "SC2_API_KEY"
"""The environment variable that holds the key for the team's server."""

_OBJECTS_BETWEEN_COLLECTIONS = 50_000

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


def environment_of_children(parent: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that has no use for the key and so is not given it."""
    return {name: value for name, value in parent.items() if name != KEY_VARIABLE}


def forbid_core_dumps() -> None:
    """Let the system keep no memory of this process, nor of its children, if they crash.

    Code and the key are in it. Who looks for a crash may raise the limit again (`prlimit`).
    """
    # Windows has no such module, and a limit of nothing may not be allowed either.
    with suppress(ImportError, OSError, ValueError):
        resource = importlib.import_module("resource")
        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, most))
