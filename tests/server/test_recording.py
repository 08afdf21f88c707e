"""The record of suggestions as editors fill it, by the real server over pipes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sc2_lsp.record.store import FOLDER_VARIABLE, read
from tests.support.lsp_client import ROOT, Client, Message, partial

pytestmark = pytest.mark.server

A = "file:///r/secret_name.py"

Start = Callable[..., Client]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a server whose record lies in `tmp_path`."""
    with Client(env={FOLDER_VARIABLE: str(tmp_path / "state")}) as client:

        def initialized(options: Message) -> Client:
            client.initialize(options)
            return client

        yield initialized


def record_in(tmp_path: Path) -> list[tuple[str, str, int, int]]:
    """Fate, cause, characters kept and accepted."""
    entries = read(tmp_path / "state" / "record.db")
    return [(e.fate.value, e.cause.value, e.n_kept, e.n_accepted) for e in entries]


def accept(client: Client, item: Message) -> Any:
    """Insert an item as an editor does: the text, then its command."""
    client.change(A, {"range": item["range"], "text": item["insertText"]})
    return send_back(client, item["command"])


def send_back(client: Client, command: Message) -> Any:
    params = {"command": command["command"], "arguments": command["arguments"]}
    return client.ask("workspace/executeCommand", params)


def test_an_accepted_suggestion(start: Start, tmp_path: Path) -> None:
    client = start({"record": True})
    client.open(A, "GO")
    (item,) = client.complete(A, 0, 2)["items"]
    assert accept(client, item)["result"] is None
    assert client.shut_down() == 0
    assert record_in(tmp_path) == [("accepted", "engine", 5, 5)]
    (entry,) = read(tmp_path / "state" / "record.db")
    assert entry.language_id == "python"
    assert 0 < entry.latency_s < 60


def test_typed_and_accepted_then(start: Start, tmp_path: Path) -> None:
    client = start({"record": True})
    client.open(A, "GO")
    client.complete(A, 0, 2)
    client.change(A, partial(0, 2, 0, 2, "_O"))
    (item,) = client.complete(A, 0, 4)["items"]
    accept(client, item)
    client.shut_down()
    assert record_in(tmp_path) == [("accepted", "engine", 5, 3)]


def test_a_client_that_knows_no_commands_loses_nothing(start: Start, tmp_path: Path) -> None:
    client = start({"record": True})
    client.open(A, "GO_")
    (item,) = client.complete(A, 0, 3)["items"]
    client.change(A, {"range": item["range"], "text": item["insertText"]})
    client.close(A)
    client.shut_down()
    assert record_in(tmp_path) == [("typed", "cache", 4, 0)]


def test_what_was_not_wanted(start: Start, tmp_path: Path) -> None:
    client = start({"record": True})
    client.open(A, "GO")
    client.complete(A, 0, 2)
    client.change(A, {"text": "other"})
    assert client.complete(A, 0, 5) is None
    client.shut_down()
    ((fate, _, n_kept, _),) = record_in(tmp_path)
    assert fate in ("rejected", "passed")
    assert n_kept == 0


def test_an_alternative_is_accepted(start: Start, tmp_path: Path) -> None:
    client = start({"record": True})
    client.open(A, "ALTERNATIVES")
    items = client.complete(A, 0, 12, triggerKind=1)["items"]
    assert [item["command"]["arguments"][1] for item in items] == [0, 1, 2]
    accept(client, items[2])
    client.shut_down()
    assert record_in(tmp_path) == [("accepted", "engine", 1, 1)]


def test_the_record_holds_no_code_and_no_path(start: Start, tmp_path: Path) -> None:
    client = start({"record": True})
    client.open(A, "# GO\nGO")
    accept(client, client.complete(A, 1, 2)["items"][0])
    client.shut_down()
    assert record_in(tmp_path)
    for file in (tmp_path / "state").iterdir():
        for part in (b"secret_name", b"_ON", b"GO"):
            assert part not in file.read_bytes()


def test_nothing_is_recorded_by_itself(start: Start, tmp_path: Path) -> None:
    client = start({})
    client.open(A, "GO")
    (item,) = client.complete(A, 0, 2)["items"]
    assert "command" not in item
    assert send_back(client, {"command": "sc2.accepted", "arguments": ["x", 0]})["result"] is None
    client.shut_down()
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("arguments", [[], ["x"], [1, "x"], ["x", 0, 0], [{}, 0]])
def test_an_accepted_command_of_somebody_else(start: Start, arguments: list[Any]) -> None:
    client = start({"record": True})
    error = send_back(client, {"command": "sc2.accepted", "arguments": arguments})["error"]
    assert error["code"] == -32602
    assert client.stats()["requests"] == 0


def test_a_record_that_cannot_be_written_disturbs_nobody(start: Start, tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    client = start({"record": True})
    for _ in range(2):
        client.open(A, "GO")
        accept(client, client.complete(A, 0, 2)["items"][0])
    assert client.shut_down() == 0
    assert client.stderr.count("cannot be used") == 1
    assert not client.inbox.messages


def stats(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What `sc2-lsp stats` says of the record in `tmp_path`."""
    return subprocess.run(
        [sys.executable, "-m", "sc2_lsp", "stats", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, FOLDER_VARIABLE: str(tmp_path / "state")},
        timeout=60,
    )


def test_the_command_that_shows_it(start: Start, tmp_path: Path) -> None:
    client = start({"record": True})
    client.open(A, "GO")
    accept(client, client.complete(A, 0, 2)["items"][0])
    client.shut_down()
    page = tmp_path / "report.html"
    told = stats(tmp_path, "--since", "1d", "--json", "--html", str(page))
    figures = json.loads(told.stdout)
    assert figures["since"] == "1d"
    assert figures["accepted"] == figures["by_language"]["python"]["accepted"] == 1
    assert figures["acceptance_rate"] == 1.0
    assert figures["chars_accepted"] == 5
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "state"]
    shown = stats(tmp_path).stdout
    assert "python" in shown
    assert "100%" in shown


def test_the_command_without_a_record(tmp_path: Path) -> None:
    told = stats(tmp_path)
    assert (told.returncode, told.stdout) == (0, "")
    assert "Nothing is recorded: set `record` to true" in told.stderr
    assert json.loads(stats(tmp_path, "--json").stdout)["given"] == 0


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--since", "soon"], "--since soon is no time: write 12h, 30d, 8w or a day"),
        (["--since", "2026-02-31"], "--since 2026-02-31 is no time"),
        (["--html", "/no/such/folder/x.html"], "/no/such/folder/x.html cannot be written"),
    ],
)
def test_what_the_command_cannot_do(tmp_path: Path, arguments: list[str], wanted: str) -> None:
    told = stats(tmp_path, *arguments)
    assert told.returncode == 2
    assert wanted in told.stderr
    assert "Traceback" not in told.stderr


def test_a_record_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "record.db").write_bytes(b"something else" * 100)
    told = stats(tmp_path)
    assert told.returncode == 2
    assert "cannot be used" in told.stderr
    assert "Traceback" not in told.stderr
