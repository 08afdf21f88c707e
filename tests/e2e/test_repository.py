"""Sessions in a repository: what the prompt knows of files that nobody has opened."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.lsp_client import Client, Message

pytestmark = pytest.mark.e2e

SERVER = (sys.executable, "-m", "sc2_lsp", "serve", "--set", "engine_idle_s=0")
PATIENCE_S = 60.0
SHAPES = "def area_of_circle(radius: float) -> float:\n    return 3.14159 * radius**2\n"
MAIN = "from pkg.shapes import area_of_circle\n\n\ntotal = area_of_circle("


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    (root / "pkg").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / "pkg" / "__init__.py").write_text("")
    (root / "pkg" / "shapes.py").write_text(SHAPES)
    (root / "main.py").write_text(MAIN)
    return root


@pytest.fixture
def client(repository: Path) -> Iterator[Client]:
    with Client(SERVER) as client:
        client.initialize(workspaceFolders=[folder(repository)])
        client.open((repository / "main.py").as_uri(), MAIN)
        yield client


def folder(path: Path) -> Message:
    return {"uri": path.as_uri(), "name": path.name}


def run(client: Client, command: str, *arguments: Any) -> Any:
    params = {"command": command, "arguments": list(arguments)}
    return client.ask("workspace/executeCommand", params)["result"]


def until(client: Client, is_so: Callable[[], Any]) -> Any:
    """What `is_so` answers once that is true; asks the server for nothing in between."""
    ends_at_s = time.monotonic() + PATIENCE_S
    while not (answer := is_so()):
        assert time.monotonic() < ends_at_s, (answer, indexes(client))
    return answer


def indexes(client: Client) -> list[Message]:
    found: list[Message] = run(client, "sc2.index")["indexes"]
    return found


def settle(client: Client, n_folders: int = 1) -> None:
    """Wait until that many folders are indexed."""
    until(client, lambda: [i["state"] for i in indexes(client)] == ["ready"] * n_folders)


def shown(client: Client, path: Path, line: int = 3, character: int = 23) -> dict[str, str]:
    """The texts of other files in the prompt at a place, by their paths."""
    at = {
        "textDocument": {"uri": path.as_uri()},
        "position": {"line": line, "character": character},
    }
    texts: dict[str, str] = {}
    for snippet in run(client, "sc2.context", at)["snippets"]:
        texts[snippet["path"]] = texts.get(snippet["path"], "") + snippet["text"]
    return texts


def test_a_file_that_was_never_opened_is_known(client: Client, repository: Path) -> None:
    main = repository / "main.py"
    settle(client)
    texts = shown(client, main)
    assert "def area_of_circle(radius: float) -> float:" in texts["pkg/shapes.py"]
    assert "main.py" not in texts
    assert client.complete(main.as_uri(), 3, 23)["items"]
    (index,) = indexes(client)
    assert index["root"] == str(repository)
    assert index["languages"] == {"python": 2}
    assert index["skipped"]["empty"] == 1


def test_what_the_editor_holds_counts_before_it_is_saved(client: Client, repository: Path) -> None:
    main, shapes = repository / "main.py", repository / "pkg" / "shapes.py"
    settle(client)
    client.open(shapes.as_uri(), SHAPES.replace("radius", "diameter"))
    until(client, lambda: "diameter: float" in shown(client, main).get("pkg/shapes.py", ""))
    client.close(shapes.as_uri())
    until(client, lambda: "radius: float" in shown(client, main).get("pkg/shapes.py", ""))


@pytest.mark.parametrize("watch", ["auto", "off"])
def test_files_that_change_outside_of_the_editor_are_noticed(repository: Path, watch: str) -> None:
    main, shapes = repository / "main.py", repository / "pkg" / "shapes.py"

    def changed() -> None:
        if watch == "off":
            changes = [{"uri": shapes.as_uri(), "type": 2}]
            client.notify("workspace/didChangeWatchedFiles", {"changes": changes})

    with Client(SERVER) as client:
        client.initialize({"watch": watch}, workspaceFolders=[folder(repository)])
        client.open(main.as_uri(), MAIN)
        settle(client)
        assert (indexes(client)[0]["watching"] == "off") == (watch == "off")
        shapes.write_text("# moved\n" + SHAPES.replace("radius", "diameter"))
        changed()
        until(client, lambda: "diameter: float" in shown(client, main).get("pkg/shapes.py", ""))
        shapes.unlink()
        changed()
        until(client, lambda: "pkg/shapes.py" not in shown(client, main))


def test_what_is_ignored_or_secret_is_not_known(client: Client, repository: Path) -> None:
    (repository / ".gitignore").write_text("ignored.py\n")
    for name in ("ignored.py", ".env", "seen.py"):
        (repository / name).write_text(SHAPES.replace("area_of", "sizes_of"))
    content = "import ignored, seen\n\nseen.sizes_of_circle("
    client.open((repository / "main.py").as_uri(), content)
    main = repository / "main.py"
    until(client, lambda: "seen.py" in shown(client, main, 2, 21))
    settle(client)
    assert not {"ignored.py", ".env"} & set(shown(client, main, 2, 21))
    assert indexes(client)[0]["skipped"].items() >= {"ignored": 1, "may hold secrets": 1}.items()


def test_folders_come_and_go(client: Client, repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "shapes.py").write_text(SHAPES.replace("area_of", "sizes_of"))
    (other / "main.py").write_text("")
    content = "from shapes import sizes_of_circle\n\n\nsizes_of_circle(area_of_circle("
    for path in (other / "main.py", repository / "main.py"):
        client.open(path.as_uri(), content)
    event = {"added": [folder(other)], "removed": []}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    settle(client, 2)
    theirs, ours = shown(client, other / "main.py"), shown(client, repository / "main.py", 3, 31)
    assert "sizes_of" in theirs["shapes.py"]
    assert "pkg/shapes.py" not in theirs
    assert "area_of" in ours["pkg/shapes.py"]
    assert "shapes.py" not in ours
    event = {"added": [], "removed": [folder(other)]}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    settle(client, 1)
    assert "shapes.py" not in shown(client, other / "main.py")


def test_a_notebook_knows_the_repository(client: Client, repository: Path) -> None:
    book, cell = (repository / "book.ipynb").as_uri(), "vscode-notebook-cell:book#1"
    content = "from pkg.shapes import area_of_circle\narea_of_circle("
    item = {"uri": cell, "languageId": "python", "version": 1, "text": content}
    notebook = {"uri": book, "notebookType": "jupyter-notebook", "version": 1}
    notebook["cells"] = [{"kind": 2, "document": cell}]
    client.notify(
        "notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": [item]}
    )
    settle(client)
    at = {"textDocument": {"uri": cell}, "position": {"line": 1, "character": 15}}
    snippets = run(client, "sc2.context", at)["snippets"]
    assert "radius: float" in "".join(s["text"] for s in snippets if s["path"] == "pkg/shapes.py")
    (item, *_) = client.complete(cell, 1, 15)["items"]
    assert item["range"]["start"] == {"line": 1, "character": 15}


def test_nothing_is_indexed_where_that_is_off(repository: Path) -> None:
    with Client(SERVER) as client:
        client.initialize({"index": "off"}, rootUri=repository.as_uri())
        client.open((repository / "main.py").as_uri(), MAIN)
        assert indexes(client) == []
        assert shown(client, repository / "main.py") == {}
        client.notify("workspace/didChangeConfiguration", {"settings": {"sc2": {"index": "auto"}}})
        until(client, lambda: shown(client, repository / "main.py"))


def test_a_home_is_not_indexed(repository: Path) -> None:
    with Client(SERVER, env={"HOME": str(repository), "USERPROFILE": str(repository)}) as client:
        client.initialize(rootUri=repository.as_uri())
        assert indexes(client) == []


def processes_of(client: Client) -> list[psutil.Process]:
    """The indexer among them, with all that it has started."""
    settle(client)
    children = psutil.Process(client.process.pid).children(recursive=True)
    assert children
    return children


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=10)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def test_shutdown_leaves_no_process(client: Client) -> None:
    processes = processes_of(client)
    assert client.shut_down() == 0
    assert_gone(processes)
    assert client.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_server_leaves_no_process(client: Client) -> None:
    processes = processes_of(client)
    os.kill(client.process.pid, signal.SIGKILL)
    client.wait()
    assert_gone(processes)


def test_a_killed_indexer_is_replaced_and_nobody_is_told(client: Client, repository: Path) -> None:
    for process in processes_of(client):
        if "sc2_lsp.index" in " ".join(process.cmdline()):
            process.kill()
    (repository / "pkg" / "shapes.py").write_text(SHAPES.replace("radius", "diameter"))
    main = repository / "main.py"
    until(client, lambda: "diameter: float" in shown(client, main).get("pkg/shapes.py", ""))
    assert not [m for m in client.inbox.messages if m.get("method") == "window/showMessage"]
