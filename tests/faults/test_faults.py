"""Whatever the team's server does, a key is answered, by this machine if need be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sc2_lsp.engine.remote.remote import _SURE_S
from tests.support import team_faults
from tests.support.fake_llama_server import FakeLlamaServer, numbered
from tests.support.team_session import FALLBACK_S, Session, check, session

pytestmark = [pytest.mark.server]


@pytest.fixture(scope="module")
def server() -> Iterator[FakeLlamaServer]:
    server = FakeLlamaServer(answer=numbered)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def typing(server: FakeLlamaServer) -> Iterator[Session]:
    with session(server.url) as running:
        yield running


NAMES = [fault.name for fault in team_faults.behaviours(FakeLlamaServer())]


@pytest.mark.parametrize("name", NAMES)
def test_every_key_is_answered(server: FakeLlamaServer, typing: Session, name: str) -> None:
    (fault,) = [fault for fault in team_faults.behaviours(server) if fault.name == name]
    check(typing.suffer(fault))


def test_another_model_behind_the_address_is_noticed(
    server: FakeLlamaServer, typing: Session
) -> None:
    # Nothing fails, so that it shows when the server is asked who it is the next time.
    figures = typing.suffer(team_faults.swap(server))
    check(figures, fallback_s=_SURE_S + FALLBACK_S)
    (told,) = figures.messages
    assert "which is no StarCoder2 model" in told
