from __future__ import annotations

from sc2_lsp.completion.anchors import Anchors
from sc2_lsp.domain import Snippet
from sc2_lsp.prompt.anchor import Anchor
from tests.support.snapshots import snapshot


def anchor(prefix: str, suffix: str = "\n") -> Anchor:
    return Anchor((), 0, prefix, suffix, suffix_is_whole=True)


def test_the_newest_anchor_that_holds_is_taken() -> None:
    anchors, at = Anchors(), snapshot("a = 1\nb = <CURSOR>\n")
    anchors.add(at.uri, anchor("a"))
    anchors.add(at.uri, anchor("a = 1"))
    anchors.add(at.uri, anchor("a = 2"))
    assert anchors.holding(at) == (anchor("a = 1"), "\nb = ")
    assert anchors.latest(at.uri) == anchor("a = 2")


def test_going_back_to_a_place_finds_its_anchor() -> None:
    anchors, at = Anchors(), snapshot("a = 1\nb = <CURSOR>\n")
    anchors.add(at.uri, anchor("a = 1"))
    for number in range(5):
        anchors.add(at.uri, anchor(f"elsewhere {number}"))
    assert anchors.holding(at) is not None
    anchors.add(at.uri, anchor("elsewhere 6"))
    assert anchors.holding(at) is None


def test_a_forgotten_document_has_none() -> None:
    anchors, at = Anchors(), snapshot("a<CURSOR>\n")
    anchors.add(at.uri, anchor("a"))
    anchors.forget(at.uri)
    assert anchors.holding(at) is None


def test_only_so_many_documents_are_remembered() -> None:
    anchors = Anchors()
    for number in range(40):
        anchors.add(f"file:///{number}", anchor("a"))
    assert anchors.latest("file:///0") is None
    assert anchors.latest("file:///39") is not None


def test_files_stand_in_the_order_in_which_they_first_came() -> None:
    def snippet(path: str, start_line: int = 0) -> Snippet:
        return Snippet(path, start_line, "", "test", "")

    anchors = Anchors()
    anchors.in_stable_order([snippet("b")])
    anchors.in_stable_order([snippet("b"), snippet("e"), snippet("a")])
    got = anchors.in_stable_order([snippet("c"), snippet("a"), snippet("b", 9), snippet("b", 2)])
    assert [(s.path, s.start_line) for s in got] == [("b", 2), ("b", 9), ("a", 0), ("c", 0)]
