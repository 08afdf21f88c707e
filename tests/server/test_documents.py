"""The mirror of a document follows incremental edits in every encoding."""

from __future__ import annotations

import random

import pytest

from tests.support.lsp_client import Client, partial

pytestmark = pytest.mark.server

A = "file:///r/a.py"
CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}

# Lines end at LF, CRLF and CR; form feed, U+2028 and U+0085 are characters like any other.
TEXT = "é = 1\r\n# 🐍 page\f break\u2028 and 👩‍👩‍👧\n\x85x€ = '𝕏'\rlast"


def units(text: str, encoding: str) -> int:
    codec, size = CODECS[encoding]
    return len(text.encode(codec)) // size


def position(text: str, offset: int, encoding: str) -> tuple[int, int]:
    """Line and column as an editor counts them, derived apart from the code under test."""
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    line = before.rpartition("\n")[2]
    return before.count("\n"), units(line, encoding)


def content(client: Client) -> str:
    """The whole document, by way of the fake service."""
    client.change(A, partial(100_000, 0, 100_000, 0, " SNAPSHOT"))
    snapshot = client.snapshot(A, 100_000, 0)
    client.change(A, {"text": snapshot["before"].removesuffix(" SNAPSHOT")})
    text: str = snapshot["before"].removesuffix(" SNAPSHOT")
    return text


def opened(client: Client, encoding: str | None) -> Client:
    capabilities = {"general": {"positionEncodings": [encoding]}} if encoding else {}
    result = client.initialize(capabilities=capabilities)
    assert result["capabilities"]["positionEncoding"] == (encoding or "utf-16")
    client.open(A, TEXT)
    return client


@pytest.mark.parametrize("encoding", CODECS)
def test_edits_land_where_the_editor_meant(fresh: Client, encoding: str) -> None:
    client = opened(fresh, encoding)
    expected = TEXT
    for mark, replacement in (
        ("page", "PAGE"),
        ("break", "🐍🐍"),
        ("and", ""),
        ("x€", "y\r\nz"),
        ("last", "last\n"),
        ("é", "ee"),
    ):
        start = expected.index(mark)
        change = partial(
            *position(expected, start, encoding),
            *position(expected, start + len(mark), encoding),
            replacement,
        )
        client.change(A, change)
        expected = expected[:start] + replacement + expected[start + len(mark) :]
    assert content(client) == expected


@pytest.mark.parametrize("encoding", CODECS)
def test_many_random_edits(fresh: Client, encoding: str) -> None:
    client = opened(fresh, encoding)
    chance = random.Random(encoding)
    expected = TEXT
    for _ in range(60):
        changes = []
        for _ in range(chance.randint(1, 3)):
            start, end = sorted(chance.choices(range(len(expected) + 1), k=2))
            # An editor never puts a cursor between CR and LF.
            start -= expected[start - 1 : start + 1] == "\r\n"
            end -= expected[end - 1 : end + 1] == "\r\n"
            end = min(end, start + 8)
            end -= expected[end - 1 : end + 1] == "\r\n" and end > start
            replacement = "".join(chance.choices("ab é🐍\n\f\u2028", k=chance.randint(0, 9)))
            changes.append(
                partial(
                    *position(expected, start, encoding),
                    *position(expected, end, encoding),
                    replacement,
                )
            )
            expected = expected[:start] + replacement + expected[end:]
        client.change(A, *changes)
    assert content(client) == expected


def test_the_encoding_is_utf_16_without_an_offer(fresh: Client) -> None:
    client = opened(fresh, None)
    line = "# 🐍 page"
    client.change(A, partial(1, units(line, "utf-16"), 1, units(line, "utf-16"), "!"))
    assert content(client) == TEXT.replace("page", "page!")


def test_a_change_of_everything(client: Client) -> None:
    client.open(A, TEXT)
    client.change(A, {"text": "new"}, partial(0, 3, 0, 3, "er"))
    assert content(client) == "newer"


def test_a_change_of_a_document_that_is_not_open_is_ignored(client: Client) -> None:
    client.change("file:///no.py", {"text": "new"})
    client.open(A, "x")
    assert content(client) == "x"
