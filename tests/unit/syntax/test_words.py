"""Words for full-text search."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from sc2_lsp.syntax import distinct_text, identifiers, is_searched, search_text


def test_names_count_whole_and_in_their_parts() -> None:
    assert identifiers("HTTPServer.read_all(maxBytes)") == [
        "httpserver",
        "http",
        "server",
        "read_all",
        "read",
        "all",
        "maxbytes",
        "max",
        "bytes",
    ]


def test_a_name_counts_as_often_as_it_stands() -> None:
    assert identifiers("count + count") == ["count", "count"]


def test_keywords_numbers_and_single_letters_do_not_count() -> None:
    assert identifiers("if x: return 0x1F + for_in") == ["for_in"]


def test_words_of_any_script_count() -> None:
    assert identifiers("größe = naïve_метод") == ["größe", "naïve_метод", "naïve", "метод"]


def test_digits_cut_a_name_into_parts() -> None:
    assert identifiers("utf8_text2Line __a1 x_1 2nd") == [
        "utf8_text2line",
        "utf",
        "text",
        "line",
        "a1",
        "x_1",
    ]


def test_blobs_do_not_count() -> None:
    assert identifiers("a" * 65 + " word") == ["word"]


def test_bytes_and_text_give_the_same() -> None:
    assert identifiers("größe".encode()) == ["größe"]
    assert identifiers(b"caf\xe9s word") == ["caf", "word"]


@given(st.text())
def test_any_text_gives_words_in_lower_case(content: str) -> None:
    assert search_text(content).split() == identifiers(content)
    assert all(word and word.lower() == word for word in identifiers(content))


@given(st.text(alphabet="aB_1 .\n", max_size=60))
def test_distinct_words_are_the_same_words(content: str) -> None:
    assert set(distinct_text(content).split()) == set(identifiers(content))


def test_distinct_words_are_told_once() -> None:
    assert distinct_text(b"count + count * count").split() == ["count"]


@example("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}")  # Two characters in lower case.
@given(st.from_regex(r"[^\W\d]\w{0,70}", fullmatch=True) | st.sampled_from(["self", "__", "_if"]))
def test_a_name_is_searched_where_it_has_words(name: str) -> None:
    assert is_searched(name) == bool(identifiers(name))
