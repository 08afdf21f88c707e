"""An installation that fails, is cancelled or succeeds where a server works already."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sc2_lsp import __version__
from tests.clients.vscode.conftest import SETTINGS, Open
from tests.clients.vscode.packages import write_index, write_sdist, write_source, write_wheel
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

ENGINE = {"llama_cpp.py": ""}
LOG_LINE = ".panel .output-view .view-line"


def write_server(folder: Path, code: str, engine: dict[str, str] = ENGINE, needs: str = "") -> Path:
    """A wheel of sc2-lsp with a program that does `code`, and an engine that can be imported."""
    body = "\n".join(f"    {line}" for line in code.strip().splitlines())
    modules = {"sc2_stub.py": f"def main():\n{body}\n", **engine}
    return write_wheel(folder, "sc2-lsp", "0.0.1", modules, needs, "sc2_stub:main")


# As llama-cpp-python ends where there is no compiler.
UNCOMPILED = """
import os
def prepare_metadata_for_build_wheel(folder, *_):
    os.mkdir(os.path.join(folder, "llama_cpp_python-0.3.36.dist-info"))
    with open(os.path.join(folder, "llama_cpp_python-0.3.36.dist-info", "METADATA"), "w") as file:
        file.write(open("PKG-INFO").read())
    return "llama_cpp_python-0.3.36.dist-info"
def build_wheel(*_, **__):
    raise SystemExit("CMake Error: CMAKE_CXX_COMPILER not set, after EnableLanguage")
"""


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
    broken = write_server(tmp_path / "broken", BROKEN)
    whole = write_server(tmp_path / "whole", WHOLE)
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


@pytest.fixture
def source(tmp_path: Path, listener: socket.socket) -> Path:
    """A folder whose build lasts for as long as it is let, while it holds a connection."""
    backend = SLOW_BACKEND.format(child=SLOW_CHILD.format(port=listener.getsockname()[1]))
    return write_source(tmp_path / "source", "sc2-lsp", "0.0.1", backend)


def assert_closed(building: socket.socket) -> None:
    """Its end closes the connection."""
    building.settimeout(120)
    with building:
        assert building.recv(1) == b""


def test_cancel_ends_all_that_installs_and_leaves_the_server(
    open_: Open, storage: Path, nothing: Path, source: Path, listener: socket.socket
) -> None:
    window = open_(path=nothing, settings={**SETTINGS, "sc2.vscode.package": str(source)})
    (server,) = window.language_servers()
    install_again(window)
    building, _ = listener.accept()
    window("notification", text="Installing the StarCoder2 server", button="Cancel")
    assert_closed(building)
    window("command", title="StarCoder2: Open Log")
    window("appears", selector=LOG_LINE, text="The installation was stopped.")
    assert [path.name for path in storage.glob("environment*")] == ["environment"]
    assert window.language_servers() == [server]


@pytest.mark.usefixtures("storage")
def test_a_closed_window_ends_all_that_installs(
    open_: Open, nothing: Path, source: Path, listener: socket.socket
) -> None:
    window = open_(path=nothing, settings={**SETTINGS, "sc2.vscode.package": str(source)})
    install_again(window)
    building, _ = listener.accept()
    open_.windows.remove(window)
    window.close()
    assert_closed(building)


def test_an_older_server_is_updated_when_the_user_says_so(
    open_: Open, storage: Path, nothing: Path, tmp_path: Path
) -> None:
    whole = write_server(tmp_path / "whole", WHOLE)
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


def test_a_missing_compiler_is_named_and_can_be_done_without(
    open_: Open, storage: Path, nothing: Path, tmp_path: Path
) -> None:
    name, version = "llama-cpp-python", "0.3.36"
    wheel = write_server(tmp_path / "new", WHOLE, {}, f"Requires-Dist: {name}\n")
    write_sdist(tmp_path / "links", name, version, UNCOMPILED)
    engine = write_wheel(tmp_path / "prebuilt", name, version, ENGINE)
    index = write_index(tmp_path / "index", engine, name)
    (tmp_path / "empty").mkdir()
    pip = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": (tmp_path / "empty").as_uri(),
        "PIP_FIND_LINKS": str(tmp_path / "links"),
    }
    settings = {**SETTINGS, "sc2.vscode.package": str(wheel)}
    window = open_(path=nothing, settings=settings, environment=pip)
    (server,) = window.language_servers()
    install_again(window)
    said = window("notification", text="was not installed", button="Without Compiling…")
    assert "no working C++ compiler was found. Install one (" in said
    assert "apt install build-essential" in said
    window("appears", selector=".quick-input-widget", text="Install without compiling")
    window("insert", text=index)
    window("press", key="Enter")
    server.wait(120)
    window("status", text="StarCoder2: ready")
    name = (storage / "environment.txt").read_text("utf-8").strip()
    assert (storage / name / "bin" / "sc2-lsp").exists()
