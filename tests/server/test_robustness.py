"""No bytes on the input make the server hang, end, or show a traceback."""

from __future__ import annotations

import json
import os
import random
from typing import Any

import pytest

from tests.support.lsp_client import Client, at, frame, notification, request

pytestmark = pytest.mark.server

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
NOT_INITIALIZED = -32002
CANCELLED = -32800

NOISE = random.Random(1).randbytes(100_000)


def assert_alive(client: Client) -> None:
    assert "requests" in client.stats()


def assert_quiet_end(client: Client) -> None:
    assert client.shut_down() == 0
    assert "Traceback" not in client.stderr


@pytest.mark.parametrize(
    "noise",
    [
        NOISE,
        b"garbage without an end",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\n\n\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: many\r\n\r\n{}",
        b"Content-Length: 99999999999\r\n\r\n{}",
        b"Content-Length: 999999999999999999999999\r\n\r\n{}",
        b"Content-Length: 10\r\n\r\n",
        b"content-type: x\r\n",
        notification("no/suchThing", {"a": 1}),
        notification("$/optional"),
        notification("textDocument/didOpen", {"textDocument": 5}),
        notification("textDocument/didOpen", [1, 2]),
        notification("textDocument/didChange", {}),
        notification("textDocument/inlineCompletion", at("file:///a", 0, 0)),
        notification("$/cancelRequest", {"id": 4711}),
        notification("$/cancelRequest", {"id": [1]}),
        notification("$/setTrace", {"value": "verbose"}),
        notification("workspace/didChangeWorkspaceFolders", {"event": None}),
        frame({"jsonrpc": "2.0", "id": "unknown", "result": 5}),
        frame({"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": "x"}}),
    ],
    ids=lambda noise: repr(noise[:40]),
)
def test_noise_is_skipped(shared: Client, noise: bytes) -> None:
    shared.send(noise)
    assert_alive(shared)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", PARSE_ERROR),
        (b"{", PARSE_ERROR),
        (b'{"jsonrpc": "2.0", "method": "\xff\xfe"}', PARSE_ERROR),
        (b"[" * 200_000, PARSE_ERROR),
        (b'{"a":' * 200_000, PARSE_ERROR),
        (b"\x00" * 100, PARSE_ERROR),
        (b"[]", INVALID_REQUEST),
        (b"42", INVALID_REQUEST),
        (b"{}", INVALID_REQUEST),
        (b'{"jsonrpc": "2.0"}', INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": 1.5, "method": "shutdown"}', INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": null, "method": "shutdown"}', INVALID_REQUEST),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_message_without_a_known_id_is_refused(shared: Client, body: bytes, code: int) -> None:
    shared.send(frame(body))
    assert shared.inbox.wait_for(id=None)["error"]["code"] == code
    assert_alive(shared)


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("no/suchMethod", {}, METHOD_NOT_FOUND),
        ("\ud800", {}, METHOD_NOT_FOUND),
        ("x" * 100_000, None, METHOD_NOT_FOUND),
        ("textDocument/didOpen", {}, METHOD_NOT_FOUND),
        ("textDocument/hover", {}, METHOD_NOT_FOUND),
        ("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, INVALID_REQUEST),
        ("textDocument/inlineCompletion", None, INVALID_PARAMS),
        ("textDocument/inlineCompletion", [], INVALID_PARAMS),
        ("textDocument/inlineCompletion", "x", INVALID_PARAMS),
        ("textDocument/inlineCompletion", {"position": {"line": -1}}, INVALID_PARAMS),
        ("textDocument/inlineCompletion", at("file:///a", -1, 0), INVALID_PARAMS),
        ("workspace/executeCommand", {"command": "rm"}, INVALID_PARAMS),
        ("workspace/executeCommand", {"command": 5}, INVALID_PARAMS),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_request_that_is_wrong_is_refused(
    shared: Client, method: str, params: Any, code: int
) -> None:
    assert shared.ask(method, params)["error"]["code"] == code
    assert_alive(shared)


def test_deep_parameters_do_not_exhaust_the_stack(shared: Client) -> None:
    for depth in (200, 900, 5000):
        body = '{"jsonrpc": "2.0", "id": "deep", "method": "initialize", "params": '
        shared.send(frame((body + '{"a":' * depth + "1" + "}" * depth + "}").encode()))
        body = '{"jsonrpc": "2.0", "method": "workspace/didChangeConfiguration", "params": '
        shared.send(frame((body + '{"settings":' * depth + "1" + "}" * depth + "}").encode()))
        assert_alive(shared)


def test_headers_come_in_many_forms(shared: Client) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": "h", "method": "x"}).encode()
    for header in (
        b"CONTENT-LENGTH:%d\n\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length: %d\r\n\r\n",
        b"Content-Length: %d\r\nX: y\r\n\r\n",
    ):
        shared.send(header % len(body) + body)
        assert shared.inbox.wait_for(id="h")["error"]["code"] == METHOD_NOT_FOUND


def test_a_message_may_come_byte_by_byte(shared: Client) -> None:
    for byte in request("slow", "x"):
        shared.send(bytes([byte]))
    assert shared.inbox.wait_for(id="slow")["error"]["code"] == METHOD_NOT_FOUND


def test_a_line_of_50_mb_is_skipped(client: Client) -> None:
    for _ in range(50):
        client.send(b"x" * 1_000_000)
    client.send(b"\n")
    assert_alive(client)
    assert_quiet_end(client)


def test_a_document_line_of_50_mb_is_held(client: Client) -> None:
    client.open("file:///big.txt", "x" * 50_000_000)
    assert client.complete("file:///big.txt", 0, 49_999_999) is None
    client.close("file:///big.txt")
    assert client.stats()["open_documents"] == 0
    assert_quiet_end(client)


def test_a_lone_surrogate_is_replaced_on_the_way_in(shared: Client) -> None:
    shared.open("file:///\ud800.py", "x = '\ud800'\nSNAPSHOT")
    snapshot = shared.snapshot("file:///\ud800.py", 1, 8)
    assert snapshot["before"] == "x = '\ufffd'\nSNAPSHOT"
    assert snapshot["uri"] == "file:///\ud800.py"
    shared.close("file:///\ud800.py")


def test_a_lone_surrogate_can_be_written(shared: Client) -> None:
    shared.open("file:///s.py", "SURROGATE")
    assert shared.complete("file:///s.py", 0, 9)["items"][0]["insertText"] == "\ud800"
    shared.close("file:///s.py")


def test_a_header_without_a_body_loses_no_message(client: Client) -> None:
    client.send(b"Content-Length: 500\r\n\r\n")
    assert_alive(client)
    assert_quiet_end(client)


@pytest.mark.parametrize(
    "rest", [b"Content-Length: 50\r\n\r\n", b"Content-Length: 50\r\n\r\n{", b"x"]
)
def test_the_end_of_the_input_inside_a_message_ends_the_server(client: Client, rest: bytes) -> None:
    client.send(rest)
    client.close_input()
    assert client.wait() == 1
    assert "Traceback" not in client.stderr


def test_requests_before_initialize_are_refused(fresh: Client) -> None:
    fresh.open("file:///a.py", "SNAPSHOT")
    assert fresh.ask("shutdown")["error"]["code"] == NOT_INITIALIZED
    assert fresh.ask("no/suchMethod")["error"]["code"] == NOT_INITIALIZED
    assert fresh.ask("initialize", {"capabilities": 5})["error"]["code"] == INVALID_PARAMS
    fresh.initialize()
    assert fresh.complete("file:///a.py", 0, 8) is None


def test_requests_after_shutdown_are_refused(client: Client) -> None:
    assert client.ask("shutdown", {})["result"] is None
    assert client.ask("shutdown")["error"]["code"] == INVALID_REQUEST
    reply = client.ask("textDocument/inlineCompletion", at("file:///a.py", 0, 0))
    assert reply["error"]["code"] == INVALID_REQUEST
    client.notify("exit")
    assert client.wait() == 0


def test_an_id_under_way_cannot_be_used_again(shared: Client) -> None:
    shared.open("file:///h.py", "HANG")
    hanging = request("twice", "textDocument/inlineCompletion", at("file:///h.py", 0, 4))
    shared.send(hanging + hanging)
    assert shared.inbox.wait_for(id="twice")["error"]["code"] == INVALID_REQUEST
    shared.notify("$/cancelRequest", {"id": "twice"})
    assert shared.inbox.wait_for(id="twice")["error"]["code"] == CANCELLED
    shared.close("file:///h.py")


def test_a_response_cannot_answer_a_request_of_the_client(shared: Client) -> None:
    shared.open("file:///h.py", "HANG")
    started = shared.start("textDocument/inlineCompletion", at("file:///h.py", 0, 4))
    shared.send(frame({"jsonrpc": "2.0", "id": started, "result": {"items": []}}))
    assert_alive(shared)
    shared.notify("$/cancelRequest", {"id": started})
    assert shared.inbox.wait_for(id=started)["error"]["code"] == CANCELLED
    shared.close("file:///h.py")


def test_a_failure_is_a_null_reply_and_one_line_without_source(client: Client) -> None:
    client.open("file:///secret.py", "my_secret = RAISE")
    assert client.complete("file:///secret.py", 0, 17) is None
    assert client.stats()["empty"] == {"failed": 1}
    assert_quiet_end(client)
    lines = [line for line in client.stderr.splitlines() if "failed" in line]
    assert lines == ["sc2-lsp: ERROR: Request 2 failed. (RuntimeError)"]
    assert "my_secret" not in client.stderr


def test_noise_does_not_fill_the_log(client: Client) -> None:
    for _ in range(200):
        client.send(os.urandom(1000).replace(b":", b".") + b"\n")
    assert_alive(client)
    assert_quiet_end(client)
    assert client.stderr.count("Skipped input") == 1


def test_a_client_that_reads_nothing_does_not_stop_the_server(client: Client) -> None:
    """More replies than a pipe holds are waiting, and the input is still taken."""
    client.inbox.pause()
    try:
        for _ in range(3000):
            client.start("no/suchMethod")
    finally:
        client.inbox.resume()
    assert_alive(client)
