"""Whatever the team's server does, a key is answered, by this machine if need be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import team_faults
from tests.support.fake_llama_server import AUTHORITY, CERTIFICATES, FakeLlamaServer, numbered
from tests.support.team_session import Session, check, session

pytestmark = [pytest.mark.server, pytest.mark.slow]


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
    # Nothing fails, but what it has read it does not hold any more.
    figures = typing.suffer(team_faults.swap(server))
    check(figures)
    (told,) = figures.messages
    assert "which is no StarCoder2 model" in told


@pytest.mark.parametrize("number", range(4))
def test_a_certificate_that_nobody_should_believe(number: int) -> None:
    good = CERTIFICATES / "good.pem"
    server = FakeLlamaServer(answer=numbered, has_tls=True, certificate=good)
    server.start()
    try:
        fault = team_faults.certificates(server)[number]
        with session(server.url, endpoint_authority=str(AUTHORITY)) as typing:
            figures = typing.suffer(fault)
    finally:
        server.stop()
    check(figures)
    (told,) = figures.messages
    assert "CERTIFICATE_VERIFY_FAILED" in told


@pytest.mark.parametrize("number", range(2))
def test_one_that_answers_questions_and_writes_nothing(
    server: FakeLlamaServer, typing: Session, number: int
) -> None:
    # It might be reading a long prompt, so that what it was asked goes on.
    check(typing.suffer(team_faults.stalls(server)[number]))
