"""Opens a file in a real Neovim."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.neovim.driver import INIT, MORE_KEYS, Neovim

Open = Callable[..., Neovim]


@pytest.fixture
def open_(tmp_path: Path) -> Iterator[Open]:
    editors: list[Neovim] = []
    # A socket's path may not be long.
    with tempfile.TemporaryDirectory(prefix="sc2-nvim-") as folder:

        def open_file(text: str | bytes, init: str = INIT + MORE_KEYS) -> Neovim:
            (tmp_path / ".git").mkdir()
            file = tmp_path / "shapes.py"
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
            editor = Neovim(Path(folder), file, init)
            editors.append(editor)
            return editor

        yield open_file
        for editor in editors:
            editor.close()
