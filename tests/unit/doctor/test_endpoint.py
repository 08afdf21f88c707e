from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sc2_lsp.doctor.check import Check, State
from sc2_lsp.doctor.endpoint import _certificate, _clock, endpoint
from sc2_lsp.engine.remote.finding import AnyServer
from sc2_lsp.engine.remote.protocol import Served
from sc2_lsp.launching import KEY_VARIABLE
from sc2_lsp.settings import Settings, merge
from tests.support.fake_engines import FakeOllama
from tests.support.fake_llama_server import AUTHORITY, CERTIFICATES, FakeLlamaServer
from tests.support.situations import situation

KEY = "planted-key-1234"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLlamaServer]:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    fake = FakeLlamaServer()
    yield fake
    fake.stop()


def looked_at(home: Path, url: str) -> Check:
    check, *_ = looked_at_all(home, endpoint=url)
    return check


def looked_at_all(home: Path, **settings: str) -> list[Check]:
    checks = list(endpoint(situation(home, settings=merge(Settings(), settings)[0])))
    assert not [check for check in checks if KEY in check.found + check.advice]
    return checks


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


def test_clocks_and_certificates(tmp_path: Path, server: FakeLlamaServer) -> None:
    server.has_tls, server.certificate = True, CERTIFICATES / "good.pem"
    server.start()
    settings = {"endpoint": server.url, "endpoint_authority": str(AUTHORITY)}
    asked, clock, certificate = looked_at_all(tmp_path, **settings)
    assert "with a key from the variable SC2_API_KEY" in asked.found
    assert (clock.state, certificate.state) == (State.OK, State.OK)
    assert "more days" in certificate.found


@pytest.mark.parametrize(
    ("ahead_s", "state"), [(0, State.OK), (-100, State.OK), (600, State.WARN), (-7200, State.WARN)]
)
def test_a_clock_that_is_wrong(ahead_s: float, state: State) -> None:
    assert _clock(ahead_s).state is state


@pytest.mark.parametrize(("n_days", "state"), [(400, State.OK), (14, State.OK), (3, State.WARN)])
def test_a_certificate_that_ends_soon(n_days: int, state: State) -> None:
    assert _certificate("https://models.test", n_days).state is state


def test_a_certificate_of_ones_own_that_is_none(tmp_path: Path, server: FakeLlamaServer) -> None:
    server.start()
    (tmp_path / "mine.pem").write_text("none")
    (tmp_path / "mine.pem").chmod(0o600)
    mine = str(tmp_path / "mine.pem")
    (check,) = looked_at_all(tmp_path, endpoint=server.url, endpoint_certificate=mine)
    assert check.state is State.FAIL
    assert "needs a certificate and its key" in check.found
    assert not server.asked


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


def test_an_address_with_a_char_that_cannot_be_seen(tmp_path: Path) -> None:
    check = looked_at(tmp_path, "https://models.example.org\u200b")
    assert check.state is State.FAIL
    assert r"'https://models.example.org\u200b', which is no address" in check.found


def test_one_whose_answers_nobody_has_thought_of(
    tmp_path: Path, server: FakeLlamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def probe(_: AnyServer) -> Served:
        raise ZeroDivisionError(KEY)

    monkeypatch.setattr(AnyServer, "probe", probe)
    server.start()
    check = looked_at(tmp_path, server.url)
    assert check.state is State.FAIL
    assert "does not answer as any would (ZeroDivisionError)" in check.found


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
    assert {check.state for check in checks} == {State.OK}
    asked = [check.found for check in checks if check.name == "endpoint"]
    assert len(asked) == 2
    assert "in llama-server" in asked[0]
    assert "in Ollama" in asked[1]
