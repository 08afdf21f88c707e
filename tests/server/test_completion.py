"""Inline completion as an editor sees it; the fake service tells what it was asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.lsp_client import Client, at, partial, request

pytestmark = pytest.mark.server

A, B = "file:///r/a.py", "file:///r/pkg/b.py"


def test_an_item_has_a_range_at_the_cursor(client: Client) -> None:
    client.open(A, "x\n  SNAPSHOT + 1\n")
    result = client.complete(A, 1, 10)
    cursor = {"line": 1, "character": 10}
    assert len(result["items"]) == 1
    assert result["items"][0]["range"] == {"start": cursor, "end": cursor}


def test_the_trigger_is_told(client: Client) -> None:
    client.open(A, "SNAPSHOT")
    assert client.snapshot(A, 0, 8)["trigger"] == "automatic"
    assert client.snapshot(A, 0, 8, triggerKind=1)["trigger"] == "invoked"


def test_without_a_suggestion_the_reply_is_null(client: Client) -> None:
    client.open(A, "x")
    assert client.complete(A, 0, 1) is None
    assert client.complete("file:///never/opened.py", 0, 1) is None
    assert client.stats()["empty"] == {"blank": 1, "unknown_document": 1}


def test_alternatives_follow_the_suggestion(client: Client) -> None:
    client.open(A, "ALTERNATIVES")
    items = client.complete(A, 0, 12, triggerKind=1)["items"]
    assert [item["insertText"] for item in items] == ["a", "b", "c"]
    assert len({str(item["range"]) for item in items}) == 1


def test_an_opened_document_is_announced_and_the_background_is_counted(client: Client) -> None:
    client.open(A, "ENGINE")
    client.open(B, "x")
    used = client.complete(A, 0, 6)["items"][0]["insertText"]
    assert json.loads(used)["opened"][-2:] == ["a.py", "b.py"]
    background = client.stats()["background"]
    assert background == {
        "is_busy": False,
        "prompt_tokens_evaluated": 11,
        "generation_steps": 5,
    }


def test_a_position_outside_of_the_document_is_clamped(client: Client) -> None:
    client.open(A, "a\nSNAPSHOT")
    assert client.snapshot(A, 1, 4711)["before"] == "a\nSNAPSHOT"
    assert client.snapshot(A, 4711, 0)["before"] == "a\nSNAPSHOT"


def test_the_entry_selected_in_the_list_is_filled_in(client: Client) -> None:
    client.open(A, "import os\nx = SNA()\n")
    selected = {
        "range": {"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 7}},
        "text": "SNAPSHOT",
    }
    result = client.complete(A, 1, 7, selectedCompletionInfo=selected)
    item = result["items"][0]
    assert item["range"] == selected["range"]
    assert item["insertText"].startswith("SNAPSHOT{")
    assert '"before": "import os\\nx = SNAPSHOT", "after": "()\\n"' in item["insertText"]
    assert client.complete(A, 1, 7) is None, "the document itself is as before"


def test_other_files_and_the_repository_are_context(fresh: Client, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    config = '[remote "origin"]\n  url = git@example.org:owner/name.git\n'
    (tmp_path / ".git" / "config").write_text(config)
    fresh.initialize(rootUri=tmp_path.as_uri())
    current, other = (tmp_path / "a.py").as_uri(), (tmp_path / "pkg" / "b.py").as_uri()
    fresh.open(current, "SNAPSHOT")
    fresh.open(other, "b = 1\n")
    fresh.open("untitled:Untitled-1", "u")
    fresh.change(other, partial(0, 5, 0, 5, "2"))
    snapshot = fresh.snapshot(current, 0, 8)
    assert snapshot["repository"] == "owner/name"
    assert snapshot["path"] == "a.py"
    assert snapshot["language_id"] == "python"
    assert snapshot["open_files"] == [["Untitled-1", "u", 0], ["pkg/b.py", "b = 12\n", 6]]


def test_what_is_excluded_is_no_context_though_it_is_open(client: Client) -> None:
    client.open(A, "SNAPSHOT")
    client.open("file:///r/excluded.py", "x = 1\n")
    assert client.snapshot(A, 0, 8)["open_files"] == []


def test_credentials_outside_of_the_workspace_are_no_context(client: Client) -> None:
    client.open(A, "SNAPSHOT")
    for name in (".aws/credentials", ".kube/config", ".m2/settings.xml"):
        client.open(f"file:///home/ada/{name}", "x = 1\n")
        client.complete(f"file:///home/ada/{name}", 0, 5)
    client.open("file:///home/ada/aws/credentials", "y = 1\n")
    assert client.snapshot(A, 0, 8)["open_files"] == [["credentials", "y = 1\n", 0]]


def test_where_a_suggestion_was_asked_for_is_shown_of_a_document(client: Client) -> None:
    client.open(A, "SNAPSHOT")
    client.open(B, "b = 1\nb\n")
    client.complete(B, 1, 1)
    assert client.snapshot(A, 0, 8)["open_files"] == [["b.py", "b = 1\nb\n", 7]]


def test_folders_can_be_added_and_removed(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "pkg" / "a.py").as_uri()
    folder = {"uri": tmp_path.as_uri(), "name": "x"}
    client.open(uri, "SNAPSHOT")
    assert client.snapshot(uri, 0, 8)["path"] == "a.py"
    event = {"added": [folder], "removed": []}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    assert client.snapshot(uri, 0, 8)["path"] == "pkg/a.py"
    assert client.snapshot(uri, 0, 8)["repository"] == tmp_path.name
    event = {"added": [], "removed": [folder]}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    assert client.snapshot(uri, 0, 8)["path"] == "a.py"


def test_a_closed_document_is_forgotten(client: Client) -> None:
    client.open(A, "SNAPSHOT")
    client.open(B, "b")
    assert len(client.snapshot(A, 0, 8)["open_files"]) == 1
    client.close(B)
    assert client.snapshot(A, 0, 8)["open_files"] == []
    assert client.stats()["open_documents"] == 1
    client.close(A)
    assert client.complete(A, 0, 8) is None
    client.open("file:///r/e.py", "ENGINE")
    assert client.snapshot("file:///r/e.py", 0, 6)["forgotten"] == [B, A]


def test_a_snapshot_is_taken_when_the_request_arrives(client: Client) -> None:
    """The edit right behind the request belongs to the next one."""
    client.open(A, "SNAPSHOT")
    client.send(request("first", "textDocument/inlineCompletion", at(A, 0, 8)))
    client.change(A, {"text": "other"})
    item = client.inbox.wait_for(id="first")["result"]["items"][0]
    assert '"before": "SNAPSHOT"' in item["insertText"]


@pytest.mark.parametrize("word", ["HANG", "STUBBORN"])
def test_a_cancelled_request_is_answered_at_once(client: Client, word: str) -> None:
    client.open(A, word)
    started = client.start("textDocument/inlineCompletion", at(A, 0, len(word)))
    client.stats()
    client.notify("$/cancelRequest", {"id": started})
    assert client.inbox.wait_for(id=started)["error"]["code"] == -32800
    stats = client.stats()
    assert stats["requests"] == 1
    assert stats["cancelled"] == 1
    assert stats["latency_ms"]["n"] == 0


def test_a_request_cancelled_before_it_began_is_counted(client: Client) -> None:
    client.open(A, "SNAPSHOT")
    cancel = b'{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "now"}}'
    client.send(
        request("now", "textDocument/inlineCompletion", at(A, 0, 8))
        + b"Content-Length: %d\r\n\r\n%b" % (len(cancel), cancel)
    )
    reply = client.inbox.wait_for(id="now")
    stats = client.stats()
    assert stats["requests"] == 1
    if "error" in reply:
        assert reply["error"]["code"] == -32800
        assert stats["cancelled"] == 1


def test_a_message_for_the_user_is_shown_once(client: Client) -> None:
    client.open(A, "MESSAGE")
    for _ in range(3):
        assert client.complete(A, 0, 7) is None
    shown = client.inbox.wait_for(method="window/showMessage")
    assert shown["params"]["message"] == "The model file is missing."
    client.inbox.wait_for(method="window/logMessage")
    client.inbox.wait_for(method="window/logMessage")
    assert not client.inbox.messages


def test_a_notice_beside_a_suggestion_is_no_error(client: Client) -> None:
    client.open(A, "NOTICE")
    assert client.complete(A, 0, 6)["items"]
    shown = client.inbox.wait_for(method="window/showMessage")
    assert shown["params"] == {"type": 3, "message": "The model runs on the processor."}


def test_stats(client: Client) -> None:
    client.open(A, "SNAPSHOT")
    client.complete(A, 0, 8)
    client.complete(A, 0, 7)
    stats = client.stats()
    latency = stats.pop("latency_ms")
    assert latency["n"] == 2
    assert 0 <= latency["p50"] <= latency["p95"] <= latency["max"]
    assert stats == {
        "requests": 2,
        "suggestions": 1,
        "empty": {"blank": 1},
        "last_empty": "blank",
        "cancelled": 0,
        "cache_hits": 0,
        "prompt_tokens": 10,
        "prompt_tokens_evaluated": 3,
        "generated_tokens": 2,
        "generation_steps": 0,
        "background": {"is_busy": False, "prompt_tokens_evaluated": 11, "generation_steps": 5},
        "model": "sc2-tiny.gguf",
        "open_documents": 1,
        "engine": {"state": "ready", "load_share": 1.0, "pid": 4711},
    }
