"""What became of suggestions, told as what an editor is given and what the document holds then."""

from __future__ import annotations

from sc2_lsp.record.entry import Cause, Entry, Fate
from sc2_lsp.record.offers import SEEN_S, Offer, Offers

A, B = "file:///a.py", "file:///b.py"


class Editor:
    """A document with a cursor, `|`, to which suggestions are given."""

    def __init__(self) -> None:
        self.offers = Offers()
        self.now_s = 100.0
        self.entries: list[Entry] = []
        self.contents: dict[str, str] = {}
        self._n_offers = 0

    def give(self, document: str, *texts: str, uri: str = A) -> str:
        self.contents[uri] = document.replace("|", "")
        self._n_offers += 1
        at = document.index("|")
        offer = Offer(
            str(self._n_offers), uri, at, texts, "python", Cause.ENGINE, 0.1, 0.0, self.now_s
        )
        id_, decided = self.offers.give(offer, self._content_of)
        self.entries += decided
        return id_

    def give_nothing(self, document: str, uri: str = A) -> None:
        self.contents[uri] = document.replace("|", "")
        self.entries += self.offers.settle(self.now_s, self._content_of)

    def close(self, uri: str) -> None:
        self.entries += self.offers.settle_document(uri, self.now_s, self._content_of)
        del self.contents[uri]

    def accept(self, id_: str, index: int = 0) -> None:
        self.entries += self.offers.accept(id_, index)

    def pass_time(self, seconds: float = SEEN_S) -> None:
        self.now_s += seconds

    @property
    def fates(self) -> list[tuple[Fate, int, int, int]]:
        """Fate, length, characters kept and accepted of each suggestion that was decided."""
        latest = {entry.id: entry for entry in self.entries}
        return [(e.fate, e.n_chars, e.n_kept, e.n_accepted) for e in latest.values()]

    def _content_of(self, uri: str) -> str:
        return self.contents.get(uri, "")


def test_accepted_as_a_whole() -> None:
    editor = Editor()
    editor.accept(editor.give("x = |", "f(1)"))
    editor.give("x = f(1)|", "\n")
    editor.give_nothing("x = f(1)|")
    assert editor.fates == [(Fate.ACCEPTED, 4, 4, 4), (Fate.PASSED, 1, 0, 0)]


def test_typed_for_a_while_and_accepted_then() -> None:
    editor = Editor()
    first = editor.give("x = |", "f(1)")
    assert editor.give("x = f|", "(1)") == first
    editor.accept(first)
    assert editor.fates == [(Fate.ACCEPTED, 4, 4, 3)]


def test_typed_to_its_end() -> None:
    editor = Editor()
    editor.give("x = |\n", "f(1)")
    editor.give("x = f(|\n", "1)")
    editor.give("x = f(1)|\n", " + 2")
    assert editor.fates == [(Fate.TYPED, 4, 4, 0)]


def test_accepted_after_the_next_one_was_given() -> None:
    """The editor's text comes first, its command may come after the next request."""
    editor = Editor()
    first = editor.give("x = |", "f(1)")
    editor.give("x = f(1)|", "\n")
    assert editor.fates == [(Fate.TYPED, 4, 4, 0)]
    editor.accept(first)
    assert editor.fates == [(Fate.ACCEPTED, 4, 4, 4)]


def test_something_else_was_typed() -> None:
    editor = Editor()
    editor.give("x = |", "f(1)")
    editor.pass_time()
    editor.give("x = fo|", "o")
    assert editor.fates == [(Fate.REJECTED, 4, 1, 0)]


def test_whoever_types_past_it_has_not_judged_it() -> None:
    editor = Editor()
    editor.give("x = |", "f(1)")
    editor.pass_time(SEEN_S / 2)
    editor.give("x = g|", "o")
    assert editor.fates == [(Fate.PASSED, 4, 0, 0)]


def test_there_is_nothing_to_show_any_more() -> None:
    editor = Editor()
    editor.give("x = |", "f(1)")
    editor.pass_time()
    editor.give_nothing("x = g|")
    editor.give_nothing("x = g(|")
    assert editor.fates == [(Fate.REJECTED, 4, 0, 0)]


def test_a_longer_suggestion_goes_on_with_it() -> None:
    editor = Editor()
    id_ = editor.give("x = |", "f(1)")
    assert editor.give("x = f|", "(1)\ny = 2") == id_
    editor.accept(id_)
    assert editor.fates == [(Fate.ACCEPTED, 10, 10, 9)]


def test_what_stood_there_before_was_not_kept() -> None:
    editor = Editor()
    editor.give("f(|))", ")")
    editor.pass_time()
    editor.give_nothing("f(|))")
    assert editor.fates == [(Fate.REJECTED, 1, 0, 0)]


def test_an_alternative_is_accepted() -> None:
    editor = Editor()
    first = editor.give("x = |", "f(1)")
    assert editor.give("x = |", "f(1)", "go()") == first
    editor.accept(first, 1)
    editor.give_nothing("x = go()|")
    assert editor.fates == [(Fate.ACCEPTED, 4, 4, 4)]


def test_an_alternative_is_typed() -> None:
    editor = Editor()
    editor.give("x = |", "f(1)", "go")
    editor.give_nothing("x = go|")
    assert editor.fates == [(Fate.TYPED, 2, 2, 0)]


def test_a_suggestion_in_another_document_is_decided_by_its_own_text() -> None:
    editor = Editor()
    editor.give("x = |", "f(1)")
    editor.contents[A] = "x = f(1)"
    editor.give("|", "import os", uri=B)
    assert editor.fates == [(Fate.TYPED, 4, 4, 0)]


def test_its_document_is_closed() -> None:
    editor = Editor()
    editor.give("|", "import os", uri=B)
    editor.give("x = |", "f(1)")
    editor.pass_time()
    editor.close(B)
    assert editor.fates == [(Fate.PASSED, 9, 0, 0)]
    editor.close(A)
    assert editor.fates[1:] == [(Fate.REJECTED, 4, 0, 0)]


def test_what_nobody_was_given_is_not_accepted() -> None:
    editor = Editor()
    id_ = editor.give("x = |", "f(1)")
    editor.accept("another")
    editor.accept(id_, 1)
    editor.accept(id_, -1)
    assert editor.fates == []


def test_accepting_twice_counts_once() -> None:
    editor = Editor()
    id_ = editor.give("x = |", "f(1)")
    editor.accept(id_)
    editor.accept(id_)
    assert len(editor.entries) == 1


def test_the_same_suggestion_after_an_undo_is_another_one() -> None:
    editor = Editor()
    first = editor.give("x = |", "f(1)")
    editor.accept(first)
    assert editor.give("x = |", "f(1)") != first
