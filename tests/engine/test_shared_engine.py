"""Several users of one engine, with real processes and the bundled model."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from sc2_lsp.domain import EngineSpec, Priority, StopReason
from sc2_lsp.engine import protocol, rendezvous
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.engine.connection import read_frame
from sc2_lsp.engine.gateway import FIRST_USER_S
from sc2_lsp.engine.rendezvous import FOLDER_VARIABLE, Place
from sc2_lsp.engine.shared import engine_name
from sc2_lsp.models import BUNDLED_MODEL
from sc2_lsp.ports import EngineUnavailable, ModelError
from tests.support.engine_user import SPEC, EngineUser, long_prompt, request
from tests.support.lsp_client import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows shares no engines")

IDLE_S = 1.0
END_S = IDLE_S + 2.0


@pytest.fixture(autouse=True)
def folder(runtime_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime folder of the test's own; no engine that was found through it is left."""
    folder = Path(tempfile.mkdtemp(dir=runtime_folder))
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    yield folder
    for process in engines(folder):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    shutil.rmtree(folder)


@pytest.fixture
def place(folder: Path) -> Place:
    return Place(folder, engine_name(SPEC))


Join = Callable[..., EngineClient]


@pytest.fixture
async def join() -> AsyncIterator[Join]:
    """Makes users of the shared engine."""
    clients: list[EngineClient] = []

    def join(spec: EngineSpec = SPEC, idle_s: float = IDLE_S) -> EngineClient:
        clients.append(EngineClient(spec, time.monotonic, lambda: idle_s))
        return clients[-1]

    yield join
    for client in clients:
        await client.close()


@pytest.fixture
def user() -> Iterator[Callable[[], EngineUser]]:
    """Starts processes that use the shared engine."""
    users: list[EngineUser] = []

    def start() -> EngineUser:
        users.append(EngineUser(IDLE_S))
        return users[-1]

    yield start
    for each in users:
        each.kill()


def engines(folder: Path) -> list[psutil.Process]:
    """The engines that serve in this folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if str(folder) in process.cmdline():
                found.append(process)
    return found


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def eventually(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Wait for something that another process does and sends no event for."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen"
        await asyncio.sleep(0.01)


async def pid_of(client: EngineClient) -> int:
    await client.describe()
    assert client.pid is not None
    return client.pid


async def test_two_users_have_one_engine(join: Join, folder: Path) -> None:
    one, other = join(), join()
    assert await pid_of(one) == await pid_of(other)
    assert len(engines(folder)) == 1
    prompt = long_prompt(n_tokens=300)
    await one.generate(request(prompt))
    assert (await other.generate(request(prompt))).n_evaluated <= 1


async def test_eight_that_start_at_once_have_one_engine(
    user: Callable[[], EngineUser], folder: Path
) -> None:
    users = [user() for _ in range(8)]
    for each in users:
        each.start("pid")
    pids = [each.answer() for each in users]
    assert [process.pid for process in engines(folder)] == [pids[0]]
    assert set(pids) == {pids[0]}


async def test_eight_that_start_at_once_in_one_process_have_one_engine(join: Join) -> None:
    pids = await asyncio.gather(*(pid_of(join()) for _ in range(8)))
    assert len(set(pids)) == 1


async def test_other_settings_have_another_engine(join: Join, tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    shutil.copy(BUNDLED_MODEL, model)
    spec = replace(SPEC, model_path=str(model))
    pids = [await pid_of(join(each)) for each in (SPEC, replace(SPEC, n_ctx=1024), spec)]
    os.utime(model, (1, 1))
    pids.append(await pid_of(join(spec)))
    assert len(set(pids)) == 4


async def test_who_changes_the_model_leaves_the_engine_to_the_others(join: Join) -> None:
    one, other = join(idle_s=0.0), join(idle_s=0.0)
    shared = await pid_of(one)
    assert await pid_of(other) == shared
    one.configure(replace(SPEC, n_ctx=1024))
    assert await pid_of(one) != shared
    assert (await other.generate(request((50, 51)))).n_prompt == 2
    other.configure(replace(SPEC, n_ctx=1024))
    assert await pid_of(other) == one.pid
    await eventually(lambda: is_gone(shared), 2.0)


async def test_weights_that_the_settings_name_no_more_do_not_linger(join: Join) -> None:
    client = join(idle_s=60.0)
    before = await pid_of(client)
    client.configure(replace(SPEC, n_ctx=1024))
    assert await pid_of(client) != before
    await eventually(lambda: is_gone(before), 2.5)


async def test_weights_that_are_still_being_loaded_then_do_not_linger_either(
    join: Join, folder: Path
) -> None:
    client = join(idle_s=60.0)
    waiting = asyncio.ensure_future(pid_of(client))
    await eventually(lambda: len(engines(folder)) == 1)
    client.configure(replace(SPEC, n_ctx=1024))
    pid = await waiting
    # If it was not even greeted, it waits for somebody.
    end_s = FIRST_USER_S + 2.5
    await eventually(lambda: [engine.pid for engine in engines(folder)] == [pid], end_s)


async def test_the_engine_is_nobodys_child_and_holds_nothing_of_who_started_it(
    join: Join, folder: Path
) -> None:
    engine = psutil.Process(await pid_of(join()))
    assert engine.ppid() != os.getpid()
    assert engine.pid not in [child.pid for child in psutil.Process().children(recursive=True)]
    assert os.getsid(engine.pid) not in (os.getsid(0), 0)
    assert engine.cwd() == "/"
    assert {Path(file.path).parent for file in engine.open_files()} <= {folder}


async def test_a_killed_user_leaves_the_engine_to_the_others(
    join: Join, user: Callable[[], EngineUser]
) -> None:
    one, other = user(), join()
    assert one.ask("pid") == await pid_of(other)
    one.ask("long")
    await asyncio.sleep(0.05)
    one.kill()
    got = await other.generate(request((50, 51)))
    assert got.queue_s < 0.3, "the dead user's request was evaluated to its end"
    assert other.pid is not None


async def test_a_killed_engine_fails_what_is_pending_and_all_its_users_get_a_new_one(
    join: Join, user: Callable[[], EngineUser]
) -> None:
    one, other, third = join(), join(), user()
    pid = await pid_of(one)
    assert await pid_of(other) == pid == third.ask("pid")
    pending = [
        asyncio.ensure_future(client.generate(request(long_prompt(first))))
        for client, first in ((one, 100), (other, 200))
    ]
    await asyncio.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    for outcome in await asyncio.gather(*pending, return_exceptions=True):
        assert isinstance(outcome, EngineUnavailable)
    again = await asyncio.gather(*(c.generate(request((50, 51))) for c in (one, other)))
    assert [got.n_prompt for got in again] == [2, 2]
    assert third.ask("generate") == 2
    assert one.pid == other.pid == third.ask("pid") != pid


async def test_the_engine_ends_soon_after_its_last_user(
    join: Join, place: Place, folder: Path
) -> None:
    one, other = join(), join()
    pid = await pid_of(one)
    await pid_of(other)
    await one.close()
    await asyncio.sleep(IDLE_S + 0.3)
    assert not is_gone(pid)
    await other.close()
    left_s = time.monotonic()
    await eventually(lambda: is_gone(pid), END_S)
    assert time.monotonic() - left_s >= IDLE_S * 0.9
    assert names(folder) == [place.lock.name]


async def test_the_engine_ends_soon_after_its_last_user_was_killed(
    user: Callable[[], EngineUser],
) -> None:
    one = user()
    pid = one.ask("pid")
    one.ask("long")
    one.kill()
    await eventually(lambda: is_gone(pid), END_S)


async def test_who_comes_back_in_time_finds_the_engine_warm(join: Join) -> None:
    one = join(idle_s=30.0)
    prompt = long_prompt(n_tokens=300)
    await one.generate(request(prompt))
    pid = one.pid
    await one.close()
    again = join(idle_s=0.0)
    assert (await again.generate(request(prompt))).n_evaluated <= 1
    assert again.pid == pid


async def test_a_wrong_token_is_refused(join: Join, place: Place) -> None:
    client = join()
    await client.describe()
    reader, writer = await asyncio.open_unix_connection(str(place.socket))
    writer.write(protocol.encode(protocol.Hello(b"x" * 32, 1.0)))
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await asyncio.wait_for(read_frame(reader), 10)
    writer.close()
    assert (await client.generate(request((50, 51)))).n_prompt == 2


async def test_a_spoiled_token_costs_a_second_engine_and_nothing_else(
    join: Join, place: Place
) -> None:
    first = join()
    pid = await pid_of(first)
    place.token.write_bytes(b"spoiled")
    second, third = join(), join()
    assert await pid_of(second) != pid
    assert await pid_of(third) == second.pid
    assert (await first.generate(request((50, 51)))).n_prompt == 2


async def test_what_a_killed_engine_left_behind_is_no_obstacle(join: Join, place: Place) -> None:
    first = join()
    pid = await pid_of(first)
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: first.pid is None)
    assert place.socket.is_socket()
    assert await pid_of(join()) != pid


async def test_a_file_in_the_sockets_place_is_no_obstacle(join: Join, place: Place) -> None:
    place.socket.write_bytes(b"garbage")
    place.token.write_bytes(b"garbage")
    await pid_of(join())
    assert place.socket.is_socket()


async def test_an_engine_that_hangs_is_not_waited_for_when_it_is_killed(
    join: Join, place: Place
) -> None:
    pid = await pid_of(join())
    os.kill(pid, signal.SIGSTOP)
    await eventually(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    waiting = asyncio.ensure_future(pid_of(join()))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    os.kill(pid, signal.SIGKILL)
    assert await waiting != pid


async def test_an_open_folder_is_refused_and_everybody_gets_a_private_engine(
    join: Join, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    os.chmod(folder, 0o777)  # noqa: PTH101
    with caplog.at_level(logging.WARNING):
        one, other = join(), join()
        pids = {await pid_of(one), await pid_of(other)}
    assert len(pids) == 2
    children = {child.pid for child in psutil.Process().children()}
    assert pids <= children
    assert [record.message for record in caplog.records] == [
        f"The engine is not shared with other editors: {folder} is open to other users."
    ] * 2
    assert not names(folder)


async def test_all_who_wait_for_a_load_hear_of_its_failure_and_the_engine_ends(
    join: Join, tmp_path: Path, folder: Path
) -> None:
    path = tmp_path / "truncated.gguf"
    path.write_bytes(BUNDLED_MODEL.read_bytes()[:-100_000])
    clients = [join(replace(SPEC, model_path=str(path)), idle_s=60.0) for _ in range(3)]

    async def failure_of(client: EngineClient) -> str:
        # Who comes just when the engine ends hears of that, and of the model when asking again.
        with suppress(EngineUnavailable):
            with pytest.raises(ModelError) as failure:
                await client.describe()
            return str(failure.value)
        with pytest.raises(ModelError) as failure:
            await client.describe()
        return str(failure.value)

    for failure in await asyncio.gather(*map(failure_of, clients)):
        assert str(path) in failure
    await eventually(lambda: not engines(folder), 5.0)


async def test_a_relative_path_is_that_of_the_server(
    join: Join, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(BUNDLED_MODEL, tmp_path / "model.gguf")
    monkeypatch.chdir(tmp_path)
    info = await join(replace(SPEC, model_path="model.gguf")).describe()
    assert Path(info.path) == tmp_path / "model.gguf"


@pytest.mark.parametrize("is_shared", [True, False])
async def test_the_last_words_of_an_engine_that_dies_while_it_starts_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_shared: bool
) -> None:
    broken = tmp_path / "llama_cpp"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise SystemExit('libllama is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    client = EngineClient(SPEC, time.monotonic, lambda: IDLE_S if is_shared else None)
    with pytest.raises(EngineUnavailable, match="libllama is broken"):
        await client.describe()
    with pytest.raises(EngineUnavailable, match="libllama is broken"):
        await client.describe()
    with pytest.raises(EngineUnavailable, match="started again in"):
        await client.describe()
    await client.close()


@pytest.mark.parametrize("is_shared", [True, False])
async def test_a_workspace_brings_no_module_into_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_shared: bool
) -> None:
    for name in ("numpy", "llama_cpp", "json", "sc2_lsp"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken from the workspace')")
    monkeypatch.chdir(tmp_path)
    client = EngineClient(SPEC, time.monotonic, lambda: 0.0 if is_shared else None)
    assert (await client.describe()).n_ctx == 4096
    await client.close()


async def test_the_foreground_of_one_user_interrupts_the_background_of_another(
    join: Join,
) -> None:
    one, other = join(), join()
    await asyncio.gather(one.describe(), other.describe())
    idle_work = asyncio.ensure_future(
        one.generate(request(long_prompt(), priority=Priority.BACKGROUND))
    )
    await asyncio.sleep(0.1)
    got = await other.generate(request((50, 51)))
    assert got.queue_s < 0.1
    preempted = await idle_work
    assert preempted.stop_reason is StopReason.PREEMPTED
    assert not preempted.prompt_done


async def test_tokens_are_counted_while_another_user_has_a_prompt_evaluated(join: Join) -> None:
    one, other = join(), join()
    await asyncio.gather(one.describe(), other.describe())
    running = asyncio.ensure_future(one.generate(request(long_prompt())))
    await asyncio.sleep(0.05)
    assert await other.tokenize(["x = 1"])
    assert not running.done()
    running.cancel()


@pytest.mark.slow
async def test_each_of_many_cancelled_requests_is_answered_once_and_memory_stays_as_it_is(
    join: Join, place: Place
) -> None:
    """As `benchmarks/cancel.py --rounds 1000` does with longer delays."""
    engine = psutil.Process(await pid_of(join()))
    reader, writer = await _greeted(place)
    rng = random.Random(7)
    n_requests, answers, rss = 300, Counter[int](), []

    async def count() -> None:
        while sum(answers.values()) < n_requests:
            answers[protocol.decode_reply(await read_frame(reader)).id] += 1

    counting = asyncio.ensure_future(count())
    for number in range(n_requests):
        prompt = tuple(100 + (number * 7919 + index * 31) % 3000 for index in range(2000))
        writer.write(protocol.encode(protocol.Generate(number, request(prompt))))
        await asyncio.sleep(rng.uniform(0, 0.05))
        writer.write(protocol.encode(protocol.Cancel(number)))
        if number >= 100 and number % 20 == 0:
            rss.append(engine.memory_info().rss)
    await asyncio.wait_for(counting, 30)
    writer.write(protocol.encode(protocol.Tokenize(n_requests, [b"x"])))
    assert protocol.decode_reply(await asyncio.wait_for(read_frame(reader), 10)).id == n_requests
    writer.close()
    assert answers == Counter(range(n_requests))
    assert max(rss) <= rss[0] * 1.05


async def _greeted(place: Place) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection of one's own to the engine there."""
    token = rendezvous.read_token(place)
    assert token is not None
    reader, writer = await asyncio.open_unix_connection(str(place.socket))
    writer.write(protocol.encode(protocol.Hello(token, 0.0)))
    protocol.decode_welcome(await read_frame(reader))
    return reader, writer


_WITHOUT_UNIX = """
import asyncio, os, sys, time
sys.modules["fcntl"] = None
del os.fork, os.geteuid, os.O_NOFOLLOW, asyncio.open_unix_connection
from sc2_lsp.engine.client import EngineClient
from tests.support.engine_user import SPEC, request

async def main():
    engine = EngineClient(SPEC, time.monotonic, lambda: 1.0)
    sys.stdout.write("%d" % (await engine.generate(request((50, 51)))).n_prompt)
    await engine.close()

asyncio.run(main())
"""


def test_a_platform_without_private_sockets_has_private_engines() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_UNIX], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "2", done.stderr
    assert "this platform has no private sockets" in done.stderr
