"""Outlines of any text; `tests/golden` has a sample of each language."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc2_lsp.symbols import Kind, Outline
from sc2_lsp.syntax import LANGUAGES, Language, language_of, outline, outline_of_bytes
from sc2_lsp.text import Text

SAMPLES = [
    path
    for path in sorted((Path(__file__).parents[2] / "golden" / "syntax").rglob("*"))
    if path.is_file() and path.suffix != ".txt"
]


def language(path: str) -> Language:
    found = language_of(path)
    assert found is not None
    return found


def read(content: str, path: str = "a.py") -> Outline:
    return outline(content, language(path), references=True)


def names(found: Outline) -> list[str]:
    return [definition.name for definition in found.definitions]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_lines_count_as_editors_count_them(line_break: str) -> None:
    content = line_break.join(["a = 1", "# about f", "def f(x):", "    y = x", "    return y", ""])
    for found in (
        outline(content, language("a.py"), references=False),
        outline(content, language("a.py"), references=True),
    ):
        _, f = found.definitions
        assert (f.start_line, f.body_line, f.end_line) == (1, 3, 4)
        assert f.signature == "def f(x):"


def test_signatures_hold_no_carriage_returns() -> None:
    (f,) = read("def f(\r\n    x,\r\n):\r\n    pass\r\n").definitions
    assert f.signature == "def f(\n    x,\n):"


def test_a_byte_order_mark_and_characters_of_any_length_do_not_shift_names() -> None:
    found = read(
        "\ufeff# 😀 ümläut\ndef größe(wért: Tüp) -> 'Ä': # 😀\n    return '😀'.fort(wért)\n"
    )
    assert names(found) == ["größe"]
    assert found.bindings[0].name == "wért"
    assert found.bindings[0].type_name == "Tüp"


def test_bytes_that_are_no_utf8_are_read_around() -> None:
    found = outline_of_bytes(
        b"# caf\xe9\nNAME = '\xe9'\ndef f(): pass\n", language("a.py"), references=True
    )
    assert names(found) == ["NAME", "f"]


def test_lone_surrogates_are_read_around() -> None:
    assert names(read("x = '\ud800'\n")) == ["x"]


def test_broken_code_gives_what_stands_around_the_break() -> None:
    content = "class A:\n    def f(self):\n        self.x.\n\n    def g(self):\n        return 1\n"
    found = read(content)
    assert {"A", "g"} <= set(names(found))
    assert ("x", "self") in {(one.name, one.receiver) for one in found.references}


def test_a_header_with_classes_is_cpp() -> None:
    assert names(read("namespace a {\nclass B { int f(); };\n}\n", "b.h")) == ["a", "B", "f"]
    assert names(read("int class(int new);\n", "b.h")) == ["class"]


def test_only_script_blocks_of_a_component_are_code() -> None:
    content = "<p>function no() {}</p>\n<script>\nfunction yes() {}\n</script>\n<i>let no = 1</i>\n"
    (yes,) = read(content, "a.vue").definitions
    assert (yes.name, yes.start_line) == ("yes", 2)


def test_a_script_that_is_still_open_is_code() -> None:
    assert names(read("<script lang='ts'>\nlet a: Foo = b", "a.svelte")) == ["a"]


def test_references_may_be_bounded_to_lines_and_bindings_are_not() -> None:
    content = "a: A = b\nc(d)\ne.f(g)\n"
    found = outline(content, language("a.py"), references=True, lines=(1, 1))
    assert [one.name for one in found.references] == ["c", "d"]
    assert [one.name for one in found.bindings] == ["a"]


def test_bindings_are_found_where_no_references_are_wanted() -> None:
    content = "x = Cart()\nuse(x)\n"
    found = outline(content, language("a.py"), references=True, lines=(0, -1))
    assert found.references == ()
    assert [(one.name, one.type_name) for one in found.bindings] == [("x", "Cart")]


def test_without_references_nothing_is_said_of_uses() -> None:
    found = outline("a: A = b(c)\n", language("a.py"), references=False)
    assert found.definitions
    assert found.references == found.bindings == ()


def test_code_of_a_program_that_is_run_defines_nothing() -> None:
    assert names(read("if __name__ == '__main__':\n    x = 1\n")) == []


def test_a_field_gets_the_type_of_the_parameter_it_is_set_to() -> None:
    content = "class A:\n    def __init__(self, b: dict[str, B] = {}):\n        self.b = b\n"
    field = read(content).definitions[-1]
    assert (field.kind, field.container, field.type_name) == (Kind.FIELD, "A", "dict[str, B]")


def test_a_long_value_is_cut_at_its_first_line() -> None:
    content = "TABLE = {\n" + "    1: 2,\n" * 100 + "}\n"
    (table,) = read(content).definitions
    assert table.signature == "TABLE = { ..."
    assert table.end_line == 101


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.c", "(" * 30_000),
        ("a.py", "[" * 19_000),
        ("a.java", "{\n" * 30_000),
        ("a.js", "a." * 50_000),
        ("a.cs", "a<b<c<\n" * 10_000),
        ("a.java", "a<b<c<\n" * 10_000),
        ("a.kt", "(\n" * 20_000),
    ],
)
def test_a_text_that_no_person_wrote_costs_little(path: str, text: str) -> None:
    assert isinstance(outline(text, language(path), references=False), Outline)


def test_an_empty_text_of_any_language_defines_nothing() -> None:
    for one in LANGUAGES:
        found = outline("", one, references=True)
        assert found == Outline()


def test_no_grammar_is_imported_before_it_is_needed() -> None:
    program = (
        "import sys, sc2_lsp.syntax as s; "
        "s.outline('x = 1', s.language_of('a.py'), references=True); "
        "print(sorted(m for m in sys.modules if m.startswith('tree_sitter_')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "tree_sitter_python" in done.stdout
    assert "tree_sitter_c" not in done.stdout


def test_an_edited_text_gives_what_a_fresh_one_gives() -> None:
    content = SAMPLES[[path.name for path in SAMPLES].index("orders.py")].read_text("utf-8")
    at = content.index("    async def send")
    typed = (
        "    def größer(self, other: Order) -> bool:\n        return self.total > other.total\n\n"
    )
    for end in range(len(typed) + 1):
        edited = content[:at] + typed[:end] + content[at:]
        found = read(edited)
    fresh: list[Outline] = []
    thread = threading.Thread(target=lambda: fresh.append(read(edited)))
    thread.start()
    thread.join()
    assert [found] == fresh
    assert read(content) == read(content)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(SAMPLES), st.integers(0, 4000), st.integers(0, 200), st.text(max_size=5))
def test_lines_are_those_of_the_text_wherever_it_is_cut(
    path: Path, at: int, n_gone: int, put: str
) -> None:
    content = path.read_text(encoding="utf-8")
    content = content[:at] + put + content[at + n_gone :]
    n_lines = Text.of(content).n_lines
    for references in (True, False):
        found = outline(content, language(path.name), references=references)
        for one in found.definitions:
            assert one.name
            assert 0 <= one.start_line <= one.end_line < n_lines
            assert one.body_line is None or one.start_line < one.body_line <= one.end_line
        for other in (*found.imports, *found.references, *found.bindings):
            assert 0 <= other.line < n_lines


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(LANGUAGES), st.text(max_size=60))
def test_any_text_has_an_outline(one: Language, content: str) -> None:
    assert isinstance(outline(content, one, references=True), Outline)
    assert isinstance(outline(content, one, references=False), Outline)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(LANGUAGES), st.binary(max_size=60))
def test_any_bytes_have_an_outline(one: Language, data: bytes) -> None:
    assert isinstance(outline_of_bytes(data, one, references=False), Outline)
