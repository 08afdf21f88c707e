from __future__ import annotations

from dataclasses import replace

from sc2_lsp.completion.anchors import Anchors
from sc2_lsp.domain import Snapshot, Snippet
from sc2_lsp.prompt.anchor import Anchor
from tests.support.snapshots import snapshot


def anchor(prefix: str, suffix: str = "\n") -> Anchor:
    return Anchor((), 0, prefix, suffix, suffix_is_whole=True)


def test_the_newest_anchor_that_holds_is_taken() -> None:
    anchors, at = Anchors(), snapshot("a = 1\nb = <CURSOR>\n")
    anchors.add(at, anchor("a"))
    anchors.add(at, anchor("a = 1"))
    anchors.add(at, anchor("a = 2"))
    assert anchors.holding(at) == (anchor("a = 1"), "\nb = ")
    assert anchors.latest(at.uri) == anchor("a = 2")


def test_going_back_to_a_place_finds_its_anchor() -> None:
    anchors, at = Anchors(), snapshot("a = 1\nb = <CURSOR>\n")
    anchors.add(at, anchor("a = 1"))
    for number in range(5):
        anchors.add(at, anchor(f"elsewhere {number}"))
    assert anchors.holding(at) is not None
    anchors.add(at, anchor("elsewhere 6"))
    assert anchors.holding(at) is None


def test_a_forgotten_document_has_none() -> None:
    anchors, at = Anchors(), snapshot("a<CURSOR>\n")
    anchors.add(at, anchor("a"))
    anchors.forget(at.uri)
    assert anchors.holding(at) is None


def test_only_so_many_documents_are_remembered() -> None:
    anchors = Anchors()
    for number in range(40):
        anchors.add(replace(snapshot("<CURSOR>"), uri=f"file:///{number}"), anchor("a"))
    assert anchors.latest("file:///0") is None
    assert anchors.latest("file:///39") is not None


def test_a_document_goes_on_with_what_was_shown_last_in_its_repository() -> None:
    def shown(path: str) -> Anchor:
        return replace(anchor("a"), snippets=(Snippet(path, 0, "", "test", ""),))

    def document(uri: str, repository: str) -> Snapshot:
        return replace(snapshot("a<CURSOR>\n"), uri=uri, repository=repository)

    anchors = Anchors()
    anchors.add(document("one", "r"), shown("x"))
    anchors.add(document("two", "r"), shown("y"))
    anchors.add(document("three", "s"), shown("z"))
    assert anchors.shown_last(document("one", "r"))[0].path == "x"
    assert anchors.shown_last(document("four", "r"))[0].path == "y"
    assert anchors.shown_last(document("four", "t")) == ()
