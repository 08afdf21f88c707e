"""Which language a document is in."""

from __future__ import annotations

import pytest

from sc2_lsp.syntax import LANGUAGES, language_of


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/b.py", "python"),
        ("a.b/Main.JAVA", "java"),
        ("x.test.tsx", "tsx"),
        ("widget.h", "c"),
        ("model.R", "r"),
        (".bashrc.sh", "shell"),
    ],
)
def test_a_file_name_tells_the_language(path: str, name: str) -> None:
    language = language_of(path)
    assert language is not None
    assert language.name == name


@pytest.mark.parametrize("path", ["", "Makefile", "a.py/Makefile", "notes.txt", "a.", ".py/x"])
def test_other_names_are_of_no_language(path: str) -> None:
    assert language_of(path) is None


def test_what_the_editor_says_counts_more_than_the_name() -> None:
    language = language_of("script.txt", "shellscript")
    assert language is not None
    assert language.name == "shell"


def test_an_unknown_language_id_leaves_the_name_to_tell() -> None:
    language = language_of("a.py", "plaintext")
    assert language is not None
    assert language.name == "python"


def test_no_extension_and_no_id_belongs_to_two_languages() -> None:
    for names in ("extensions", "language_ids"):
        every = [name for language in LANGUAGES for name in getattr(language, names)]
        assert len(every) == len(set(every))
