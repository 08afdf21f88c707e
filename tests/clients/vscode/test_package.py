"""What the extension's package holds."""

from __future__ import annotations

import zipfile

import pytest

from tests.clients.vscode_window import VSIX

pytestmark = pytest.mark.editor

MAX_BYTES = 1_000_000


def test_the_package_is_small_and_holds_what_is_needed_alone() -> None:
    assert VSIX.stat().st_size < MAX_BYTES
    with zipfile.ZipFile(VSIX) as archive:
        names = set(archive.namelist())
    inside = {name.removeprefix("extension/") for name in names if name.startswith("extension/")}
    pages = {name for name in inside if name.startswith("media/")}
    assert pages
    assert inside - pages == {
        "LICENSE.txt",
        "dist/LICENSES.txt",
        "dist/extension.js",
        "package.json",
        "readme.md",
    }
