"""How an engine process is started: the command and its environment; starts nothing itself."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from sc2_lsp.launching import environment_of_children, module_command

_WAIT_VARIABLES = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}
_SPIN_COUNT = "3000"
# Nobody has to wait for the engine's end then, and an editor that kills its descendants does not
# find it. What only forks may not use the frameworks of macOS, so it becomes a new program as well.
_DETACH = "import os, sys; os.fork() and os._exit(0); os.execv(sys.argv[1], sys.argv[1:])"


def private_command() -> list[str]:
    """The command of an engine that serves its parent over its standard input and output."""
    return module_command("sc2_lsp.engine.host")


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
    costs nothing on idle cores (docs/adr/0003). A user's own choice stands. The key for a team's
    server is left out.
    """
    environment = environment_of_children(parent)
    if _WAIT_VARIABLES & parent.keys():
        return environment
    return {**environment, "GOMP_SPINCOUNT": _SPIN_COUNT}
