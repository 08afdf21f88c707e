"""Settings reach the server in every way that LSP knows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.lsp_client import Client, frame

pytestmark = pytest.mark.server

A, E = "file:///r/a.py", "file:///r/e.py"
CAN_PULL = {"workspace": {"configuration": True}}


def opened(client: Client, options: Any = None, **params: Any) -> Client:
    client.initialize(options, **params)
    client.open(A, "SNAPSHOT")
    client.open(E, "ENGINE")
    return client


def max_tokens(client: Client) -> int:
    value: int = client.snapshot(A, 0, 8)["max_tokens"]
    return value


def engine(client: Client) -> Any:
    return client.snapshot(E, 0, 6)


def push(client: Client, settings: Any) -> None:
    client.notify("workspace/didChangeConfiguration", {"settings": settings})


@pytest.mark.parametrize(
    "options",
    [{"max_tokens": 33}, {"sc2": {"max_tokens": 33}}, {"sc2-lsp": {"max_tokens": 33}}],
)
def test_initialization_options(fresh: Client, options: Any) -> None:
    assert max_tokens(opened(fresh, options)) == 33


@pytest.mark.parametrize("options", [None, {}, {"sc2": None}, {"max_tokens": None}])
def test_without_options_the_defaults_hold(fresh: Client, options: Any) -> None:
    client = opened(fresh, options)
    assert max_tokens(client) == 96
    assert not client.inbox.messages


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"max_tokens": "many"}, "'sc2.max_tokens' cannot be"),
        ({"max_tokens": -1}, "'sc2.max_tokens' cannot be"),
        ({"sc2": {"no_such": 1}}, "'sc2.no_such' is ignored"),
        ([1, 2], "no object"),
        ("model", "no object"),
    ],
)
def test_what_is_wrong_is_named_in_the_log(fresh: Client, options: Any, complaint: str) -> None:
    client = opened(fresh, options)
    logged = client.inbox.wait_for(method="window/logMessage")
    assert complaint in logged["params"]["message"]
    assert max_tokens(client) == 96
    assert not client.inbox.messages


def test_the_wrong_values_do_not_spoil_the_right_ones(fresh: Client) -> None:
    assert max_tokens(opened(fresh, {"no_such": 1, "max_tokens": 33})) == 33


def test_pushed_settings(fresh: Client) -> None:
    client = opened(fresh, {"max_tokens": 33})
    push(client, {"sc2": {"max_tokens": 44}, "python": {"path": "x"}})
    assert max_tokens(client) == 44
    push(client, {"python": {"path": "x"}})
    push(client, None)
    assert max_tokens(client) == 44


def test_other_weights_are_loaded_once(fresh: Client) -> None:
    client = opened(fresh)
    assert engine(client)["models"] == []
    assert engine(client)["n_warm_ups"] == 1
    push(client, {"sc2": {"model": "/m.gguf"}})
    push(client, {"sc2": {"model": "/m.gguf", "max_tokens": 44}})
    assert engine(client)["models"] == ["/m.gguf"]
    assert engine(client)["n_warm_ups"] == 2
    assert client.stats()["model"] == "m.gguf"


def test_weights_of_the_options_are_loaded_at_first(fresh: Client) -> None:
    client = opened(fresh, {"model": "/m.gguf"})
    assert engine(client)["models"] == ["/m.gguf"]
    assert engine(client)["n_warm_ups"] == 1


def test_settings_are_pulled(fresh: Client) -> None:
    fresh.initialize(capabilities=CAN_PULL)
    asked = fresh.inbox.wait_for(method="workspace/configuration")
    assert asked["params"] == {"items": [{"section": "sc2"}]}
    section = {"max_tokens": 33, "model": "/m.gguf", "n_ctx": None}
    fresh.send(frame({"jsonrpc": "2.0", "id": asked["id"], "result": [section]}))
    fresh.open(A, "SNAPSHOT")
    fresh.open(E, "ENGINE")
    assert max_tokens(fresh) == 33
    assert engine(fresh)["models"] == ["/m.gguf"]
    assert engine(fresh)["n_warm_ups"] == 1

    push(fresh, None)
    asked = fresh.inbox.wait_for(method="workspace/configuration")
    fresh.send(frame({"jsonrpc": "2.0", "id": asked["id"], "result": [{"max_tokens": 44}]}))
    assert max_tokens(fresh) == 44


@pytest.mark.parametrize(
    "answer",
    [
        {"result": [None]},
        {"result": []},
        {"result": None},
        {"result": 5},
        {"result": [5]},
        {"error": {"code": -32601, "message": "no"}},
    ],
)
def test_a_client_that_tells_nothing_leaves_the_defaults(fresh: Client, answer: Any) -> None:
    client = opened(fresh, capabilities=CAN_PULL)
    asked = client.inbox.wait_for(method="workspace/configuration")
    client.send(frame({"jsonrpc": "2.0", "id": asked["id"], **answer}))
    client.send(frame({"jsonrpc": "2.0", "id": asked["id"], **answer}))
    assert max_tokens(client) == 96
    assert engine(client)["n_warm_ups"] == 1
