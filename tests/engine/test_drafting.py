"""Drafted text on the real llama.cpp with the bundled model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.engine.conftest import n_alike

Load = Callable[..., Any]

NAMES = ("alpha", "beta", "gamma", "delta", "epsilon")
METHOD = "def read(self, row):\n" + "".join(
    f'    {name} = row["{name}"].strip().lower()\n    self.{name} = parse_{name}({name})\n'
    for name in NAMES
)


def test_drafts_save_steps_and_do_not_change_the_text(load: Load) -> None:
    plain, drafting = load(), load(drafting="auto")
    # Only what was learnt of guesses decides here, not how busy the machine is.
    drafting.model.payoff.costs.update(dict.fromkeys(drafting.model.payoff.costs, 1.0))
    drafting.model.payoff.assumed.update(dict.fromkeys(drafting.model.payoff.assumed, 1.0))
    n_plain = n_drafting = n_same = 0
    for n_cut in range(30, 70, 5):
        prompt = (6, *plain.tokens(METHOD * 3)[:-n_cut])
        wanted = plain.generate(prompt, max_tokens=32)
        got = drafting.generate(prompt, max_tokens=32)
        n_same += n_alike(plain, drafting, prompt)
        n_plain += wanted.n_steps
        n_drafting += got.n_steps
    assert n_same > 100
    assert n_drafting < 0.5 * n_plain


def test_a_draft_never_takes_more_room_than_there_is(load: Load) -> None:
    loaded = load(drafting="auto", n_ctx=512, n_cells=512)
    hits = loaded.model.payoff.hits
    for n_gram in hits:
        hits[n_gram] = [1.0] * len(hits[n_gram])
    prompt = (6, *loaded.tokens(METHOD * 5))[:500]
    got = loaded.generate(prompt, max_tokens=100)
    held = loaded.model.cache.sequences.held
    assert max(len(sequence.tokens) for sequence in held) <= 512
    assert got.n_generated <= 13


def test_the_setting_never_means_no_drafts(load: Load) -> None:
    assert load(drafting="never").model.payoff is None
