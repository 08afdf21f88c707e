from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from sc2_lsp.engine.remote.racing import Step, first_reached

SILENT, REFUSING, GOOD, OTHER = "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"
PATIENCE_S = 20.0


class Unreachable(Exception):
    pass


class Net:
    """Addresses that do as their names say; those in `waiting` answer nothing once connected."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.late: list[str] = []
        self.sent: list[str] = []
        self.broken: dict[str, Exception] = {}
        self.is_used_again = False
        self.may_go = asyncio.Event()
        self.may_go.set()
        self.n_out = 0

    async def ask(self, address: str, told: Callable[[Step], None]) -> str:
        self.tried.append(address)
        self.n_out += 1
        try:
            # As one that waits for a connection of this client's to be free.
            await self.may_go.wait()
            if not self.is_used_again:
                told(Step.CONNECTING)
                await asyncio.sleep(0)
            if address == SILENT:
                await asyncio.Event().wait()
            if address == REFUSING:
                raise Unreachable(address)
            told(Step.CONNECTED)
            await asyncio.sleep(0)
            if address in self.broken:
                raise self.broken[address]
            self.sent.append(address)
            return f"from {address}"
        finally:
            self.n_out -= 1

    async def reach(self, *addresses: str) -> tuple[str, str]:
        reaching = first_reached(addresses, self.ask, (Unreachable,), self.late.append)
        return await asyncio.wait_for(reaching, PATIENCE_S)


@pytest.fixture
async def net() -> Net:
    return Net()


@pytest.mark.parametrize("is_used_again", [False, True])
async def test_one_that_connects_is_asked_alone(net: Net, is_used_again: bool) -> None:
    net.is_used_again = is_used_again
    assert await net.reach(GOOD, OTHER) == (GOOD, f"from {GOOD}")
    assert (net.tried, net.late) == ([GOOD], [])


async def test_beside_those_that_keep_still_the_next_is_tried(net: Net) -> None:
    assert await net.reach(SILENT, SILENT, GOOD, OTHER) == (GOOD, f"from {GOOD}")
    assert net.tried == [SILENT, SILENT, GOOD]
    assert net.late == [SILENT, SILENT]
    assert net.n_out == 0


async def test_one_that_refuses_is_followed_at_once(net: Net) -> None:
    assert await net.reach(REFUSING, GOOD) == (GOOD, f"from {GOOD}")
    assert net.late == [REFUSING]


async def test_where_none_can_be_reached_that_is_said(net: Net) -> None:
    with pytest.raises(Unreachable, match=REFUSING):
        await net.reach(REFUSING, REFUSING)
    assert net.tried == [REFUSING, REFUSING]


async def test_one_that_fails_behind_the_connection_gives_way_to_those_let_go(net: Net) -> None:
    # As a certificate that is wrong.
    net.broken = {GOOD: Unreachable(GOOD)}
    assert await net.reach(GOOD, OTHER) == (OTHER, f"from {OTHER}")
    assert net.sent == [OTHER]


async def test_an_answer_that_breaks_off_is_not_asked_for_elsewhere(net: Net) -> None:
    net.broken = {GOOD: ValueError("broke off")}
    with pytest.raises(ValueError, match="broke off"):
        await net.reach(GOOD, OTHER)
    assert net.tried == [GOOD]


async def test_who_waits_for_a_connection_of_this_client_does_not_race(net: Net) -> None:
    net.may_go.clear()
    reaching = asyncio.ensure_future(net.reach(GOOD, OTHER))
    for _ in range(20):
        await asyncio.sleep(0)
    net.may_go.set()
    assert await reaching == (GOOD, f"from {GOOD}")
    assert net.tried == [GOOD]


async def test_who_is_called_off_leaves_nothing_behind(net: Net) -> None:
    reaching = asyncio.ensure_future(net.reach(SILENT, SILENT))
    while len(net.tried) < 2:  # noqa: ASYNC110  it ends with the test's patience
        await asyncio.sleep(0.01)
    reaching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reaching
    assert net.n_out == 0
    assert net.late[0] == SILENT
