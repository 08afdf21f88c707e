"""The suggestion in a completion menu, for editors without inline completion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sc2_lsp.record.store import FOLDER_VARIABLE, read
from tests.support.lsp_client import Client, Message

pytestmark = pytest.mark.server

A = "file:///r/a.py"
ON = {"completion_items": True}
LATE = {"textDocument": {"completion": {"dynamicRegistration": True}}}
INLINE = {"textDocument": {"inlineCompletion": {}}}


def menu(client: Client, line: int, character: int) -> Message:
    params = {
        "textDocument": {"uri": A},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 1},
    }
    return client.ask("textDocument/completion", params)


def test_an_entry_inserts_the_suggestion(fresh: Client) -> None:
    assert fresh.initialize(ON)["capabilities"]["completionProvider"] == {}
    fresh.open(A, "# 🐍\nx = '🐍'; GO_")
    result = menu(fresh, 1, 14)["result"]
    assert result["isIncomplete"]
    (item,) = result["items"]
    assert item["label"] == item["filterText"] == "GO_ON()"
    assert item["textEdit"] == {
        "range": {"start": {"line": 1, "character": 10}, "end": {"line": 1, "character": 13}},
        "newText": "GO_ON()",
    }
    assert "command" not in item
    assert fresh.stats()["suggestions"] == 1


def test_nothing_is_offered_by_itself(fresh: Client) -> None:
    assert "completionProvider" not in fresh.initialize()["capabilities"]
    fresh.open(A, "GO")
    assert menu(fresh, 0, 2)["error"]["code"] == -32601


def test_without_a_suggestion_the_reply_is_null(fresh: Client) -> None:
    fresh.initialize(ON)
    fresh.open(A, "x\nRAISE")
    assert menu(fresh, 0, 1)["result"] is None
    assert menu(fresh, 1, 5)["result"] is None
    fresh.close(A)
    assert menu(fresh, 0, 1)["result"] is None
    assert fresh.stats()["empty"] == {"blank": 1, "failed": 1, "unknown_document": 1}


def change_settings(client: Client, settings: Any) -> None:
    client.notify("workspace/didChangeConfiguration", {"settings": {"sc2": settings}})


def test_it_is_offered_later_to_an_editor_that_takes_it(fresh: Client) -> None:
    fresh.initialize(capabilities=LATE)
    change_settings(fresh, ON)
    asked = fresh.inbox.wait_for(method="client/registerCapability")
    assert [r["method"] for r in asked["params"]["registrations"]] == ["textDocument/completion"]
    fresh.open(A, "GO")
    assert menu(fresh, 0, 2)["result"]["items"][0]["label"] == "GO_ON()"
    change_settings(fresh, {"completion_items": False})
    assert menu(fresh, 0, 2)["result"] is None


@pytest.mark.parametrize(
    ("capabilities", "wanted"),
    [({}, "takes effect when the server is started again"), (INLINE, "has inline completion")],
)
def test_where_it_cannot_be_offered_the_log_says_why(
    fresh: Client, capabilities: Message, wanted: str
) -> None:
    fresh.initialize(capabilities=capabilities)
    change_settings(fresh, ON)
    message = fresh.inbox.wait_for(method="window/logMessage")["params"]["message"]
    assert "'sc2.completion_items'" in message
    assert wanted in message
    fresh.open(A, "GO")
    assert menu(fresh, 0, 2)["error"]["code"] == -32601


def test_what_was_taken_from_the_menu_is_recorded(tmp_path: Path) -> None:
    with Client(env={FOLDER_VARIABLE: str(tmp_path)}) as client:
        client.initialize({**ON, "record": True})
        client.open(A, "GO_")
        (item,) = menu(client, 0, 3)["result"]["items"]
        client.change(A, {"range": item["textEdit"]["range"], "text": "GO_ON()"})
        command = item["command"]
        params = {"command": command["command"], "arguments": command["arguments"]}
        client.ask("workspace/executeCommand", params)
        client.shut_down()
    (entry,) = read(tmp_path / "record.db")
    assert (entry.fate.value, entry.n_chars, entry.n_accepted) == ("accepted", 4, 4)
