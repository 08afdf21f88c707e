"""Grammars and their queries."""

from __future__ import annotations

import pytest

from sc2_lsp.syntax.grammars import compares_text


@pytest.mark.parametrize("grammar", ["c", "cpp", "csharp", "java", "kotlin", "rust", "swift"])
def test_grammars_whose_patterns_tell_all_are_parsed_once(grammar: str) -> None:
    # A second time takes nearly as long as the first where a grammar is often in doubt.
    assert not compares_text(grammar)


@pytest.mark.parametrize("grammar", ["lua", "python", "ruby", "shell", "tsx", "typescript"])
def test_patterns_that_compare_names_are_known_as_such(grammar: str) -> None:
    assert compares_text(grammar)
