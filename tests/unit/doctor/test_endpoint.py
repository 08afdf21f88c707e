from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sc2_lsp.doctor.check import Check, State
from sc2_lsp.doctor.endpoint import endpoint
from sc2_lsp.engine.remote.address import KEY_VARIABLE
from sc2_lsp.settings import Settings
from tests.support.fake_engines import FakeOllama
from tests.support.fake_llama_server import FakeLlamaServer
from tests.support.situations import situation

KEY = "planted-key-1234"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLlamaServer]:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    fake = FakeLlamaServer()
    yield fake
    fake.stop()


def looked_at(home: Path, url: str) -> Check:
    (check,) = endpoint(situation(home, settings=Settings(endpoint=url)))
    assert KEY not in check.found + check.advice
    return check


def test_none_is_named(tmp_path: Path) -> None:
    check = looked_at(tmp_path, "")
    assert (check.state, check.advice) == (State.OK, "")


def test_one_that_works_is_sent_no_code(tmp_path: Path, server: FakeLlamaServer) -> None:
    server.start()
    check = looked_at(tmp_path, server.url)
    assert check.state is State.OK
    assert "serves team.gguf in llama-server, 2048 tokens a request, with a key" in check.found
    assert {path for path, _, _ in server.asked} == {"/v1/models", "/tokenize"}
    assert {headers["authorization"] for _, _, headers in server.asked} == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    ("broken", "found", "advice"),
    [
        ({"status": 401}, "refuses the key (401)", KEY_VARIABLE),
        (
            {"status": 404},
            "is not a server for completions (404)",
            "Correct the setting `endpoint`",
        ),
        ({"status": 503}, "answers 503", "Is the address right"),
        ({"special": (7, 8, 9)}, "special tokens differ", "StarCoder2 model"),
        (
            {"body": "<html>"},
            "does not answer as a server for completions would",
            "Is the address right",
        ),
        ({"has_tls": True}, "CERTIFICATE_VERIFY_FAILED", "this machine trusts"),
    ],
)
def test_one_that_does_not_work(
    tmp_path: Path, server: FakeLlamaServer, broken: dict[str, object], found: str, advice: str
) -> None:
    for name, value in broken.items():
        setattr(server, name, value)
    server.start()
    check = looked_at(tmp_path, server.url)
    assert check.state is State.FAIL
    assert found in check.found
    assert advice in check.advice


def test_one_that_is_not_there(tmp_path: Path, server: FakeLlamaServer) -> None:
    server.start()
    url = server.url
    server.stop()
    server.port = 0
    assert "cannot be reached" in looked_at(tmp_path, url).found
    server.start()


def test_one_that_would_send_code_in_the_clear(tmp_path: Path) -> None:
    check = looked_at(tmp_path, "http://192.0.2.1:8080")
    assert check.state is State.FAIL
    assert "without TLS" in check.found


@pytest.mark.parametrize(
    ("endpoint_of", "found", "advice"),
    [
        ("{url}", "has several StarCoder2 models (one:3b, two:7b)", "one of these names"),
        ("{url}#three", "has no StarCoder2 model 'three:latest'", "Correct the name behind `#`"),
        ("{url}#two:7b", "serves two:7b in Ollama, 2048 tokens a request", ""),
    ],
)
def test_one_of_several_models(
    tmp_path: Path, endpoint_of: str, found: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    fake = FakeOllama(models=("one:3b", "two:7b"))
    fake.start()
    try:
        check = looked_at(tmp_path, endpoint_of.format(url=fake.url))
    finally:
        fake.stop()
    assert found in check.found
    assert advice in check.advice


def test_each_of_several_servers_is_looked_at(tmp_path: Path, server: FakeLlamaServer) -> None:
    server.start()
    other = FakeOllama()
    other.start()
    try:
        settings = Settings(endpoint=f"{server.url},{other.url}")
        checks = list(endpoint(situation(tmp_path, settings=settings)))
    finally:
        other.stop()
    assert [check.state for check in checks] == [State.OK, State.OK]
    assert "in llama-server" in checks[0].found
    assert "in Ollama" in checks[1].found
