"""The KV cache of many sequences on the real llama.cpp with the bundled model."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sc2_lsp.domain import Tokens
from sc2_lsp.ports import ModelError
from tests.engine.conftest import NOISE, n_alike

Load = Callable[..., Any]
SOURCES = [
    Path(__file__).parents[2] / "sc2_lsp" / "engine" / name
    for name in ("client.py", "kv.py", "cache.py")
]


def source(loaded: Any, number: int, n_tokens: int) -> Tokens:
    tokens: Tokens = loaded.tokens(SOURCES[number].read_text())[:n_tokens]
    assert len(tokens) == n_tokens
    return tokens


def prompts(loaded: Any, n_prompts: int, n_tokens: int) -> list[Tokens]:
    """Prompts over three files that are visited, edited and left in turn."""
    rng = random.Random(7)
    files = [source(loaded, number, n_tokens) for number in range(3)]
    series = []
    for _ in range(n_prompts):
        shown = rng.choice(files)[: rng.randrange(n_tokens // 2, n_tokens)]
        typed = loaded.tokens(rng.choice(["    return ", "for x in ", "\nimport ", "self."]))
        series.append((6, 1, *shown, *typed, 3, 2))
    return series


def test_text_does_not_depend_on_what_was_forked_evicted_or_reused(load: Load) -> None:
    crowded = load(n_ctx=512, n_cells=800)
    n_compared = 0
    for prompt in prompts(crowded, 15, 400):
        alone = load(n_ctx=512, n_cells=512)
        wanted, got = alone.generate(prompt), crowded.generate(prompt)
        assert got.n_evaluated <= wanted.n_evaluated
        n_compared += n_alike(alone, crowded, prompt)
    assert n_compared > 60
    assert crowded.model.cache.sequences.n_free < 400, "the cache was never full"


def test_returning_to_a_file_evaluates_what_changed(load: Load) -> None:
    loaded = load()
    first, second = source(loaded, 0, 800), source(loaded, 1, 800)
    assert loaded.generate((6, 1, *first)).n_evaluated == 802
    assert loaded.generate((6, 1, *second)).n_evaluated >= 790
    typed = loaded.tokens("x = 1")
    assert loaded.generate((6, 1, *first, *typed)).n_evaluated == len(typed)
    assert loaded.generate((6, 1, *second, *typed)).n_evaluated == len(typed)


def test_a_change_in_the_middle_costs_the_change_where_moving_is_allowed(load: Load) -> None:
    exact, moving = load(shift_tokens=0), load(shift_tokens=32)
    file = source(exact, 0, 1200)
    changed = (*file[:600], *exact.tokens("\nprint(1)\n"), *file[605:])
    for loaded in (exact, moving):
        loaded.generate((6, *file), max_tokens=0)
    wanted = exact.generate((6, *changed))
    got = moving.generate((6, *changed))
    assert wanted.n_evaluated > 590
    assert got.n_evaluated < 20
    assert got.n_evaluated + got.n_shifted == wanted.n_evaluated


def test_moved_tokens_look_as_if_they_had_been_evaluated_there(load: Load) -> None:
    """Behind a change that attention has no use for, the move must be nearly exact."""
    exact, moving = load(shift_tokens=0), load(shift_tokens=32)
    file = source(exact, 0, 1200)
    first, changed = (*file[:30], *file[40:1190]), file[:1190]
    for loaded in (exact, moving):
        loaded.generate(first, max_tokens=0)
        loaded.generate(changed, max_tokens=0)
    left, right = (
        loaded.model.cache.ranking(loaded.model.cache.plan(changed, 0).sequence, len(changed))
        for loaded in (exact, moving)
    )
    assert left.tokens[0] == right.tokens[0]
    assert left.logits[:3] == pytest.approx(right.logits[:3], abs=NOISE)


def test_a_state_can_be_given_to_another_engine(load: Load) -> None:
    first, second = load(), load()
    prompt = source(first, 0, 500)
    answer = first.generate(prompt)
    cache = first.model.cache
    sequence = cache.plan(prompt, 0).sequence
    parts = [cache.part(sequence, 0, 200), cache.part(sequence, 200, 450)]
    assert second.model.cache.restore(prompt[:450], parts)
    assert second.generate(prompt[:450], max_tokens=0).n_evaluated == 1
    got = second.generate(prompt)
    assert (got.n_evaluated, got.text) == (50, answer.text)


def test_a_state_that_llama_cpp_refuses_changes_nothing(load: Load) -> None:
    loaded = load()
    prompt = source(loaded, 0, 100)
    loaded.generate(prompt, max_tokens=0)
    cache = loaded.model.cache
    part = cache.part(0, 0, 100)
    assert not cache.restore(prompt, [part[: len(part) // 2]])
    assert not cache.restore(prompt, [memoryview(bytes(100))])
    assert not cache.restore(prompt[:50], [part])
    assert loaded.generate(prompt).n_evaluated == 0
    assert cache.restore(prompt, [part])


@pytest.mark.parametrize("kv_type", ["q8_0", "q4_0"])
def test_a_quantized_cache_works_with_flash_attention_alone(load: Load, kv_type: str) -> None:
    loaded = load(kv_type=kv_type, flash_attention="auto")
    assert loaded.generate(loaded.tokens("def read(path):\n    with open(")).text
    with pytest.raises(ModelError, match="needs flash attention"):
        load(kv_type=kv_type, flash_attention="off")
