"""Measures what server and client add in VS Code: `python -m tests.clients.vscode.latency`.

In a file of 10,000 lines a suggestion is dismissed and typed on by a letter, again and again: such
an answer needs no engine. From the key to the ghost text is measured by the page itself; VS Code's
own pause before a request is in it, and what it draws.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sc2_lsp.engine.rendezvous import FOLDER_VARIABLE
from tests.clients.vscode.conftest import SETTINGS, Open, code_until, repository
from tests.clients.vscode_window import Window

N_LINES = 10_000
N_WANTED = 100
N_ROUNDS = 40
SPOT = "return self.line_starts["
TYPED = f"        {SPOT}"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="sc2-vscode-") as folder:
        os.environ[FOLDER_VARIABLE] = f"{folder}/run"
        windows = Open(Path(folder))
        try:
            taken_ms = _measure(windows(repository(Path(folder) / "repository"), settings=SETTINGS))
        finally:
            windows.close()
    if not taken_ms:
        raise SystemExit("There was no answer to measure.")
    _report(taken_ms)


def _measure(window: Window) -> list[float]:
    """Milliseconds from key to ghost text."""
    filler = "".join(f"value_{number} = {number}\n" for number in range(N_LINES))
    (window.folder / "long.py").write_text(filler + code_until(SPOT), "utf-8")
    window("file", name="long.py")
    window("press", key="Control+End")
    kept: list[float] = []
    for _ in range(N_ROUNDS):
        window("insert", text=TYPED)
        for char in window("ghost").split("\n")[0][:-1]:
            window("press", key="Escape")
            window("noGhost")
            taken_ms = window("keyToGhost", key=char)
            if taken_ms is None:  # it was the last letter that is suggested
                break
            kept.append(taken_ms)
        # The line anew, so that the next round is like the first.
        window("press", key="Control+Shift+KeyK")
        window("press", key="Control+End")
        window("noGhost")
        if len(kept) >= N_WANTED:
            break
    return kept


def _report(taken_ms: Sequence[float]) -> None:
    ordered = sorted(taken_ms)
    p50, p95 = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.95))
    sys.stdout.write(
        f"{len(ordered)} answers that needed no engine, {N_LINES:,} lines: from key to ghost text "
        f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {ordered[-1]:.1f} ms\n"
    )


if __name__ == "__main__":
    main()
