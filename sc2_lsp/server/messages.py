"""What kind of JSON-RPC message a body is, and what is wrong with it where it is none.

Total: every byte string gives one of the four kinds. Looks at the envelope alone; `params` and
`result` stay as JSON for whoever knows the method.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

MessageId = int | str

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
NOT_INITIALIZED = -32002
REQUEST_CANCELLED = -32800


@dataclass(frozen=True, slots=True)
class Request:
    """Asks for an answer with the same id. `content` is the whole message as JSON."""

    id: MessageId
    method: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notification:
    """Asks for no answer. `content` is the whole message as JSON."""

    method: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Response:
    """Answers a request of ours; never to be answered. `id` is None where it shows none."""

    id: MessageId | None
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Invalid:
    """Is to be answered with an error; `id` is None where the message shows none."""

    id: MessageId | None
    code: int
    reason: str


Message = Request | Notification | Response | Invalid


def parse_message(body: bytes) -> Message:
    """The message that `body` holds."""
    try:
        content = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError, MemoryError):
        return Invalid(None, PARSE_ERROR, "The message is not JSON in UTF-8.")
    if not isinstance(content, dict):
        return Invalid(None, INVALID_REQUEST, "The message is not a JSON object.")
    given = content.get("id")
    known = given if isinstance(given, int | str) and not isinstance(given, bool) else None
    if content.get("jsonrpc") != "2.0":
        return Invalid(known, INVALID_REQUEST, "The message is not JSON-RPC 2.0.")
    if "method" not in content and ("result" in content or "error" in content):
        return Response(known, content)
    if "id" in content and known is None:
        return Invalid(None, INVALID_REQUEST, "The id is neither a string nor an integer.")
    method = content.get("method")
    if not isinstance(method, str):
        return Invalid(known, INVALID_REQUEST, "The message has no method.")
    if known is None:
        return Notification(method, content)
    return Request(known, method, content)
