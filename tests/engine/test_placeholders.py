"""What stands for a secret: a token to the model, nothing that it may write into a document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sc2_lsp.domain import StopReason, StopRule
from sc2_lsp.engine.ranking import Ranking
from sc2_lsp.engine.writing import Answer, write
from sc2_lsp.vocabulary import EMAIL, KEY, PASSWORD, SPECIAL_TOKENS

PLACEHOLDERS = (EMAIL, KEY, PASSWORD)


@pytest.fixture(scope="module")
def loaded(load: Callable[..., Any]) -> Any:
    return load()


class Scripted:
    """A walk on which one token after the other is the likeliest."""

    def __init__(self, tokens: tuple[int, ...]) -> None:
        self._tokens = tokens
        self.n_tokens = 0

    def ranking(self) -> Ranking:
        return Ranking((self._tokens[self.n_tokens],), (0.0,))

    def is_full(self) -> bool:
        return False

    def advance(self, token: int) -> None:
        self.n_tokens += 1


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_an_answer_ends_before_a_placeholder(loaded: Any, placeholder: int) -> None:
    written = loaded.tokens('key = "')
    walk = Scripted((*written, placeholder, *loaded.tokens('"\n')))
    answer = Answer(b"")
    reason, _ = write(walk, answer, loaded.model.pieces, StopRule(9), 99)  # type: ignore[arg-type]
    assert (answer.text, reason) == ('key = "', StopReason.SPECIAL_TOKEN)


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_a_placeholder_in_a_prompt_is_one_token_that_no_text_makes(
    loaded: Any, placeholder: int
) -> None:
    assert loaded.model.shown(placeholder).decode() == SPECIAL_TOKENS[placeholder]
    assert placeholder not in loaded.tokens(f"a = '{SPECIAL_TOKENS[placeholder]}'")
    prompt = (*loaded.tokens("a = '"), placeholder, *loaded.tokens("'\nb = "))
    assert loaded.generate(prompt, max_tokens=2).n_prompt == len(prompt)
