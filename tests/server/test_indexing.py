"""What the indexes are told by a session, and what the editor is shown of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.lsp_client import Client, Message, at, frame, partial

pytestmark = pytest.mark.server

A = "file:///r/a.py"
FOLDER = "file:///r/one"
DRAWS_BARS = {"window": {"workDoneProgress": True}}


def told(client: Client) -> list[Message]:
    """What the indexes were told, oldest first."""
    reply = client.ask("workspace/executeCommand", {"command": "sc2.index"})
    indexes: list[Message] = reply["result"]["indexes"]
    return indexes


def spec(*roots: str, kib: int = 1024, watch: str = "auto") -> Message:
    return {"roots": list(roots), "kib": kib, "watch": watch}


def changed(client: Client, *names: str) -> None:
    """Tell of changed files below the folder."""
    changes = [{"uri": f"{FOLDER}/{name}", "type": 2} for name in names]
    client.notify("workspace/didChangeWatchedFiles", {"changes": changes})


def answer(client: Client, asked: Message, result: Any = None) -> None:
    client.send(frame({"jsonrpc": "2.0", "id": asked["id"], "result": result}))


def test_a_folder_is_indexed_once_the_session_has_begun(fresh: Client) -> None:
    fresh.initialize(rootUri=FOLDER)
    assert told(fresh) == [spec("/r/one")]


def test_folders_come_and_go(fresh: Client) -> None:
    fresh.initialize(workspaceFolders=[{"uri": FOLDER, "name": "one"}])
    other = {"uri": "file:///r/two", "name": "two"}
    for event in ({"added": [other], "removed": []}, {"added": [], "removed": [other]}):
        fresh.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    assert told(fresh) == [spec("/r/one"), spec("/r/one", "/r/two"), spec("/r/one")]


def test_the_pulled_settings_are_awaited(fresh: Client) -> None:
    fresh.initialize(rootUri=FOLDER, capabilities={"workspace": {"configuration": True}})
    asked = fresh.inbox.wait_for(method="workspace/configuration")
    assert told(fresh) == []
    answer(fresh, asked, [{"index_max_file_kb": 2, "watch": "poll"}])
    assert told(fresh) == [spec("/r/one", kib=2, watch="poll")]


def test_indexing_can_be_switched_off_and_on(fresh: Client) -> None:
    fresh.initialize({"index": "off"}, rootUri=FOLDER)
    fresh.notify("workspace/didChangeConfiguration", {"settings": {"sc2": {"index": "auto"}}})
    assert told(fresh) == [spec(), spec("/r/one")]


def test_a_home_is_not_indexed_and_that_is_said_once(fresh: Client) -> None:
    home = Path.home().as_uri()
    fresh.initialize(workspaceFolders=[{"uri": home, "name": "home"}])
    fresh.notify("workspace/didChangeConfiguration", {"settings": {"sc2": {"max_tokens": 9}}})
    assert told(fresh) == [spec(), spec()]
    logged = fresh.inbox.wait_for(method="window/logMessage")
    assert "is not indexed" in logged["params"]["message"]
    assert not fresh.inbox.messages


def test_open_documents_override_the_disk(client: Client) -> None:
    client.open(A, "x = 1\n")
    client.change(A, partial(0, 4, 0, 5, "2"), partial(0, 0, 0, 1, "y"))
    client.open("untitled:Untitled-1", "z")
    client.close(A)
    assert told(client)[1:] == [
        {"hold": "/r/a.py", "text": "x = 1\n"},
        {"hold": "/r/a.py", "text": "y = 2\n"},
        {"release": "/r/a.py"},
    ]


def test_indexing_rests_while_a_suggestion_is_waited_for(client: Client) -> None:
    client.open(A, "x = 1\n")
    client.ask("textDocument/inlineCompletion", at(A, 1, 0))
    assert told(client)[2:] == [{"still": True}, {"still": False}]


def test_indexing_goes_on_while_another_machine_answers(fresh: Client) -> None:
    fresh.initialize({"endpoint": "http://127.0.0.1:1"}, rootUri=FOLDER)
    fresh.open(A, "x = 1\n")
    fresh.ask("textDocument/inlineCompletion", at(A, 1, 0))
    assert told(fresh)[-1] == {"hold": "/r/a.py", "text": "x = 1\n"}


def test_what_the_editor_says_of_the_disk_is_passed_on(client: Client) -> None:
    client.notify("textDocument/didSave", {"textDocument": {"uri": A}})
    client.notify("textDocument/didSave", {"textDocument": {"uri": "untitled:Untitled-1"}})
    changed(client, "b.py", "c%20d.py")
    assert told(client)[1:] == [
        {"changed": ["/r/a.py"]},
        {"changed": ["/r/one/b.py", "/r/one/c d.py"]},
    ]


def test_saves_are_asked_for(fresh: Client) -> None:
    assert fresh.initialize()["capabilities"]["textDocumentSync"]["save"]


def test_an_editor_that_can_watch_files_is_asked_to_once(fresh: Client) -> None:
    can = {"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}}
    fresh.initialize(capabilities=can)
    asked = fresh.inbox.wait_for(method="client/registerCapability")
    (registration,) = asked["params"]["registrations"]
    assert registration["method"] == "workspace/didChangeWatchedFiles"
    assert registration["registerOptions"] == {"watchers": [{"globPattern": "**/*"}]}
    answer(fresh, asked)
    fresh.notify("workspace/didChangeConfiguration", {"settings": {"sc2": {"max_tokens": 9}}})
    assert len(told(fresh)) == 2
    assert not fresh.inbox.messages


def test_what_is_wrong_with_an_index_is_logged(client: Client) -> None:
    changed(client, "notice")
    logged = client.inbox.wait_for(method="window/logMessage")
    assert logged["params"]["message"] == "Something is wrong with the index."


def test_a_long_indexing_is_shown_as_a_bar(fresh: Client) -> None:
    fresh.initialize(capabilities=DRAWS_BARS)
    changed(fresh, "progress-10-100")
    created = fresh.inbox.wait_for(method="window/workDoneProgress/create")
    token = created["params"]["token"]
    answer(fresh, created)
    changed(fresh, "progress-20-1000", "progress-50-100", "progress-1100-1100")
    values = [fresh.inbox.wait_for(method="$/progress")["params"] for _ in range(3)]
    assert {value["token"] for value in values} == {token}
    assert [value["value"] for value in values] == [
        {
            "kind": "begin",
            "title": "Indexing one",
            "percentage": 10,
            "message": "10 of 100 files",
            "cancellable": False,
        },
        {"kind": "report", "percentage": 50, "message": "50 of 100 files"},
        {"kind": "end", "message": "1,100 files"},
    ]
    assert not fresh.inbox.messages


def test_a_refused_bar_is_never_drawn(fresh: Client) -> None:
    fresh.initialize(capabilities=DRAWS_BARS)
    changed(fresh, "progress-10-100")
    created = fresh.inbox.wait_for(method="window/workDoneProgress/create")
    error = {"code": -32603, "message": "no"}
    fresh.send(frame({"jsonrpc": "2.0", "id": created["id"], "error": error}))
    changed(fresh, "progress-50-100", "progress-100-100")
    told(fresh)
    assert not fresh.inbox.messages


def test_what_is_done_soon_is_not_shown(fresh: Client) -> None:
    fresh.initialize(capabilities=DRAWS_BARS)
    changed(fresh, "progress-10-100", "progress-100-100", "progress-5-200")
    fresh.inbox.wait_for(method="window/workDoneProgress/create")
    assert not fresh.inbox.messages, "the first of the two was never created"


def test_an_editor_without_bars_is_left_alone(client: Client) -> None:
    changed(client, "progress-10-100", "progress-100-100")
    told(client)
    assert not client.inbox.messages
