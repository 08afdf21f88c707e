from __future__ import annotations

import pytest

from sc2_lsp.completion.cache import SuggestionCache
from tests.support.snapshots import snapshot

ASKED = "x = <CURSOR>\ny = 2\n"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("x = <CURSOR>\ny = 2\n", "foo(1)"),
        ("x = fo<CURSOR>\ny = 2\n", "o(1)"),
        ("x = foo(1<CURSOR>\ny = 2\n", ")"),
        ("x = foo(1)<CURSOR>\ny = 2\n", None),
        ("x = fa<CURSOR>\ny = 2\n", None),
        ("x =<CURSOR>\ny = 2\n", None),
        ("z = fo<CURSOR>\ny = 2\n", None),
        ("x = fo<CURSOR>\ny = 3\n", None),
    ],
)
def test_typing_what_was_suggested_leaves_the_rest(now: str, expected: str | None) -> None:
    cache = SuggestionCache()
    cache.add(snapshot(ASKED), "foo(1)")
    assert cache.find(snapshot(now)) == expected


def test_far_into_a_long_document_as_well() -> None:
    long = "# filler\n" * 2000
    cache = SuggestionCache()
    cache.add(snapshot(long + ASKED), "foo(1)")
    assert cache.find(snapshot(long + "x = fo<CURSOR>\ny = 2\n")) == "o(1)"
    assert cache.find(snapshot(long + "z = fo<CURSOR>\ny = 2\n")) is None


def test_another_document_is_another_matter() -> None:
    cache = SuggestionCache()
    cache.add(snapshot(ASKED), "foo(1)")
    assert cache.find(snapshot(ASKED, path="other.py")) is None


def test_a_closed_document_is_forgotten() -> None:
    cache = SuggestionCache()
    asked = snapshot(ASKED)
    cache.add(asked, "foo(1)")
    cache.forget(asked.uri)
    assert cache.find(asked) is None
