"""Code with its bodies left out; `tests/golden` has a sample of each language."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.syntax import language_of, outline, skeleton


def shown(content: str, path: str, first: int = 0, last: int = 10**9) -> str:
    language = language_of(path)
    assert language is not None
    return skeleton(content, outline(content, language, references=False), first, last)


def test_a_docstring_keeps_its_first_line() -> None:
    content = (
        'def f(x):\n    """\n    Does it.\n\n    And more.\n    """\n    y = x\n    return y\n'
    )
    assert shown(content, "a.py", 0, 7) == 'def f(x):\n    """Does it."""\n    ...'


def test_a_body_as_short_as_its_replacement_stays() -> None:
    content = "def f(x):\n    return x\n"
    assert shown(content, "a.py") == content


def test_a_body_in_braces_shrinks_to_one_line() -> None:
    content = "int f(int x)\n{\n    x++;\n    return x;\n}\nint y;"
    assert shown(content, "a.c") == "int f(int x) { ... }\nint y;"


def test_what_follows_the_closing_brace_stays() -> None:
    content = "const f = (x) => {\n  const y = x;\n  return y;\n};"
    assert shown(content, "a.js") == "const f = (x) => { ... };"


def test_a_comment_above_keeps_its_first_line() -> None:
    comment = "    /**\n     * Does it.\n     *\n     * @return x\n     */\n"
    method = "    @Override\n    int f() {\n        a();\n        b();\n    }\n"
    content = f"class A {{\n{comment}{method}}}"
    assert shown(content, "A.java") == (
        "class A {\n    /** Does it. */\n    @Override\n    int f() { ... }\n}"
    )


def test_only_the_asked_lines_are_shown() -> None:
    content = "a = 1\ndef f():\n    b = 2\n    return b\nc = 3\n"
    assert shown(content, "a.py", 1, 4) == "def f():\n    ...\nc = 3"


def test_a_body_that_is_asked_for_in_part_is_shown_as_it_is() -> None:
    content = "def f():\n    a = 1\n    b = 2\n    return b\n"
    assert shown(content, "a.py", 0, 1) == "def f():\n    a = 1"


def test_line_breaks_of_other_systems_are_no_part_of_lines() -> None:
    content = "def f():\r\n    a = 1\r\n    return a\r\nb = 2\r\n"
    assert shown(content, "a.py", 0, 3) == "def f():\n    ...\nb = 2"


@given(
    st.text(alphabet="def f():\n    {}xc#/*\"'\r", max_size=120), st.sampled_from(["a.py", "a.c"])
)
def test_any_text_has_a_skeleton(content: str, path: str) -> None:
    assert isinstance(shown(content, path), str)
