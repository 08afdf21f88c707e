"""`sc2-lsp serve` with a team's server: asked first, left when it is away, told once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.test_command import CODE, COMMAND, LAST_LINE, A
from tests.support.fake_engines import FakeVllm
from tests.support.fake_llama_server import FakeLlamaServer
from tests.support.lsp_client import Client, at

pytestmark = pytest.mark.server


@pytest.fixture
def team() -> Iterator[FakeLlamaServer]:
    server = FakeLlamaServer(pieces=[("return", 100), (" 4711", 101), ("\n", 102)])
    server.start()
    yield server
    server.stop()


def suggested(client: Client) -> list[str]:
    asked: Any = at(A, LAST_LINE, 4, triggerKind=1)
    result = client.ask("textDocument/inlineCompletion", asked)["result"]
    return [item["insertText"] for item in (result or {"items": []})["items"]]


def test_the_server_of_the_team_answers_until_it_is_away(team: FakeLlamaServer) -> None:
    with Client(COMMAND) as client:
        options = {"endpoint": team.url, "idle_work": "never", "token_healing": False}
        client.initialize(options)
        client.open(A, CODE)
        assert suggested(client) == ["return 4711"]
        stats = client.stats()
        assert stats["engine"]["state"] == "ready"
        assert stats["model"] == "team.gguf"
        team.status = 503
        client.change(A, {"text": CODE.replace("width", "pages")})
        assert "return 4711" not in suggested(client)
        assert client.stats()["engine"]["pid"], "the request went on with the local engine"
        client.change(A, {"text": CODE.replace("width", "books")})
        assert "return 4711" not in suggested(client)
        suggested(client)
        shown = client.inbox.wait_for(method="window/showMessage")["params"]["message"]
        assert f"{team.url} answers 503; the model of this machine answers" in shown
        assert not [m for m in client.inbox.messages if m.get("method") == "window/showMessage"]
        stats = client.stats()
        assert stats["engine"]["pid"]
        assert stats["model"] == "sc2-tiny.gguf"
        assert client.shut_down() == 0
        assert client.stderr.count("answers 503") <= 1


def test_an_address_that_may_not_be_asked_is_told(team: FakeLlamaServer) -> None:
    with Client(COMMAND) as client:
        client.initialize({"endpoint": "http://models.example.org", "idle_work": "never"})
        client.open(A, CODE)
        suggested(client)
        shown = client.inbox.wait_for(method="window/showMessage")["params"]["message"]
        assert "without TLS" in shown
        assert client.stats()["engine"]["pid"]
        assert client.shut_down() == 0


def test_an_address_that_is_none_is_told_and_ends_nothing() -> None:
    # As pasted from a page: what is too much cannot be seen.
    with Client((*COMMAND, "--set", "endpoint=https://models.example.org\u200b")) as client:
        client.initialize({"idle_work": "never"})
        client.open(A, CODE)
        suggested(client)
        shown = client.inbox.wait_for(method="window/showMessage")["params"]["message"]
        assert r"'https://models.example.org\u200b', which is no address" in shown
        assert client.stats()["engine"]["pid"]
        assert client.shut_down() == 0


def test_a_request_that_one_server_loses_is_answered_by_another(team: FakeLlamaServer) -> None:
    other = FakeVllm(pieces=[("return", 100), (" 4712", 101), ("\n", 102)])
    other.start()
    try:
        with Client(COMMAND) as client:
            endpoint = f"{team.url},{other.url}"
            options = {"endpoint": endpoint, "idle_work": "never", "token_healing": False}
            client.initialize(options)
            client.open(A, CODE)
            answers = [["return 4711"], ["return 4712"]]
            first = suggested(client)
            assert first in answers
            one, two = (team, other) if first == answers[0] else (other, team)
            one.status = 503
            client.change(A, {"text": CODE.replace("width", "pages")})
            assert suggested(client) == answers[two is other]
            assert client.stats()["model"] == ("sc2" if two is other else "team.gguf")
            assert not [m for m in client.inbox.messages if m.get("method") == "window/showMessage"]
            assert client.shut_down() == 0
    finally:
        other.stop()
