"""Records a session in a real VS Code: `python -m tests.clients.vscode.record FOLDER`.

Writes vscode.png, the window while a suggestion is shown, and vscode.gif, typing and accepting by
words and at once. Nothing is staged but the keys: the suggestions are the bundled model's. Needs
Pillow beside what the tests need.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from sc2_lsp.engine.rendezvous import FOLDER_VARIABLE
from tests.clients.vscode.conftest import SETTINGS, Open, code_until, repository
from tests.clients.vscode_window import Window

SPOT = "content = self.content[:start] + replacement + self."
LOOKS: Mapping[str, object] = {
    **SETTINGS,
    "sc2.multiline": "auto",
    "editor.minimap.enabled": False,
    "editor.fontSize": 15,
    "workbench.statusBar.visible": True,
    "workbench.activityBar.location": "hidden",
    "breadcrumbs.enabled": False,
}
SIZE = (900, 420)
N_COLOURS = 48
KEY_MS, LOOK_MS = 90, 1400
MAX_BYTES = 500_000


class Reel:
    """Owns the pictures of the window and how long each is shown, in milliseconds."""

    def __init__(self, window: Window, folder: Path) -> None:
        self._window = window
        self._file = folder / "frame.png"
        self.pictures: list[Image.Image] = []
        self.times_ms: list[int] = []

    def take(self, shown_ms: int) -> None:
        self._window("screenshot", path=str(self._file))
        with Image.open(self._file) as picture:
            self.pictures.append(picture.convert("RGB"))
        self.times_ms.append(shown_ms)

    def write(self, target: Path) -> None:
        first, *others = (
            picture.quantize(N_COLOURS, dither=Image.Dither.NONE) for picture in self.pictures
        )
        first.save(target, save_all=True, append_images=others, duration=self.times_ms, loop=0)


def main() -> None:
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sc2-vscode-") as folder:
        os.environ[FOLDER_VARIABLE] = f"{folder}/run"
        windows = Open(Path(folder))
        try:
            _record(windows(repository(Path(folder) / "editor"), settings=LOOKS), target)
        finally:
            windows.close()
    for name in ("vscode.png", "vscode.gif"):
        n_bytes = (target / name).stat().st_size
        if n_bytes > MAX_BYTES:
            raise SystemExit(f"{target / name} has {n_bytes} bytes, more than {MAX_BYTES}.")


def _record(window: Window, target: Path) -> None:
    reel = Reel(window, target.absolute())
    window("size", width=SIZE[0], height=SIZE[1])
    (window.folder / "text.py").write_text(code_until(SPOT), "utf-8")
    window("file", name="text.py")
    window("press", key="Control+KeyB")
    window("press", key="Control+End")
    window("type", text="        content = self.")
    for char in SPOT.removeprefix("content = self."):
        window("type", text=char)
        reel.take(KEY_MS)
    window("ghost")
    reel.take(LOOK_MS)
    window("screenshot", path=str(target.absolute() / "vscode.png"))
    window("press", key="Control+ArrowRight")
    reel.take(LOOK_MS)
    window("press", key="Tab")
    reel.take(LOOK_MS)
    window("press", key="Enter")
    window("insert", text="        return Text(")
    window("ghost")
    reel.take(LOOK_MS)
    window("press", key="Tab")
    reel.take(2 * LOOK_MS)
    reel.write(target / "vscode.gif")
    (target / "frame.png").unlink()


if __name__ == "__main__":
    main()
