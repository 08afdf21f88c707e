"""How an engine process is started: the command and its environment; starts nothing itself.

Neither the editor's folder nor any other current folder is on the process's module path, so a
workspace that holds a `numpy.py` cannot bring it into the engine.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT_FOLDER = os.path.abspath(os.sep)  # noqa: PTH100  a folder that holds no other in use
"""Where engines run: a current folder cannot be removed or unmounted by whoever owns it."""

_WAIT_VARIABLES = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}
_SPIN_COUNT = "3000"
_PACKAGE_PARENT = str(Path(__file__).resolve().parents[2])
# `python -m` would put the current folder first on the module path, and so would `-c`. The parent's
# own package folder comes last: it counts only where the package runs without being installed.
_RUN = (
    "import sys; sys.path[:] = [*filter(None, sys.path), sys.argv.pop(1)]; "
    "from sc2_lsp.engine.host import main; main(sys.argv[1:])"
)
# Nobody has to wait for the engine's end then, and an editor that kills its descendants does not
# find it. What only forks may not use the frameworks of macOS, so it becomes a new program as well.
_DETACH = "import os, sys; os.fork() and os._exit(0); os.execv(sys.argv[1], sys.argv[1:])"


def private_command() -> list[str]:
    """The command of an engine that serves its parent over its standard input and output."""
    return [sys.executable, "-c", _RUN, _PACKAGE_PARENT]


def shared_command(listener: int, folder: Path, name: str) -> list[str]:
    """The command of an engine that serves whoever connects to the socket `listener`.

    It returns at once; the engine goes on as nobody's child.
    """
    detach = [sys.executable, "-I", "-S", "-c", _DETACH]
    return [*detach, *private_command(), str(listener), str(folder), name]


def engine_environment(parent: Mapping[str, str]) -> dict[str, str]:
    """The environment of the engine process: the parent's, with a bound on OpenMP's spinning.

    Builds of llama.cpp that use OpenMP meet at a barrier after every operation, and GNU OpenMP
    waits there by spinning for milliseconds. On cores that something else wants too, a compiler
    run for one, the thread that is waited for may not even run. A short spin before going to sleep
    costs nothing on idle cores (docs/adr/0003). A user's own choice stands.
    """
    if _WAIT_VARIABLES & parent.keys():
        return dict(parent)
    return {**parent, "GOMP_SPINCOUNT": _SPIN_COUNT}
