"""One user over the limit leaves another as they are: what reaches the engine, counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.deploy.conftest import in_front_of
from tests.deploy.flood import ENDLESS, MARK, flooding, is_locked_out
from tests.deploy.gateway import KEYS, Gateway, until

pytestmark = pytest.mark.gateway

SHORT = {"prompt": [600, 601, 602], "n_predict": 2}
N_SUGGESTIONS = 20


@pytest.fixture
def strict_gateway(engine_port: int) -> Iterator[Gateway]:
    """One where half a second of the engine is all that a user may be ahead."""
    changes = {"js_var $share_ahead 10;": "js_var $share_ahead 0.5;"}
    with in_front_of(engine_port, changes=changes) as gateway:
        yield gateway


def use_up(gateway: Gateway) -> None:
    """Have the engine write for Alice until she is turned away."""
    endless = {"prompt": [600, 601], "n_predict": 512, **ENDLESS}
    until(lambda: gateway.ask("/completion", endless).status == 429, "the end of a user's share")


def test_a_share_that_is_used_up_comes_back_with_time(strict_gateway: Gateway) -> None:
    use_up(strict_gateway)
    refused = strict_gateway.ask("/completion", SHORT)
    assert (refused.status, refused.reason) == (429, "limit")
    wait_s = int(refused.headers["Retry-After"])
    assert wait_s >= 1
    # Nobody else has less, and whether the engine is there may be asked all the time.
    assert strict_gateway.ask("/completion", SHORT, key=KEYS["bob"]).status == 200
    assert strict_gateway.ask("/health").status == 200
    strict_gateway.recorder.requests()
    # Time itself is what is waited for: asking for it would cost.
    threading.Event().wait(wait_s)
    assert strict_gateway.ask("/completion", SHORT).status == 200


def test_who_does_not_wait_waits_longer_but_not_for_ever(strict_gateway: Gateway) -> None:
    use_up(strict_gateway)
    strict_gateway.recorder.requests()
    waits = [0]
    while waits[-1] < 20 and len(waits) < 200:
        answer = strict_gateway.ask("/tokenize", {"content": "x"})
        assert answer.status == 429
        waits.append(int(answer.headers["Retry-After"]))
    assert strict_gateway.recorder.requests() == b""
    assert waits[-1] == 20
    for _ in range(10):
        answer = strict_gateway.ask("/tokenize", {"content": "x"})
        assert 18 <= int(answer.headers["Retry-After"]) <= 20


def test_a_flood_reaches_the_engine_for_seconds_and_nobody_notices_afterwards(
    gateway: Gateway,
) -> None:
    certificate = gateway.folder / "secrets" / "tls.crt"
    with flooding(gateway.port, certificate, KEYS["bob"], n_prompt=100) as flood:
        until(lambda: is_locked_out(gateway, "bob"), "the refusal of all that the flood asks", 90)
        onset = gateway.recorder.requests()
        n_refused = bob(gateway).count(429)
        for _ in range(N_SUGGESTIONS):
            assert gateway.ask("/tokenize", {"content": "x"}).status == 200
            assert gateway.ask("/completion", SHORT).status == 200
        until(lambda: bob(gateway).count(429) > n_refused + 50, "more of the flood")
        later = gateway.recorder.requests()
    floods = f'"prompt":[{MARK},'.encode()
    assert onset.count(floods) > 0
    assert later.count(floods) == 0
    assert later.count(b"POST /completion ") == N_SUGGESTIONS
    assert later.count(b"POST /tokenize ") == N_SUGGESTIONS
    assert flood.statuses()[429] > 50
    assert set(flood.statuses()) <= {0, 200, 400, 429}


def bob(gateway: Gateway) -> list[int]:
    return [line["status"] for line in gateway.log() if line["user"] == "bob"]
