"""An installation that fails, is cancelled or succeeds where a server works already."""

from __future__ import annotations

import json
import socket
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sc2_lsp import __version__
from tests.clients.vscode.conftest import SETTINGS, Open
from tests.clients.vscode_window import Window, write_program
from tests.project.tree import ROOT

pytestmark = [pytest.mark.editor, pytest.mark.timeout(900)]

BROKEN = "raise SystemExit('error: this one is broken')"
WHOLE = f"""
import os, sys
os.environ["PYTHONPATH"] = {str(ROOT)!r}
os.execv({sys.executable!r}, [{sys.executable!r}, "-m", "sc2_lsp", *sys.argv[1:]])
"""
OLD_VERSION = "0.0.9"
OLD = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(ROOT)!r})
import sc2_lsp
sc2_lsp.__version__ = {OLD_VERSION!r}
from sc2_lsp.__main__ import main
main()
"""

# It builds for as long as it is let, and a process of its own tells the test that it lives.
SLOW_BACKEND = """
import subprocess, sys
def build_wheel(*_, **__):
    subprocess.run([sys.executable, "-c", {child!r}])
"""
SLOW_CHILD = """
import socket, time
held = socket.create_connection(("127.0.0.1", {port}))
while True:
    time.sleep(60)
"""

LOG_LINE = ".panel .output-view .view-line"


def write_wheel(folder: Path, code: str) -> Path:
    """A wheel of sc2-lsp with a program that does `code`, and an engine that can be imported."""
    folder.mkdir()
    path = folder / "sc2_lsp-0.0.1-py3-none-any.whl"
    about = "sc2_lsp-0.0.1.dist-info"
    files = {
        "sc2_stub.py": f"def main():\n{_indented(code)}\n",
        "llama_cpp.py": "",
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: sc2-lsp\nVersion: 0.0.1\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": "[console_scripts]\nsc2-lsp = sc2_stub:main\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{about}/RECORD"))
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def _indented(code: str) -> str:
    return "\n".join(f"    {line}" for line in code.strip().splitlines())


def storage_of(data: Path) -> Path:
    return data / "data" / "User" / "globalStorage" / "sc2-lsp.sc2-lsp"


@pytest.fixture
def storage(open_: Open) -> Path:
    """The extension's folder of the first window, with an environment whose server works."""
    folder = storage_of(open_.folder / "data0")
    write_program(folder / "environment" / "bin")
    return folder


@pytest.fixture
def nothing(tmp_path: Path) -> Path:
    folder = tmp_path / "nothing"
    folder.mkdir()
    return folder


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(300)
        yield server


def install_again(window: Window) -> None:
    window("command", title="StarCoder2: Install the Server")
    window("notification", text="is installed already", button="Install Again")


def remembered(window: Window) -> str:
    settings = window.data / "data" / "Machine" / "settings.json"
    return str(json.loads(settings.read_text("utf-8")).get("sc2.vscode.package"))


def test_a_server_stays_until_there_is_one_that_works(
    open_: Open, storage: Path, nothing: Path, tmp_path: Path
) -> None:
    broken = write_wheel(tmp_path / "broken", BROKEN)
    whole = write_wheel(tmp_path / "whole", WHOLE)
    before = sorted(storage.rglob("*"))
    window = open_(path=nothing, settings={**SETTINGS, "sc2.vscode.package": str(broken)})
    (server,) = window.language_servers()
    install_again(window)
    window("notification", text="was not installed: this one is broken")
    assert [path for path in before if not path.exists()] == []
    assert not (storage / "environment.txt").exists()

    broken.unlink()
    window("notification", text="was not installed", button="Try Again")
    window("notification", text="is not there any more", button="Choose Another Wheel…")
    assert window.language_servers() == [server]
    assert remembered(window) == str(broken)
    window("answer", text=str(whole), button="Install")
    server.wait(120)
    window("status", text="StarCoder2: ready")
    assert remembered(window) == str(whole)
    name = (storage / "environment.txt").read_text("utf-8").strip()
    assert (storage / name / "bin" / "sc2-lsp").exists()


def test_cancel_ends_all_that_installs_and_leaves_the_server(
    open_: Open, storage: Path, nothing: Path, tmp_path: Path, listener: socket.socket
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    child = SLOW_CHILD.format(port=listener.getsockname()[1])
    (source / "slow.py").write_text(SLOW_BACKEND.format(child=child))
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "slow"\nbackend-path = ["."]\n'
        '[project]\nname = "sc2-lsp"\nversion = "0.0.1"\n'
    )
    window = open_(path=nothing, settings={**SETTINGS, "sc2.vscode.package": str(source)})
    (server,) = window.language_servers()
    install_again(window)
    building, _ = listener.accept()
    with building:
        window("notification", text="Installing the StarCoder2 server", button="Cancel")
        building.settimeout(120)
        assert building.recv(1) == b"", "its end closes the connection"
    window("command", title="StarCoder2: Open Log")
    window("appears", selector=LOG_LINE, text="The installation was stopped.")
    assert [path.name for path in storage.glob("environment*")] == ["environment"]
    assert window.language_servers() == [server]


def test_an_older_server_is_updated_when_the_user_says_so(
    open_: Open, storage: Path, nothing: Path, tmp_path: Path
) -> None:
    whole = write_wheel(tmp_path / "whole", WHOLE)
    (storage / "environment" / "bin" / "sc2-lsp").write_text(OLD, "utf-8")
    window = open_(path=nothing, settings={**SETTINGS, "sc2.vscode.package": str(whole)})
    (server,) = window.language_servers()
    window("notification", text=f"version {OLD_VERSION}, and this extension is {__version__}")
    window("notification", text=f"version {OLD_VERSION}", button="Update…")
    window("answer", text=str(whole), button="Install")
    server.wait(120)
    window("status", text="StarCoder2: ready")
    (updated,) = window.language_servers()
    assert "sc2_lsp" in updated.cmdline()
