"""What a client asks of its server while somebody types, and what it does without asking."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from sc2_lsp.domain import GenerationRequest, Priority, StopRule
from sc2_lsp.engine.remote import lane as lanes
from sc2_lsp.engine.remote.lane import Asked, Lane, Preempted
from sc2_lsp.engine.remote.protocol import ServerError
from sc2_lsp.engine.remote.reading import Reading
from tests.support.clock import Clock
from tests.support.scripted_server import Asking, ScriptedServer

HERE = tuple(range(1000, 2000))
THERE = (*HERE[:400], *range(3000, 3600))
NEAR_THERE = tuple(range(3500, 3600))
REQUEST = GenerationRequest(HERE, max_tokens=20, deadline_s=20.0, stop=StopRule(1))
PREPARE = replace(REQUEST, max_tokens=0, priority=Priority.BACKGROUND)
GIVE_UP_S = 20.0


@pytest.fixture
def server() -> ScriptedServer:
    return ScriptedServer()


@pytest.fixture
def lane(server: ScriptedServer, clock: Clock) -> Lane:
    return Lane(server, clock)


@pytest.fixture
def endless(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server ends nothing by itself, so that it is hung up on."""
    server.ends_lines = False
    monkeypatch.setattr(lanes, "_LAST_S", 0.0)


class Call:
    """A request under way."""

    def __init__(self, lane: Lane, request: GenerationRequest) -> None:
        self.asked = Asked(request, Reading(request, 0.0))
        self.task = asyncio.ensure_future(lane.answer(self.asked))

    async def text(self) -> str:
        await asyncio.wait_for(self.task, GIVE_UP_S)
        return self.asked.reading.text

    async def overtaken(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})


async def soon(awaited: Coroutine[Any, Any, Asking]) -> Asking:
    return await asyncio.wait_for(awaited, GIVE_UP_S)


async def idle() -> None:
    """Let everybody do what can be done without the server."""
    for _ in range(20):
        await asyncio.sleep(0)


async def answered(lane: Lane, server: ScriptedServer, request: GenerationRequest) -> Asking:
    """A request that the server has answered with `x` and a line break."""
    call = Call(lane, request)
    asking = await soon(server.asked.get())
    asking.puts("x", 90)
    asking.puts("\n", 91)
    assert await call.text() == "x"
    return asking


async def test_the_next_key_finds_what_was_asked_for_the_one_before(
    lane: Lane, server: ScriptedServer
) -> None:
    first = Call(lane, replace(REQUEST, required=b" re"))
    asking = await soon(server.asked.get())
    await first.overtaken()
    second = Call(lane, replace(REQUEST, required=b" ret"))
    await idle()
    for text in (" return", " a", "\n"):
        asking.puts(text)
    assert await second.text() == "urn a"
    assert server.asked.empty()


async def test_tokens_that_were_typed_as_they_were_written_are_not_asked_for(
    lane: Lane, server: ScriptedServer
) -> None:
    first = Call(lane, REQUEST)
    asking = await soon(server.asked.get())
    asking.puts(" return", 90)
    asking.puts(" a", 91)
    await idle()
    await first.overtaken()
    second = Call(lane, replace(REQUEST, tokens=(*HERE, 90), required=b" "))
    asking.puts("\n", 92)
    assert await second.text() == "a"
    assert server.asked.empty()


async def test_what_was_overtaken_is_read_to_the_end_of_its_prompt_and_no_further(
    lane: Lane, server: ScriptedServer
) -> None:
    first = Call(lane, REQUEST)
    asking = await soon(server.asked.get())
    await first.overtaken()
    second = Call(lane, replace(REQUEST, tokens=(*HERE, 77)))
    await idle()
    asking.reads(500)
    await idle()
    assert not asking.is_closed
    assert server.asked.empty()
    asking.puts(" other", 90)
    following = await soon(server.asked.get())
    assert asking.is_closed
    assert following.prompt == (*HERE, 77)
    following.puts("y\n")
    assert await second.text() == "y"


async def test_a_prompt_that_was_overtaken_by_another_is_read_to_its_end(
    lane: Lane, server: ScriptedServer
) -> None:
    first = Call(lane, REQUEST)
    asking = await soon(server.asked.get())
    await first.overtaken()
    second = Call(lane, replace(REQUEST, tokens=NEAR_THERE))
    await idle()
    asking.reads(500)
    await idle()
    assert not asking.is_closed
    assert server.asked.empty()
    asking.puts("x", 90)
    following = await soon(server.asked.get())
    assert asking.is_closed
    following.puts("y\n")
    assert await second.text() == "y"


async def test_what_is_asked_for_two_files_is_asked_one_after_the_other(
    lane: Lane, server: ScriptedServer
) -> None:
    await answered(lane, server, REQUEST)
    calls = [Call(lane, replace(REQUEST, tokens=tokens)) for tokens in (NEAR_THERE, THERE)]
    for prompt in (NEAR_THERE, THERE):
        asking = await soon(server.asked.get())
        asking.puts("y")
        await idle()
        assert asking.prompt == prompt
        assert not asking.is_closed
        assert server.asked.empty()
        asking.puts("\n")
    assert [await call.text() for call in calls] == ["y", "y"]


@pytest.mark.usefixtures("endless")
async def test_after_hanging_up_the_server_is_left_a_moment(
    lane: Lane, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "_LEAST_RELEASE_S", 0.2)
    asking = await answered(lane, server, REQUEST)
    assert not asking.pieces.qsize()
    call = Call(lane, replace(REQUEST, tokens=NEAR_THERE))
    await idle()
    assert asking.is_closed
    assert server.asked.empty()
    assert (await soon(server.asked.get())).prompt == NEAR_THERE
    await call.overtaken()


@pytest.mark.parametrize(("waited_s", "is_left"), [(0.0, False), (0.5, True)])
@pytest.mark.usefixtures("endless")
async def test_a_server_that_is_slow_to_begin_is_left_longer(
    lane: Lane,
    server: ScriptedServer,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    waited_s: float,
    is_left: bool,
) -> None:
    monkeypatch.setattr(lanes, "_LEAST_RELEASE_S", 0.0)
    first = Call(lane, REQUEST)
    asking = await soon(server.asked.get())
    clock.now_s += waited_s
    # The one piece tells nothing of how long the next would take.
    asking.puts("x\n", prompt_s=0.001)
    assert await first.text() == "x"
    second = Call(lane, replace(REQUEST, tokens=NEAR_THERE))
    await idle()
    assert server.asked.empty() is is_left
    assert (await soon(server.asked.get())).prompt == NEAR_THERE
    await second.overtaken()


async def test_a_server_that_ends_with_the_line_is_not_hung_up_on(
    lane: Lane, server: ScriptedServer
) -> None:
    first = Call(lane, REQUEST)
    asking = await soon(server.asked.get())
    assert asking.is_line
    for text in ("x", "\n"):
        asking.puts(text)
    assert await first.text() == "x"
    second = Call(lane, replace(REQUEST, tokens=NEAR_THERE))
    await idle()
    # Nothing had to be waited for.
    assert (server.asked.get_nowait()).prompt == NEAR_THERE
    await second.overtaken()


async def test_a_server_that_goes_on_behind_the_line_is_hung_up_on(
    lane: Lane, server: ScriptedServer
) -> None:
    server.ends_lines = False
    asking = await answered(lane, server, REQUEST)
    assert not asking.is_closed
    second = Call(lane, replace(REQUEST, tokens=NEAR_THERE))
    assert (await soon(server.asked.get())).prompt == NEAR_THERE
    assert asking.is_closed
    await second.overtaken()


async def test_who_wants_more_than_a_line_says_so(lane: Lane, server: ScriptedServer) -> None:
    call = Call(lane, replace(REQUEST, stop=StopRule(2)))
    assert not (await soon(server.asked.get())).is_line
    await call.overtaken()


async def test_of_several_keys_only_the_last_is_asked(lane: Lane, server: ScriptedServer) -> None:
    calls = [Call(lane, REQUEST)]
    asking = await soon(server.asked.get())
    for token in (70, 71, 72):
        await calls[-1].overtaken()
        calls.append(Call(lane, replace(REQUEST, tokens=(*HERE, token))))
        await idle()
    asking.puts(" other", 90)
    last = await soon(server.asked.get())
    assert last.prompt == (*HERE, 72)
    last.puts("y\n")
    assert await calls[-1].text() == "y"
    assert server.asked.empty()


async def test_somebody_who_types_no_more_frees_the_server(
    lane: Lane, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "_LINGER_S", 0.0)
    call = Call(lane, REQUEST)
    asking = await soon(server.asked.get())
    await call.overtaken()
    for _ in range(1000):
        if asking.is_closed:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it goes on")


async def test_a_word_that_got_shorter_is_asked_anew(lane: Lane, server: ScriptedServer) -> None:
    first = Call(lane, replace(REQUEST, required=b" ret"))
    asking = await soon(server.asked.get())
    asking.puts(" return\n")
    assert await first.text() == "urn"
    second = Call(lane, replace(REQUEST, required=b" re"))
    following = await soon(server.asked.get())
    following.puts(" read\n")
    assert await second.text() == "ad"


async def test_what_is_wanted_beyond_what_was_written_goes_on_from_there(
    lane: Lane, server: ScriptedServer
) -> None:
    call = Call(lane, replace(REQUEST, required=b" re"))
    asking = await soon(server.asked.get())
    asking.puts(" return", 90)
    asking.puts("\n", 91)
    assert await call.text() == "turn"
    ahead = Call(lane, replace(REQUEST, required=b" re", stop=StopRule(100), max_tokens=40))
    following = await soon(server.asked.get())
    assert (following.prompt, following.required) == ((*HERE, 90, 91), "")
    following.puts("b = 1", 92)
    following.ends()
    assert await ahead.text() == "turn\nb = 1"


async def test_what_was_written_is_not_gone_on_with_where_the_server_has_lost_it(
    lane: Lane, server: ScriptedServer
) -> None:
    await answered(lane, server, REQUEST)
    there = Call(lane, replace(REQUEST, tokens=THERE))
    (await soon(server.asked.get())).puts("y\n", n_evaluated=1000, prompt_s=1.0)
    assert await there.text() == "y"
    block = replace(REQUEST, stop=StopRule(100), cheaper=(NEAR_THERE,), prompt_budget_s=0.25)
    call = Call(lane, block)
    assert (await soon(server.asked.get())).prompt == NEAR_THERE
    await call.overtaken()


async def test_what_was_typed_beyond_what_was_written_is_asked_for(
    lane: Lane, server: ScriptedServer
) -> None:
    await answered(lane, server, REQUEST)
    call = Call(lane, replace(REQUEST, tokens=(*HERE, 90, 91, 92)))
    asking = await soon(server.asked.get())
    assert asking.prompt == (*HERE, 90, 91, 92)
    asking.puts("y\n")
    assert await call.text() == "y"


async def test_where_not_all_tokens_are_known_it_is_asked_from_the_beginning(
    lane: Lane, server: ScriptedServer
) -> None:
    call = Call(lane, REQUEST)
    asking = await soon(server.asked.get())
    asking.puts("é", 90)
    asking.puts("\n", 91)
    assert await call.text() == "é"
    ahead = Call(lane, replace(REQUEST, stop=StopRule(100)))
    assert (await soon(server.asked.get())).prompt == HERE
    await ahead.overtaken()


async def test_the_cheaper_prompt_is_asked_where_the_wanted_one_takes_too_long(
    lane: Lane, server: ScriptedServer
) -> None:
    await answered(lane, server, REQUEST)
    jump = replace(REQUEST, tokens=THERE, cheaper=(NEAR_THERE,), prompt_budget_s=0.25)
    call = Call(lane, jump)
    asking = await soon(server.asked.get())
    assert asking.prompt == NEAR_THERE
    asking.puts("y\n")
    assert await call.text() == "y"
    assert call.asked.reading.choice == 1
    back = Call(lane, replace(REQUEST, tokens=(*HERE, 70), cheaper=(HERE[-50:],)))
    assert (await soon(server.asked.get())).prompt == (*HERE, 70)
    await back.overtaken()


async def test_once_the_wanted_prompt_is_read_it_is_asked_again(
    lane: Lane, server: ScriptedServer, clock: Clock
) -> None:
    jump = replace(REQUEST, tokens=THERE, cheaper=(NEAR_THERE,), prompt_budget_s=0.25)
    call = Call(lane, jump)
    (await soon(server.asked.get())).puts("y\n")
    assert await call.text() == "y"
    clock.now_s += lanes._REST_S
    prepared = Call(lane, replace(PREPARE, tokens=THERE))
    (await soon(server.asked.get())).ends("limit")
    await prepared.text()
    call = Call(lane, jump)
    asking = await soon(server.asked.get())
    assert asking.prompt == THERE
    asking.puts("z\n")
    assert await call.text() == "z"


async def test_a_fast_server_is_asked_for_what_is_wanted(
    lane: Lane, server: ScriptedServer
) -> None:
    call = Call(lane, REQUEST)
    asking = await soon(server.asked.get())
    asking.puts("x", n_evaluated=1000, prompt_s=0.01)
    asking.puts("\n")
    await call.text()
    call = Call(lane, replace(REQUEST, tokens=THERE, cheaper=(NEAR_THERE,), prompt_budget_s=0.25))
    assert (await soon(server.asked.get())).prompt == THERE
    await call.overtaken()


async def test_a_server_that_forgot_is_not_taken_to_hold_anything_else(
    lane: Lane, server: ScriptedServer
) -> None:
    await answered(lane, server, replace(REQUEST, tokens=THERE))
    await answered(lane, server, REQUEST)
    call = Call(lane, replace(REQUEST, tokens=(*HERE, 70)))
    asking = await soon(server.asked.get())
    asking.puts("x", n_evaluated=900, prompt_s=0.9)
    asking.puts("\n")
    await call.text()
    back = replace(REQUEST, tokens=(*THERE, 70), cheaper=(NEAR_THERE,), prompt_budget_s=0.25)
    call = Call(lane, back)
    assert (await soon(server.asked.get())).prompt == NEAR_THERE
    await call.overtaken()


JUMP_BACK = replace(REQUEST, tokens=(*HERE, 70), cheaper=(NEAR_THERE,), prompt_budget_s=0.25)


async def test_a_prompt_that_turns_out_to_be_forgotten_is_not_read_while_somebody_waits(
    lane: Lane, server: ScriptedServer, clock: Clock
) -> None:
    await answered(lane, server, REQUEST)
    clock.now_s += lanes._AT_WORK_S
    call = Call(lane, JUMP_BACK)
    asking = await soon(server.asked.get())
    assert asking.prompt == (*HERE, 70)
    asking.reads(1)
    following = await soon(server.asked.get())
    assert asking.is_closed
    assert following.prompt == NEAR_THERE
    following.puts("y\n")
    assert await call.text() == "y"
    assert call.asked.reading.choice == 1


async def test_a_prompt_that_is_forgotten_is_read_where_nothing_is_cheaper(
    lane: Lane, server: ScriptedServer, clock: Clock
) -> None:
    await answered(lane, server, REQUEST)
    clock.now_s += lanes._AT_WORK_S
    call = Call(lane, replace(REQUEST, tokens=(*HERE, 70)))
    asking = await soon(server.asked.get())
    asking.reads(1)
    await idle()
    asking.reads(513)
    asking.puts("y\n", n_evaluated=1000)
    assert await call.text() == "y"
    assert not asking.pieces.qsize()
    assert server.asked.empty()


@pytest.mark.usefixtures("endless")
async def test_a_server_that_is_still_at_the_prompt_is_asked_again_and_no_third_time(
    lane: Lane, server: ScriptedServer
) -> None:
    await answered(lane, server, REQUEST)
    call = Call(lane, JUMP_BACK)
    prompts = []
    for _ in range(2):
        asking = await soon(server.asked.get())
        prompts.append(asking.prompt)
        asking.reads(1)
    prompts.append((await soon(server.asked.get())).prompt)
    assert prompts == [(*HERE, 70), (*HERE, 70), NEAR_THERE]
    await call.overtaken()


@pytest.mark.usefixtures("endless")
async def test_a_server_that_is_asked_again_goes_on_where_it_was(
    lane: Lane, server: ScriptedServer
) -> None:
    await answered(lane, server, REQUEST)
    call = Call(lane, JUMP_BACK)
    (await soon(server.asked.get())).reads(1)
    again = await soon(server.asked.get())
    again.reads(1000)
    again.puts("y\n", n_evaluated=1)
    assert await call.text() == "y"
    assert call.asked.reading.choice == 0
    back = Call(lane, replace(JUMP_BACK, tokens=(*HERE, 70, 71)))
    assert (await soon(server.asked.get())).prompt == (*HERE, 70, 71)
    await back.overtaken()


async def test_nothing_is_written_ahead_behind_a_prompt_that_is_forgotten(
    lane: Lane, server: ScriptedServer, clock: Clock
) -> None:
    await answered(lane, server, REQUEST)
    clock.now_s += lanes._AT_WORK_S
    ahead = replace(REQUEST, tokens=(*HERE, 70), priority=Priority.BACKGROUND)
    call = Call(lane, ahead)
    asking = await soon(server.asked.get())
    asking.reads(1)
    with pytest.raises(Preempted):
        await call.text()
    assert asking.is_closed
    prepare = Call(lane, replace(PREPARE, tokens=(*HERE, 70)))
    assert (await soon(server.asked.get())).prompt == (*HERE, 70)
    await prepare.overtaken()


async def test_who_is_overtaken_frees_a_server_that_reads_what_was_forgotten(
    lane: Lane, server: ScriptedServer, clock: Clock
) -> None:
    await answered(lane, server, REQUEST)
    clock.now_s += lanes._AT_WORK_S
    first = Call(lane, JUMP_BACK)
    asking = await soon(server.asked.get())
    await first.overtaken()
    second = Call(lane, replace(JUMP_BACK, tokens=(*HERE, 71)))
    await idle()
    asking.reads(1)
    following = await soon(server.asked.get())
    assert asking.is_closed
    following.reads(1)
    assert (await soon(server.asked.get())).prompt == NEAR_THERE
    await second.overtaken()


async def test_prompts_are_prepared_when_the_hands_rest(
    lane: Lane, server: ScriptedServer, clock: Clock
) -> None:
    await answered(lane, server, REQUEST)
    prepare = replace(PREPARE, tokens=THERE)
    with pytest.raises(Preempted):
        await Call(lane, prepare).text()
    clock.now_s += lanes._REST_S
    call = Call(lane, prepare)
    asking = await soon(server.asked.get())
    assert (asking.prompt, asking.n_tokens) == (THERE, 0)
    asking.ends("limit")
    assert await call.text() == ""


async def test_a_server_that_let_somebody_wait_reads_nothing_long_ahead_for_a_minute(
    lane: Lane, server: ScriptedServer, clock: Clock
) -> None:
    call = Call(lane, REQUEST)
    asking = await soon(server.asked.get())
    clock.now_s += 1.0
    asking.puts("x\n", prompt_s=0.1)
    assert await call.text() == "x"
    clock.now_s += 30.0
    prepare = replace(PREPARE, tokens=THERE)
    with pytest.raises(Preempted):
        await Call(lane, prepare).text()
    clock.now_s += 31.0
    later = Call(lane, prepare)
    assert (await soon(server.asked.get())).prompt == THERE
    await later.overtaken()


async def test_a_server_that_let_somebody_wait_is_shared_for_ten_minutes(
    lane: Lane, server: ScriptedServer, clock: Clock
) -> None:
    await answered(lane, server, REQUEST)
    assert not lane.is_shared
    call = Call(lane, replace(REQUEST, tokens=THERE))
    asking = await soon(server.asked.get())
    clock.now_s += 1.0
    asking.puts("x\n", prompt_s=0.1)
    assert await call.text() == "x"
    clock.now_s += 599.0
    assert lane.is_shared
    clock.now_s += 2.0
    assert not lane.is_shared


async def test_nothing_is_written_ahead_behind_a_prompt_that_is_not_read(
    lane: Lane, server: ScriptedServer, clock: Clock
) -> None:
    await answered(lane, server, REQUEST)
    clock.now_s += lanes._REST_S
    ahead = replace(REQUEST, tokens=THERE, priority=Priority.BACKGROUND)
    with pytest.raises(Preempted):
        await Call(lane, ahead).text()
    near = replace(ahead, tokens=(*HERE, 70))
    call = Call(lane, near)
    assert (await soon(server.asked.get())).prompt == (*HERE, 70)
    await call.overtaken()


async def test_somebody_who_comes_ends_what_is_prepared_behind_a_batch(
    lane: Lane, server: ScriptedServer, clock: Clock
) -> None:
    background = Call(lane, PREPARE)
    asking = await soon(server.asked.get())
    call = Call(lane, replace(REQUEST, tokens=NEAR_THERE))
    await idle()
    assert not asking.is_closed
    asking.reads(512)
    following = await soon(server.asked.get())
    assert asking.is_closed
    with pytest.raises(Preempted):
        await background.text()
    following.puts("y\n")
    assert await call.text() == "y"
    # The part that was read counts.
    here = replace(REQUEST, cheaper=(HERE[-300:],), prompt_budget_s=1.8)
    call = Call(lane, here)
    assert (await soon(server.asked.get())).prompt == HERE
    await call.overtaken()


async def test_a_busy_server_is_asked_for_less(
    lane: Lane, server: ScriptedServer, clock: Clock
) -> None:
    call = Call(lane, REQUEST)
    asking = await soon(server.asked.get())
    clock.now_s += 2.0
    asking.puts("x", n_evaluated=1000, prompt_s=0.1)
    asking.puts("\n")
    await call.text()
    clock.now_s += 1.0
    with pytest.raises(Preempted):
        await Call(lane, replace(PREPARE, tokens=THERE)).text()
    jump = replace(REQUEST, tokens=THERE, cheaper=(NEAR_THERE,), prompt_budget_s=0.25)
    call = Call(lane, jump)
    assert (await soon(server.asked.get())).prompt == NEAR_THERE
    await call.overtaken()


async def test_a_server_that_turned_us_away_is_left_alone_for_a_moment(
    lane: Lane, server: ScriptedServer, clock: Clock
) -> None:
    call = Call(lane, REQUEST)
    asking = await soon(server.asked.get())
    busy = ServerError("has too much to do (429)", is_away=False, status=429, pause_s=7.0)
    asking.fails(busy)
    with pytest.raises(ServerError):
        await call.text()
    clock.now_s += 6.9
    with pytest.raises(ServerError, match="too much to do"):
        await Call(lane, REQUEST).text()
    assert server.asked.empty()
    clock.now_s += 0.2
    assert await answered(lane, server, REQUEST)


async def test_who_waits_for_a_server_that_is_given_up_is_told(
    lane: Lane, server: ScriptedServer
) -> None:
    call = Call(lane, REQUEST)
    await soon(server.asked.get())
    lane.forget()
    with pytest.raises(ServerError, match="not there any more"):
        await call.text()
