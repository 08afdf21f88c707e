from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sc2_lsp.index.parsed import (
    PLAIN,
    contents_of,
    digest_of,
    text_of,
    unpack_definitions,
    unpack_imports,
    unpack_starts,
    utf8_of,
)
from sc2_lsp.syntax import language_of, outline
from sc2_lsp.text import Text

SOURCE = '''\
from os import path as p


class Reader(Base):
    """Reads."""

    size: int = 0

    def read_all(self, limit: int) -> bytes:
        return b""
'''


def test_an_outline_comes_back_from_its_packed_form() -> None:
    language = language_of("a.py")
    assert language is not None
    expected = outline(SOURCE, language, references=False)
    contents = contents_of("a.py", SOURCE.encode())
    definitions = tuple(unpack_definitions(contents.outline))
    assert definitions == expected.definitions
    assert tuple(unpack_imports(contents.outline)) == expected.imports
    assert contents.language == "python"


def test_names_and_containers_find_a_file() -> None:
    tokens = contents_of("a.py", SOURCE.encode()).names.split()
    assert {"Reader^R", "read_all", "size", ".Reader^R"} <= set(tokens)


def test_text_that_no_grammar_knows_has_words_and_no_definitions() -> None:
    contents = contents_of("notes.txt", b"How fetchAll works\n")
    assert contents.language == PLAIN
    assert unpack_definitions(contents.outline) == []
    assert {"fetchall", "fetch", "works"} <= set(contents.words[0].split())


@settings(deadline=None)
@given(st.text(alphabet="a\n\r\x0c\u2028é😀 ", max_size=200))
def test_pieces_end_with_the_last_line_as_an_editor_counts(content: str) -> None:
    starts = unpack_starts(contents_of("a.txt", content.encode()).starts)
    assert starts[-1] == Text.of(content).n_lines


def test_a_digest_tells_languages_apart_as_well_as_contents() -> None:
    assert digest_of("a.py", b"x") == digest_of("b/c.py", b"x")
    assert digest_of("a.py", b"x") != digest_of("a.js", b"x")
    assert digest_of("a.py", b"x") != digest_of("a.py", b"y")


def test_bytes_are_read_as_editors_read_them() -> None:
    assert text_of(b"\xef\xbb\xbfab") == "ab"
    assert text_of("é😀".encode()) == "é😀"
    assert text_of(b"caf\xe9") == "café"


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=20), st.text(max_size=10).map(str.encode)))
def test_text_in_utf8_is_the_same_text(data: bytes) -> None:
    assert utf8_of(data).decode() == text_of(data)
