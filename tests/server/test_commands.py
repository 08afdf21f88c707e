"""`workspace/executeCommand` shows people what the server does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.lsp_client import Client, Message

pytestmark = pytest.mark.server

A = "file:///r/a.py"


def run(client: Client, command: str, *arguments: Any) -> Message:
    params = {"command": command, "arguments": list(arguments)}
    return client.ask("workspace/executeCommand", params)


def place(uri: str, line: int, character: int) -> Message:
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}


def test_the_commands_are_advertised(fresh: Client) -> None:
    provider = fresh.initialize()["capabilities"]["executeCommandProvider"]
    assert sorted(provider["commands"]) == [
        "sc2.accepted",
        "sc2.context",
        "sc2.index",
        "sc2.stats",
    ]


def test_the_context_of_a_place(client: Client) -> None:
    client.open(A, "# 🐍\nx = 1")
    assert run(client, "sc2.context", place(A, 0, 4))["result"] == {
        "snippets": [
            {
                "path": "pkg/b.py",
                "start_line": 3,
                "text": "# 🐍",
                "source": "similar",
                "reason": "like this",
                "n_tokens": 5,
            }
        ],
        "n_tokens": 5,
        "budget": 1024,
    }


def test_the_context_of_a_document_that_is_not_open_is_null(client: Client) -> None:
    assert run(client, "sc2.context", place(A, 0, 0))["result"] is None


def test_a_context_without_an_engine_is_null_and_shows_no_message(client: Client) -> None:
    client.open(A, "RAISE")
    assert run(client, "sc2.context", place(A, 0, 5))["result"] is None
    assert not client.inbox.messages


@pytest.mark.parametrize(
    "arguments", [[], [5], [None], [{}], [{"textDocument": {"uri": 1}}], [place(A, 0, 0)] * 2]
)
def test_a_context_of_no_place_is_refused(client: Client, arguments: list[Any]) -> None:
    error = run(client, "sc2.context", *arguments)["error"]
    assert error["code"] == -32602
    assert "takes one argument with a text document and a position" in error["message"]
    assert client.stats()["requests"] == 0


def test_an_unknown_command_is_refused(client: Client) -> None:
    assert "Unknown command" in run(client, "sc2.no_such")["error"]["message"]
