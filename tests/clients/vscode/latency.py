"""Measures what server and client add in VS Code: `python -m tests.clients.vscode.latency`.

In a file of 10,000 lines a suggestion is dismissed and typed on by a letter, again and again: such
an answer needs no engine. The page itself says when a key came and when there was ghost text after
it, and something between VS Code and the server when that was asked and had answered.

What VS Code needs for itself is measured beside it, in another window and in turns: there an
extension of a few lines answers at once, with the same text, without any server.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sc2_lsp.engine.rendezvous import FOLDER_VARIABLE
from tests.clients.vscode.conftest import SETTINGS, Open, code_until, repository
from tests.clients.vscode_window import Window, rig
from tests.project.tree import ROOT
from tests.support import lsp_stopwatch

N_LINES = 10_000
N_ROUNDS = 24
SPOT = "return self.line_starts["
TYPED = f"        {SPOT}"
PACKAGE = {
    "name": "at-once",
    "publisher": "sc2-lsp",
    "version": "0.0.1",
    "engines": {"vscode": "^1.90.0"},
    "main": "./extension.js",
    "activationEvents": ["*"],
}
AT_ONCE = """
const vscode = require('vscode');
const [before, text] = %s;
exports.activate = () => vscode.languages.registerInlineCompletionItemProvider('*', {
  provideInlineCompletionItems(document, position) {
    const line = document.lineAt(position.line).text.slice(0, position.character);
    const typed = line.slice(before.length);
    if (!line.startsWith(before) || !text.startsWith(typed)) return [];
    const rest = text.slice(typed.length);
    return [new vscode.InlineCompletionItem(rest, new vscode.Range(position, position))];
  },
});
"""

Shown = list[tuple[float, float]]
"""When keys came and when the ghost text after them was there, in milliseconds since 1970."""


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
            ours = windows(repository(Path(folder) / "repository"), settings=SETTINGS)
            text = _begin(ours)
            assert "\n" not in text
            bare = _bare_window(Path(folder), text)
            windows.windows.append(bare)
            assert _begin(bare) == text
            shown: Shown = []
            alone: Shown = []
            for _ in range(N_ROUNDS):
                for window, kept in ((ours, shown), (bare, alone)):
                    kept += _type(window, text)
        finally:
            windows.close()
        answers = _timed(shown, lsp_stopwatch.read(times))
    if not answers or not alone:
        raise SystemExit("There was no answer to measure.")
    _report(answers, alone)


def _bare_window(folder: Path, text: str) -> Window:
    """VS Code with an extension that suggests `text` behind TYPED, and does it at once."""
    package = folder / "at-once.vsix"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("extension/package.json", json.dumps(PACKAGE))
        archive.writestr("extension/extension.js", AT_ONCE % json.dumps([TYPED, text]))
    repo = repository(folder / "bare")
    window = Window(rig(), folder / "bare-data", repo, SETTINGS, extension=package)
    window("trust", yes=True)
    return window


def _put_stopwatch(program: Path, times: Path) -> None:
    python, tree, file = (shlex.quote(str(part)) for part in (sys.executable, ROOT, times))
    program.write_text(
        f"#!/bin/sh\nexport PYTHONPATH={tree}\n"
        'case "$*" in *serve*)\n'
        f'exec {python} -m tests.support.lsp_stopwatch {file} {python} -m sc2_lsp "$@";;\n'
        f'esac\nexec {python} -m sc2_lsp "$@"\n'
    )


def _begin(window: Window) -> str:
    """The ghost text at the end of a file of 10,000 lines."""
    filler = "".join(f"value_{number} = {number}\n" for number in range(N_LINES))
    (window.folder / "long.py").write_text(filler + code_until(SPOT), "utf-8")
    window("file", name="long.py")
    window("press", key="Control+End")
    window("insert", text=TYPED)
    return str(window("ghost"))


def _type(window: Window, text: str) -> Shown:
    """Type `text` on, each letter after a dismissal, and make the line anew."""
    shown: Shown = []
    for char in text[:-1]:
        window("press", key="Escape")
        window("noGhost")
        if found := window("keyToGhost", key=char):
            shown.append((found[0], found[1]))
    window("press", key="Control+Shift+KeyK")
    window("press", key="Control+End")
    window("press", key="Enter")
    window("insert", text=TYPED)
    window("ghostIs", text=text)
    return shown


def _timed(shown: Shown, requests: Shown) -> list[Answer]:
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


def _report(answers: Sequence[Answer], alone: Shown) -> None:
    sys.stdout.write(
        f"{len(answers)} answers that needed no engine, {N_LINES:,} lines, and {len(alone)} of an "
        "extension that answers at once; milliseconds\n\n"
        "| From | to | p50 | p95 | Max |\n|---|---|---:|---:|---:|\n"
    )
    for begin, end, taken_ms in (
        ("the key", "the ghost text", [one.ghost_ms - one.key_ms for one in answers]),
        ("the key", "the ghost text, answered at once", [ghost - key for key, ghost in alone]),
        ("the key", "the request, at the server", [one.asked_ms - one.key_ms for one in answers]),
        ("the request", "the answer", [one.answered_ms - one.asked_ms for one in answers]),
        ("the answer", "the ghost text", [one.ghost_ms - one.answered_ms for one in answers]),
    ):
        ordered = sorted(taken_ms)
        p50, p95 = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.95))
        sys.stdout.write(f"| {begin} | {end} | {p50:.1f} | {p95:.1f} | {ordered[-1]:.1f} |\n")


if __name__ == "__main__":
    main()
