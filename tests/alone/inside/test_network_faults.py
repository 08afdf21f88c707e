"""Names that nobody knows, a resolver that says nothing, a cable that is pulled."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.support.fake_llama_server import FakeLlamaServer
from tests.support.own_network import NAME, NameServer, OwnNetwork
from tests.support.team_session import COMMAND, Client, Fault, Session, check

pytestmark = [pytest.mark.alone, pytest.mark.timeout(300)]

END_S = 3.0


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(COMMAND) as client:
        yield client
        started_s = time.monotonic()
        assert client.shut_down() == 0
        assert time.monotonic() - started_s < END_S


@pytest.mark.parametrize("mode", ["unknown", "silent"])
def test_a_name_that_leads_nowhere(
    names: NameServer, team: FakeLlamaServer, client: Client, mode: str
) -> None:
    def turn(mode: str) -> None:
        names.mode = mode

    session = Session(client)
    fault = Fault(f"name server {mode}", lambda: turn(mode), lambda: turn("answers"))
    url = f"https://{NAME}:{team.port}"
    check(session.suffer_from_the_start(fault, endpoint=url))


def test_a_resolver_that_keeps_still_does_not_hold_the_end(
    names: NameServer, team: FakeLlamaServer
) -> None:
    names.mode = "silent"
    with Client(COMMAND) as client:
        Session(client).begin(endpoint=f"https://{NAME}:{team.port}")
        Session(client).key()
        started_s = time.monotonic()
        assert client.shut_down() == 0
        assert time.monotonic() - started_s < END_S
    names.mode = "answers"


def test_a_cable_that_is_pulled(network: OwnNetwork, team: FakeLlamaServer, client: Client) -> None:
    session = Session(client)
    session.begin(endpoint=team.url)
    check(session.suffer(Fault("network gone", network.down, network.up)))
