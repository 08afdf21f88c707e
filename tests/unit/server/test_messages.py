from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.server.messages import (
    INVALID_REQUEST,
    PARSE_ERROR,
    Invalid,
    Notification,
    Request,
    Response,
    parse_message,
)


def parse(**content: Any) -> Any:
    return parse_message(json.dumps({"jsonrpc": "2.0", **content}).encode())


def test_the_four_kinds() -> None:
    assert isinstance(parse(id=1, method="a"), Request)
    assert isinstance(parse(method="a"), Notification)
    assert isinstance(parse(id="x", result=None), Response)
    assert isinstance(parse(id=1), Invalid)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b'{"a": "\xff"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"id": ' + b"9" * 10_000 + b"}",
    ],
)
def test_what_is_no_json_in_utf_8_is_a_parse_error(body: bytes) -> None:
    message = parse_message(body)
    assert isinstance(message, Invalid)
    assert (message.id, message.code) == (None, PARSE_ERROR)


@pytest.mark.parametrize("body", [b"1", b"[]", b'"x"', b"null", b"{}", b'{"jsonrpc": "1.0"}'])
def test_json_that_is_no_message_is_an_invalid_request(body: bytes) -> None:
    message = parse_message(body)
    assert isinstance(message, Invalid)
    assert (message.id, message.code) == (None, INVALID_REQUEST)


@pytest.mark.parametrize("msg_id", [None, True, 1.5, [], {}])
def test_an_id_must_be_a_string_or_an_integer(msg_id: Any) -> None:
    assert parse(id=msg_id, method="a").code == INVALID_REQUEST


def test_an_invalid_request_is_answered_by_its_id() -> None:
    assert parse(id=7, method=3) == Invalid(7, INVALID_REQUEST, "The message has no method.")


@pytest.mark.parametrize("msg_id", [None, 5, [1]])
def test_an_error_is_never_answered_by_an_error(msg_id: Any) -> None:
    assert isinstance(parse(id=msg_id, error={"code": -32700, "message": "?"}), Response)


def test_a_lone_surrogate_is_let_through() -> None:
    message = parse_message(b'{"jsonrpc": "2.0", "method": "\\ud800"}')
    assert isinstance(message, Notification)
    assert message.method == "\ud800"


@given(st.binary())
def test_any_bytes_have_a_kind(body: bytes) -> None:
    parse_message(body)
