"""What is refused or told when weights are loaded on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil
import pytest
from llama_cpp import llama_cpp as lib

from sc2_lsp.engine.devices import gpus
from sc2_lsp.ports import ModelError

Load = Callable[..., Any]
KV_BYTES_PER_TOKEN = 3072
cpu_only = pytest.mark.skipif(lib.llama_supports_gpu_offload(), reason="llama.cpp uses a GPU")


def test_a_cache_that_memory_cannot_hold_is_refused_with_the_numbers(load: Load) -> None:
    n_cells = 2 * psutil.virtual_memory().total // KV_BYTES_PER_TOKEN
    with pytest.raises(ModelError, match=r"needs \d+\.\d GiB .* this machine has .*'kv_tokens'"):
        load(n_cells=n_cells)


@cpu_only
def test_layers_for_a_gpu_that_is_not_there_are_told_and_the_model_works(load: Load) -> None:
    loaded = load(n_gpu_layers=5)
    assert "'n_gpu_layers' has no effect" in loaded.model.info.notice
    assert loaded.model.info.n_gpu_layers == 0
    assert loaded.generate(loaded.tokens("def f(")).n_generated > 0


@cpu_only
def test_an_ordinary_load_says_nothing(load: Load) -> None:
    assert load().model.info.notice == ""


@cpu_only
def test_a_build_for_the_cpu_has_no_gpus() -> None:
    assert gpus() == ()


@pytest.mark.parametrize("n_ubatch", [1, 7])
def test_prompts_may_be_evaluated_in_the_smallest_steps(load: Load, n_ubatch: int) -> None:
    loaded = load(n_ubatch=n_ubatch)
    got = loaded.generate(loaded.tokens("def area(width, height):\n    return "))
    assert got.n_evaluated == got.n_prompt > n_ubatch
    assert got.n_generated > 0
