"""The team's server through the `Engine` port, and what happens when it is away."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sc2_lsp.domain import GenerationRequest, Priority, StopReason, StopRule
from sc2_lsp.engine.remote import keys
from sc2_lsp.engine.remote.keys import key_file
from sc2_lsp.engine.remote.remote import RemoteEngine
from sc2_lsp.engine.remote.team import TeamEngine
from sc2_lsp.launching import KEY_VARIABLE
from sc2_lsp.models import engine_spec, own
from sc2_lsp.ports import Engine, EngineError
from sc2_lsp.settings import Settings
from tests.support.clock import Clock
from tests.support.fake_engine import FakeEngine
from tests.support.fake_llama_server import AUTHORITY, CERTIFICATE, CERTIFICATES, FakeLlamaServer

KEY = "key-4f1c"
CODE = "planted_marker_77"
REQUEST = GenerationRequest((1, 200, 3, 2), max_tokens=20, deadline_s=20.0, stop=StopRule(100))
OTHER = replace(REQUEST, tokens=(1, 201, 3, 2))


@pytest.fixture(autouse=True)
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(own.CONFIG_VARIABLE, str(tmp_path))
    monkeypatch.setenv(KEY_VARIABLE, KEY)


@pytest.fixture
def local() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
async def team_at(local: FakeEngine, clock: Clock) -> AsyncIterator[Callable[[str], TeamEngine]]:
    teams = []

    def at(endpoint: str, **settings: Any) -> TeamEngine:
        spec = engine_spec(Settings(endpoint=endpoint, **settings))
        teams.append(TeamEngine(local, spec, clock))  # type: ignore[arg-type]
        return teams[-1]

    yield at
    for team in teams:
        await team.close()


@pytest.fixture
def team(team_at: Callable[[str], TeamEngine], server: FakeLlamaServer) -> TeamEngine:
    return team_at(server.url)


async def is_away(team: TeamEngine) -> str:
    """The sentence for the user, once a request is answered by this machine within a second."""
    started_s = time.monotonic()
    engine = await team.for_request()
    info = await engine.describe()
    assert time.monotonic() - started_s < 1.5
    assert info.name == "fake"
    assert KEY not in info.notice
    assert (await engine.generate(REQUEST)).text == "pass"
    return info.notice


async def is_told(team: TeamEngine) -> str:
    """The same once it is known why the server does not answer."""
    for _ in range(500):
        if notice := await is_away(team):
            return notice
        await asyncio.sleep(0.01)
    raise AssertionError("nothing was said")


async def becomes_ready(team: TeamEngine, clock: Clock) -> Engine:
    """The server's engine, when it is back."""
    for _ in range(500):
        engine = await team.for_request()
        if isinstance(engine, RemoteEngine):
            return engine
        clock.now_s += 0.1
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come back")


async def test_the_server_answers_in_place_of_this_machine(
    team: TeamEngine, server: FakeLlamaServer, local: FakeEngine
) -> None:
    server.pieces = [("return", 100), (" a", 101), (" +", 102), (" b", 103)]
    engine = await team.for_request()
    info = await engine.describe()
    assert (info.name, info.n_ctx, info.notice) == ("team.gguf", 2048, "")
    assert await engine.tokenize(["ab", "a", "ab"]) == [(197, 198), (197,), (197, 198)]
    assert await engine.detokenize((197, 198)) == "ab"
    got = await engine.generate(REQUEST)
    assert got.text == "return a + b"
    assert got.stop_reason is StopReason.SPECIAL_TOKEN
    assert (got.n_prompt, got.n_evaluated, got.n_generated) == (4, 4, 4)
    (asked,) = server.completions()
    assert asked["prompt"] == [1, 200, 3, 2]
    assert asked["cache_prompt"] is True
    assert "grammar" not in asked
    assert {headers["authorization"] for *_, headers in server.asked} == {f"Bearer {KEY}"}
    assert (team.state, team.answering) == ("ready", "team.gguf")


@pytest.mark.parametrize(
    ("pieces", "stop", "text", "reason"),
    [
        ([("a", 99), ("\nb", 99), ("c", 99)], StopRule(1), "a", StopReason.BLOCK_END),
        ([("a", 99), ("", 6), ("b", 99)], StopRule(100), "a", StopReason.SPECIAL_TOKEN),
        ([("x", 99), *[("ab", 99)] * 60], StopRule(100), "xab", StopReason.REPETITION),
        ([("a b c d", 99)] * 3, StopRule(100), "a b c da b c d", StopReason.MAX_TOKENS),
    ],
)
async def test_a_text_ends_where_the_local_engine_would_end_it(
    team: TeamEngine,
    server: FakeLlamaServer,
    pieces: list[tuple[str, int]],
    stop: StopRule,
    text: str,
    reason: StopReason,
) -> None:
    server.pieces = pieces
    n_tokens = 2 if reason is StopReason.MAX_TOKENS else 100
    got = await team.generate(replace(REQUEST, stop=stop, max_tokens=n_tokens))
    assert got.stop_reason is reason
    assert got.text.startswith(text)
    assert len(got.text) < 60


async def test_the_word_at_the_cursor_is_written_anew(
    team: TeamEngine, server: FakeLlamaServer
) -> None:
    server.pieces = [("re", 99), ('t"urn', 99), (" a", 99)]
    got = await team.generate(replace(REQUEST, required=b'ret"u'))
    assert got.text == "rn a"
    (asked,) = server.completions()
    quoted = "".join(f"\\U{ord(char):08X}" for char in 'ret"u')
    assert asked["grammar"] == rf'root ::= "{quoted}" [\U00000000-\U0010FFFF]*'


async def test_a_prompt_alone_is_evaluated(team: TeamEngine, server: FakeLlamaServer) -> None:
    got = await team.generate(replace(REQUEST, max_tokens=0))
    assert got.text == ""
    assert got.stop_reason is StopReason.MAX_TOKENS
    assert got.n_evaluated == 4


async def test_at_the_deadline_whole_lines_are_kept(
    team: TeamEngine, server: FakeLlamaServer
) -> None:
    server.pieces, server.stall_at = [("a = 1\n", 99), ("b =", 99), (" 2", 99)], 2
    got = await team.generate(replace(REQUEST, deadline_s=0.3))
    assert got.text == "a = 1"
    assert got.stop_reason is StopReason.DEADLINE
    assert await asyncio.to_thread(server.closed.wait, 10)


async def test_cancelling_closes_the_connection(team: TeamEngine, server: FakeLlamaServer) -> None:
    server.stall_at = 1
    running = asyncio.ensure_future(team.generate(REQUEST))
    assert await asyncio.to_thread(server.begun.wait, 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await asyncio.to_thread(server.closed.wait, 10)


async def test_the_background_gives_way(team: TeamEngine, server: FakeLlamaServer) -> None:
    server.pieces, server.stall_at = [("x", 99), ("y", 99)], 1
    background = replace(REQUEST, priority=Priority.BACKGROUND)
    running = asyncio.ensure_future(team.generate(background))
    assert await asyncio.to_thread(server.begun.wait, 10)
    server.stall_at = None
    assert (await team.generate(OTHER)).text == "xy"
    got = await running
    assert got.stop_reason is StopReason.PREEMPTED
    assert got.text in ("", "x")
    assert await asyncio.to_thread(server.closed.wait, 10)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"status": 401}, "refuses the key (401)"),
        ({"status": 403}, "refuses the key (403)"),
        ({"status": 404}, "is not a server for completions (404)"),
        ({"status": 500}, "answers 500"),
        ({"status": 503}, "answers 503"),
        ({"status": 302}, "answers 302"),
        ({"body": "<html>"}, "does not answer as a server for completions would"),
        ({"body": "[]"}, "does not answer as a server for completions would"),
        ({"body": '{"data": []}'}, "has no model"),
        ({"body": "[" * 100_000}, "does not answer as a server for completions would"),
        ({"special": (1, 2, 3, 151663, 151664, 0)}, "team.gguf, which is no StarCoder2 model"),
        ({"hangs": True}, "does not answer in time"),
    ],
)
async def test_this_machine_answers_while_the_server_does_not(
    team: TeamEngine, server: FakeLlamaServer, clock: Clock, fault: dict[str, object], says: str
) -> None:
    for name, value in fault.items():
        setattr(server, name, value)
    assert says in await is_told(team)
    n_asked = len(server.asked)
    assert says in await is_away(team)
    assert len(server.asked) == n_asked
    usual = FakeLlamaServer()
    for name in fault:
        setattr(server, name, getattr(usual, name))
    engine = await becomes_ready(team, clock)
    assert (await engine.describe()).notice == ""


async def test_a_key_that_is_renewed_is_shown(
    team_at: Callable[[str], TeamEngine],
    server: FakeLlamaServer,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    write_key("old")
    server.status = 401
    team = team_at(server.url)
    assert "refuses the key (401)" in await is_told(team)
    write_key("new")
    server.status = 200
    server.asked.clear()
    await becomes_ready(team, clock)
    assert {headers["authorization"] for *_, headers in server.asked} == {"Bearer new"}


async def test_a_key_that_others_may_read_is_not_shown(
    team_at: Callable[[str], TeamEngine],
    server: FakeLlamaServer,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    write_key("old", 0o644)
    team = team_at(server.url)
    assert f"{server.url} is not asked, as others may read the key in" in await is_told(team)
    assert not server.asked
    key_file().chmod(0o600)
    await becomes_ready(team, clock)


async def test_a_keyring_that_takes_long_does_not_keep_its_key_from_the_session(
    team_at: Callable[[str], TeamEngine],
    server: FakeLlamaServer,
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    monkeypatch.setattr(keys, "PATIENCE_S", 0.05)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "keyring.py").write_text(
        "import threading\nopened, asked = threading.Event(), []\n"
        "def get_password(*who):\n    asked.append(who)\n    opened.wait(20)\n    return 'late'\n"
    )
    server.status = 401
    try:
        team = team_at(f"{server.url},{server.url}/second")
        assert "wants a key, for which the system's keyring is still" in await is_told(team)
        keyring = sys.modules["keyring"]
        keyring.opened.set()
        server.status = 200
        for _ in range(500):
            await becomes_ready(team, clock)
            if shown(server) == "Bearer late":
                break
            clock.now_s += 10.0
        assert shown(server) == "Bearer late"
        assert len(keyring.asked) == 1
    finally:
        sys.modules.pop("keyring").opened.set()


def write_key(key: str, mode: int = 0o600) -> None:
    key_file().write_text(key)
    key_file().chmod(mode)


def shown(server: FakeLlamaServer) -> str | None:
    """The key that it was shown the last time."""
    return server.asked[-1][2].get("authorization")


async def test_nobody_listens(team_at: Callable[[str], TeamEngine]) -> None:
    gone = FakeLlamaServer()
    gone.start()
    gone.stop()
    notice = await is_away(team_at(gone.url))
    assert gone.url in notice
    assert "cannot be reached" in notice


async def test_a_certificate_that_nobody_vouches_for(
    team_at: Callable[[str], TeamEngine],
) -> None:
    server = FakeLlamaServer(has_tls=True)
    server.start()
    try:
        notice = await is_away(team_at(server.url))
    finally:
        server.stop()
    assert "cannot be reached" in notice
    assert not server.asked


async def test_an_authority_of_ones_own(
    team_at: Callable[[str], TeamEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    server = FakeLlamaServer(has_tls=True)
    server.start()
    try:
        team = team_at(server.url)
        assert (await team.generate(REQUEST)).text == "ok"
        assert isinstance(await team.for_request(), RemoteEngine)
    finally:
        server.stop()


async def test_a_server_that_wants_a_certificate(
    team_at: Callable[..., TeamEngine], tmp_path: Path
) -> None:
    mine = tmp_path / "mine.pem"
    mine.write_bytes((CERTIFICATES / "developer.pem").read_bytes())
    mine.chmod(0o600)
    server = FakeLlamaServer(
        has_tls=True, certificate=CERTIFICATES / "good.pem", vouched_by=AUTHORITY
    )
    server.start()
    trust = {"endpoint_authority": str(AUTHORITY)}
    try:
        assert await is_told(team_at(server.url, **trust))
        assert not server.asked
        team = team_at(server.url, **trust, endpoint_certificate=str(mine))
        assert isinstance(await team.for_request(), RemoteEngine)
        assert (await team.generate(REQUEST)).text == "ok"
    finally:
        server.stop()


@pytest.mark.parametrize("setting", ["endpoint_authority", "endpoint_certificate"])
async def test_a_certificate_that_cannot_be_used_is_told(
    team_at: Callable[..., TeamEngine], server: FakeLlamaServer, tmp_path: Path, setting: str
) -> None:
    file = tmp_path / "broken.pem"
    file.write_text("no certificate")
    file.chmod(0o600)
    notice = await is_away(team_at(server.url, **{setting: str(file)}))
    assert str(file) in notice
    assert not server.asked


async def test_a_proxy_that_the_settings_name(team_at: Callable[..., TeamEngine]) -> None:
    proxy = FakeLlamaServer()
    proxy.start()
    try:
        team = team_at(
            "http://192.0.2.1:8080",
            endpoint_plain_http="anybody on the way may read my code and my key",
            endpoint_proxy=proxy.url,
        )
        assert "(404)" in await is_told(team)
    finally:
        proxy.stop()
    assert all(path.startswith("http://192.0.2.1:8080/") for path, *_ in proxy.asked)
    assert proxy.asked


async def test_a_refused_address_is_told_and_not_asked(
    team_at: Callable[[str], TeamEngine], server: FakeLlamaServer
) -> None:
    assert "without TLS" in await is_away(team_at("http://models.example.org"))
    assert not server.asked


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"endpoint": "https://models.example.org\u200b"}, r"'https://models.example.org\u200b'"),
        ({"endpoint": "https://\u2603.example"}, r"'https://\u2603.example', which is no address"),
        ({"endpoint": "https://[v1.x]"}, "'https://[v1.x]', which is no address"),
        ({"endpoint": "https://models.test/\x7f"}, "which is no address"),
        (
            {"endpoint": "https://models.test", "endpoint_proxy": "http://proxy.test\u200b:3128"},
            r"'endpoint_proxy' holds 'http://proxy.test\u200b:3128', which is no address",
        ),
    ],
)
async def test_what_the_library_takes_for_no_address_is_told(
    team_at: Callable[..., TeamEngine], settings: dict[str, str], says: str
) -> None:
    assert says in await is_away(team_at(**settings))


@pytest.mark.parametrize("fault", [{"cut_at": 1}, {"status": 500}, {"status": 401}])
async def test_a_server_that_dies_costs_one_answer(
    team: TeamEngine, server: FakeLlamaServer, clock: Clock, fault: dict[str, int]
) -> None:
    engine = await team.for_request()
    assert (await engine.generate(REQUEST)).text == "ok"
    for name, value in fault.items():
        setattr(server, name, value)
    with pytest.raises(EngineError):
        await engine.generate(OTHER)
    assert await is_away(team)
    server.cut_at, server.status = None, 200
    engine = await becomes_ready(team, clock)
    assert (await engine.generate(REQUEST)).text == "ok"


async def test_it_is_back_within_seconds(
    team: TeamEngine, server: FakeLlamaServer, clock: Clock
) -> None:
    await team.for_request()
    server.stop()
    with pytest.raises(EngineError):
        await team.generate(REQUEST)
    for _ in range(20):
        await is_away(team)
        clock.now_s += 10.0
        await asyncio.sleep(0.01)
    server.start()
    back_s = clock.now_s
    await becomes_ready(team, clock)
    assert clock.now_s - back_s <= 5.0


@pytest.mark.parametrize("status", [400, 413])
async def test_one_refused_request_is_no_reason_to_leave(
    team: TeamEngine, server: FakeLlamaServer, clock: Clock, status: int
) -> None:
    engine = await team.for_request()
    server.status = status
    with pytest.raises(EngineError):
        await engine.generate(REQUEST)
    server.status = 200
    clock.now_s += 1.0
    assert (await (await team.for_request()).generate(REQUEST)).text == "ok"


async def test_who_asks_too_much_waits_and_does_not_leave(
    team: TeamEngine, server: FakeLlamaServer
) -> None:
    engine = await team.for_request()
    server.status, server.headers = 429, {"Retry-After": "20"}
    with pytest.raises(EngineError, match="too much to do"):
        await engine.generate(REQUEST)
    n_asked = len(server.asked)
    for _ in range(3):
        with pytest.raises(EngineError, match="too much to do"):
            await (await team.for_request()).generate(REQUEST)
    # Nothing comes until this deadline, so it is looked after, and it is still there.
    assert isinstance(engine, RemoteEngine)
    engine._suspect()
    assert engine._probing is not None
    await engine._probing
    assert isinstance(await team.for_request(), RemoteEngine)
    assert [path for path, *_ in server.asked[n_asked:]] == ["/v1/models"]


async def test_a_server_that_hangs_is_left_after_one_deadline(
    team: TeamEngine, server: FakeLlamaServer
) -> None:
    engine = await team.for_request()
    server.hangs = True
    got = await engine.generate(replace(REQUEST, deadline_s=0.2))
    assert got.stop_reason is StopReason.DEADLINE
    assert not got.prompt_done
    remote = engine
    assert isinstance(remote, RemoteEngine)
    for _ in range(500):
        if not remote.is_ready:
            break
        await asyncio.sleep(0.01)
    assert "does not answer in time" in await is_away(team)


async def test_neither_key_nor_code_is_logged(
    team: TeamEngine, server: FakeLlamaServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="sc2_lsp")
    caplog.set_level(logging.INFO, logger="asyncio")
    engine = await team.for_request()
    await engine.tokenize([CODE])
    server.status, server.body = 500, f"{CODE} {KEY}"
    with pytest.raises(EngineError) as failed:
        await engine.tokenize([CODE + "2"])
    said = caplog.text + str(failed.value) + await is_away(team)
    assert CODE not in said
    assert KEY not in said
    assert not [r for r in caplog.records if r.name.startswith("http")]


async def test_other_settings_lead_elsewhere(
    team: TeamEngine, server: FakeLlamaServer, local: FakeEngine
) -> None:
    await team.for_request()
    team.configure(engine_spec(Settings()))
    assert await team.for_request() is local
    assert all(spec.endpoint == "" for spec in local.specs)
    team.configure(engine_spec(Settings(endpoint=server.url)))
    assert isinstance(await team.for_request(), RemoteEngine)


async def test_without_a_server_this_machine_is_all_there_is(
    team_at: Callable[[str], TeamEngine], local: FakeEngine
) -> None:
    team = team_at("")
    assert await team.for_request() is local
    team.warm_up()
    assert local.n_warm_ups == 1


async def test_with_a_server_no_weights_are_loaded(
    team: TeamEngine, server: FakeLlamaServer, local: FakeEngine
) -> None:
    team.warm_up()
    assert isinstance(await team.for_request(), RemoteEngine)
    assert local.n_warm_ups == 0


def test_who_has_no_server_does_not_load_what_speaks_http() -> None:
    program = (
        "import sys, time; from sc2_lsp.engine.remote.team import TeamEngine; "
        "from sc2_lsp.models import engine_spec; from sc2_lsp.settings import Settings; "
        "from tests.support.fake_engine import FakeEngine; "
        "TeamEngine(FakeEngine(), engine_spec(Settings()), time.monotonic); "
        "print([name for name in sys.modules if 'httpx' in name])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
