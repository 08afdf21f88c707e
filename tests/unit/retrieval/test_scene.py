from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.retrieval.scene import near_words, scene_of
from sc2_lsp.retrieval.uses import names_in
from tests.support.snapshots import snapshot


def test_uses_know_how_near_and_after_what_they_stand() -> None:
    scene = scene_of(snapshot("far(x)\n\n\n\nself.a.b(near)\n<CURSOR>\nfoo().b\n"))
    assert scene.uses["b"].receivers == {"self.a", "?"}
    assert scene.uses["a"].receivers == {"self"}
    assert scene.nearness("near") > scene.nearness("far") > scene.nearness("nowhere") == 0
    assert next(iter(scene.uses)) in ("self", "foo")


def test_an_import_is_no_use() -> None:
    scene = scene_of(snapshot("from a import b\n<CURSOR>\n"))
    assert "b" not in scene.uses
    assert [found.name for found in scene.outline.imports] == ["b"]


def test_the_classes_around_the_cursor_the_innermost_first() -> None:
    scene = scene_of(
        snapshot("class A:\n    class B:\n        def f(self):\n            <CURSOR>x\n")
    )
    assert [around.name for around in scene.classes] == ["B", "A"]


def test_of_a_large_file_the_head_and_what_is_around_the_cursor_is_read() -> None:
    far = "".join(f"    def far_{n}(self):\n        pass\n" for n in range(2000))
    near = "    def near(self, a: Near):\n        <CURSOR>\n"
    scene = scene_of(snapshot(f"from a import b\nclass Big(Base):\n{far}{near}{far}"))
    assert [found.name for found in scene.outline.imports] == ["b"]
    assert [around.name for around in scene.classes] == ["Big"]
    assert scene.function is not None
    assert scene.function.name == "near"
    assert "Near" in [binding.type_name for binding in scene.outline.bindings]
    assert len(scene.outline.definitions) < 500


@pytest.mark.parametrize("line", [0, 199, 200, 201, 450, 499, 500, 501, 502, 900, 2900, 2999])
def test_lines_of_a_large_file_keep_their_numbers(line: int) -> None:
    lines = [f"def name_{number}(): pass" for number in range(3000)]
    at = len("\n".join([*lines[:line], ""]))
    code = "\n".join(lines)
    scene = scene_of(snapshot(f"{code[:at]}<CURSOR>{code[at:]}"))
    found = {definition.name: definition.start_line for definition in scene.outline.definitions}
    assert found[f"name_{line}"] == line
    assert all(name == f"name_{start}" for name, start in found.items())


def test_what_a_variable_was_made_by() -> None:
    scene = scene_of(snapshot("x = make(1)\nself.y: T = await a.b(\n)\n<CURSOR>\nz = late()\n"))
    assert scene.calls == {"x": "make", "self.y": "a.b"}


def test_words_near_the_cursor_weigh_more() -> None:
    words = near_words(scene_of(snapshot("alpha\n\nbetaGamma\n<CURSOR>\n")))
    assert words["gamma"] == words["betagamma"] > words["alpha"]


def test_names_of_all_kinds_of_member_access() -> None:
    assert list(names_in("a.b->c::d?.e")) == [
        ("a", ""),
        ("b", "a"),
        ("c", "a.b"),
        ("d", "a.b.c"),
        ("e", "a.b.c.d"),
    ]


@given(st.text(), st.text())
def test_any_text_makes_a_scene(before: str, after: str) -> None:
    before, after = before.replace("<", ""), after.replace("<", "")
    scene = scene_of(snapshot(f"{before}<CURSOR>{after}"))
    assert all(0 < use.nearness <= 1 for use in scene.uses.values())
