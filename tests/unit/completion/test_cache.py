from __future__ import annotations

import pytest

from sc2_lsp.completion.cache import Known, SuggestionCache
from tests.support.snapshots import snapshot

ASKED = "x = <CURSOR>\ny = 2\n"
WRITTEN = "foo(1)\nz = 3"


def cache_of(marked: str = ASKED, shown: str = "foo(1)", written: str = WRITTEN) -> SuggestionCache:
    cache = SuggestionCache()
    cache.add(snapshot(marked), shown, written, is_complete=False)
    return cache


def known(shown: str, written: str, *, is_complete: bool = False) -> Known:
    return Known(shown, written, is_complete)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("x = <CURSOR>\ny = 2\n", known("foo(1)", WRITTEN)),
        ("x = fo<CURSOR>\ny = 2\n", known("o(1)", "o(1)\nz = 3")),
        ("x = foo(1<CURSOR>\ny = 2\n", known(")", ")\nz = 3")),
        ("x = foo(1)<CURSOR>\ny = 2\n", known("", "\nz = 3")),
        ("x = foo(1)\nz<CURSOR>\ny = 2\n", known("", " = 3")),
        ("x = foo(1)\nz = 3<CURSOR>\ny = 2\n", None),
        ("x = foo(1)\nb<CURSOR>\ny = 2\n", None),
        ("x = fa<CURSOR>\ny = 2\n", None),
        ("x =<CURSOR>\ny = 2\n", None),
        ("z = fo<CURSOR>\ny = 2\n", None),
        ("x = fo<CURSOR>\ny = 3\n", None),
        # The editor closed the bracket: what is left has to be looked at again.
        ("x = foo(<CURSOR>)\ny = 2\n", known("", "1)\nz = 3")),
        ("x = foo(<CURSOR>a)\ny = 2\n", None),
    ],
)
def test_typing_what_was_written_leaves_the_rest(now: str, expected: Known | None) -> None:
    assert cache_of().find(snapshot(now)) == expected


def test_far_into_a_long_document_as_well() -> None:
    long = "# filler\n" * 2000
    cache = cache_of(long + ASKED)
    assert cache.find(snapshot(long + "x = fo<CURSOR>\ny = 2\n")) == known("o(1)", "o(1)\nz = 3")
    assert cache.find(snapshot(long + "z = fo<CURSOR>\ny = 2\n")) is None
    below = "x = <CURSOR>" + "\n# filler" * 2000
    assert cache_of(below).find(snapshot(below.replace("<", "foo(<").replace(">", ">)"))) == known(
        "", "1)\nz = 3"
    )


def test_a_model_that_had_no_more_to_say_is_not_asked_again() -> None:
    cache = SuggestionCache()
    cache.add(snapshot(ASKED), "foo(1)", "foo(1)", is_complete=True)
    there = snapshot("x = foo(1)<CURSOR>\ny = 2\n")
    assert cache.find(there) == known("", "", is_complete=True)


def test_what_filters_have_changed_counts_as_it_was_shown() -> None:
    cache = cache_of(shown="bar", written="foo")
    assert cache.find(snapshot(ASKED)) == known("bar", "bar")


def test_another_document_is_another_matter() -> None:
    assert cache_of().find(snapshot(ASKED, path="other.py")) is None


def test_a_closed_document_is_forgotten() -> None:
    cache = cache_of()
    cache.forget(snapshot(ASKED).uri)
    assert cache.find(snapshot(ASKED)) is None
