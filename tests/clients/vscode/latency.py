"""Measures what server and client add in VS Code: `python -m tests.clients.vscode.latency`.

In a file of 10,000 lines a suggestion is dismissed and typed on by a letter, again and again: such
an answer needs no engine. The page itself says when a key came and when there was ghost text after
it, and something between VS Code and the server when that was asked and had answered. So the time
falls into VS Code's own pause before a request, the server, and what our extension and VS Code need
to show the answer.
"""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sc2_lsp.engine.rendezvous import FOLDER_VARIABLE
from tests.clients.vscode.conftest import SETTINGS, Open, code_until, repository
from tests.clients.vscode_window import Window
from tests.project.tree import ROOT
from tests.support import lsp_stopwatch

N_LINES = 10_000
N_WANTED = 100
N_ROUNDS = 40
SPOT = "return self.line_starts["
TYPED = f"        {SPOT}"


@dataclass(frozen=True, slots=True)
class Answer:
    """When the key came, the server was asked and had answered, and the ghost text was there.

    Milliseconds since 1970.
    """

    key_ms: float
    asked_ms: float
    answered_ms: float
    ghost_ms: float


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="sc2-vscode-") as folder:
        os.environ[FOLDER_VARIABLE] = f"{folder}/run"
        times = Path(folder) / "times"
        windows = Open(Path(folder))
        _put_stopwatch(windows.program, times)
        try:
            window = windows(repository(Path(folder) / "repository"), settings=SETTINGS)
            shown = _measure(window)
        finally:
            windows.close()
        answers = _timed(shown, lsp_stopwatch.read(times))
    if not answers:
        raise SystemExit("There was no answer to measure.")
    _report(answers)


def _put_stopwatch(program: Path, times: Path) -> None:
    python, tree, file = (shlex.quote(str(part)) for part in (sys.executable, ROOT, times))
    program.write_text(
        f"#!/bin/sh\nexport PYTHONPATH={tree}\n"
        'case "$*" in *serve*)\n'
        f'exec {python} -m tests.support.lsp_stopwatch {file} {python} -m sc2_lsp "$@";;\n'
        f'esac\nexec {python} -m sc2_lsp "$@"\n'
    )


def _measure(window: Window) -> list[tuple[float, float]]:
    """When keys came and the ghost text after them was there."""
    filler = "".join(f"value_{number} = {number}\n" for number in range(N_LINES))
    (window.folder / "long.py").write_text(filler + code_until(SPOT), "utf-8")
    window("file", name="long.py")
    window("press", key="Control+End")
    shown: list[tuple[float, float]] = []
    for _ in range(N_ROUNDS):
        window("insert", text=TYPED)
        for char in window("ghost").split("\n")[0][:-1]:
            window("press", key="Escape")
            window("noGhost")
            found = window("keyToGhost", key=char)
            if found is None:  # it was the last letter that is suggested
                break
            shown.append((found[0], found[1]))
        # The line anew, so that the next round is like the first.
        window("press", key="Control+Shift+KeyK")
        window("press", key="Control+End")
        window("noGhost")
        if len(shown) >= N_WANTED:
            break
    return shown


def _timed(
    shown: Sequence[tuple[float, float]], requests: Sequence[tuple[float, float]]
) -> list[Answer]:
    """Each with its request; left out where it was not asked between key and ghost text."""
    return [
        Answer(key_ms, *within[-1], ghost_ms)
        for key_ms, ghost_ms in shown
        if (
            within := [
                (asked_ms, answered_ms)
                for asked_ms, answered_ms in requests
                if key_ms <= asked_ms and answered_ms <= ghost_ms
            ]
        )
    ]


def _report(answers: Sequence[Answer]) -> None:
    sys.stdout.write(
        f"{len(answers)} answers that needed no engine, {N_LINES:,} lines, milliseconds\n\n"
        "| From | to | p50 | p95 | Max |\n|---|---|---:|---:|---:|\n"
    )
    for begin, end, taken_ms in (
        ("the key", "the ghost text", [one.ghost_ms - one.key_ms for one in answers]),
        ("the key", "the request, at the server", [one.asked_ms - one.key_ms for one in answers]),
        ("the request", "the answer", [one.answered_ms - one.asked_ms for one in answers]),
        ("the answer", "the ghost text", [one.ghost_ms - one.answered_ms for one in answers]),
        ("the request", "the ghost text", [one.ghost_ms - one.asked_ms for one in answers]),
    ):
        ordered = sorted(taken_ms)
        p50, p95 = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.95))
        sys.stdout.write(f"| {begin} | {end} | {p50:.1f} | {p95:.1f} | {ordered[-1]:.1f} |\n")


if __name__ == "__main__":
    main()
