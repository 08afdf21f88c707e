"""KV states that outlive the engine, with the real llama.cpp and the bundled model."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sc2_lsp.domain import GenerationRequest, StopRule, Tokens
from sc2_lsp.engine import evaluator as evaluators
from sc2_lsp.engine import protocol
from sc2_lsp.engine.evaluator import Evaluator
from sc2_lsp.engine.llama import LlamaModel
from sc2_lsp.engine.states import Part, StateFolder
from sc2_lsp.engine.warm import Thrift, WarmStates
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings

Load = Callable[..., Any]
SLOW = 10.0
"""Tokens a second at which every state is worth a file."""
KEY = "ab" * 16
TIMEOUT_S = 60
TEXT = Path(evaluators.__file__).read_text()


def test_an_engine_goes_on_where_another_one_ended(load: Load, tmp_path: Path) -> None:
    first = load(warm_start_mb=64, cache_folder=str(tmp_path))
    prompt = first.tokens(TEXT)[:700]
    answer = first.generate(prompt)
    first.model.warm.save_at_end(SLOW)

    second = load(warm_start_mb=64, cache_folder=str(tmp_path))
    got = second.generate(prompt)
    assert (got.n_evaluated, got.text) == (1, answer.text)
    assert (
        load(warm_start_mb=64, cache_folder=str(tmp_path), kv_type="q8_0")
        .generate(prompt)
        .n_evaluated
        == 700
    )


def test_a_quantized_cache_is_saved_and_restored_too(load: Load, tmp_path: Path) -> None:
    first = load(warm_start_mb=64, cache_folder=str(tmp_path), kv_type="q8_0")
    prompt = first.tokens(TEXT)[:700]
    first.generate(prompt, max_tokens=0)
    first.model.warm.save_at_end(SLOW)
    second = load(warm_start_mb=64, cache_folder=str(tmp_path), kv_type="q8_0")
    assert second.generate(prompt).n_evaluated == 1


def test_no_disk_space_means_no_states(load: Load, tmp_path: Path) -> None:
    assert load(warm_start_mb=0, cache_folder=str(tmp_path)).model.warm is None


class Asker:
    """Somebody who waits for the evaluator's replies, and not for how much is loaded."""

    def __init__(self) -> None:
        self._replies: queue.SimpleQueue[protocol.Reply] = queue.SimpleQueue()

    def send(self, reply: protocol.Reply) -> None:
        if not isinstance(reply, protocol.Loading):
            self._replies.put(reply)

    def next_reply(self) -> protocol.Reply:
        return self._replies.get(timeout=TIMEOUT_S)


class ToldFolder(StateFolder):
    """Says which states it has saved."""

    def save(self, tokens: Sequence[int], parts: Sequence[Part]) -> str | None:
        problem = super().save(tokens, parts)
        saves.put((tuple(tokens), problem))
        return problem


saves: queue.SimpleQueue[tuple[Tokens, str | None]] = queue.SimpleQueue()


def test_an_evaluator_saves_when_it_rests_and_before_it_ends(tmp_path: Path) -> None:
    folder = ToldFolder(tmp_path / "states", KEY, 1 << 30)

    def spend(model: LlamaModel) -> None:
        """Save at once, as only slow machines do."""
        thrift = Thrift(gain_s=0.0, interval_s=0.0)
        model.warm = WarmStates(folder, model.cache, time.monotonic, thrift)

    asker, evaluator = Asker(), Evaluator(time.monotonic, spend)
    thread = threading.Thread(target=evaluator.run)
    thread.start()
    try:
        spec = replace(engine_spec(Settings()), warm_start_mb=0)
        evaluator.accept(asker, protocol.Load(1, spec))
        assert isinstance(asker.next_reply(), protocol.Loaded)
        evaluator.accept(asker, protocol.Tokenize(2, [TEXT.encode()]))
        (tokens,) = asker.next_reply().tokens  # type: ignore[union-attr]
        prompts = tokens[:300], tokens[300:700]
        for prompt in prompts:
            request = GenerationRequest(prompt, 0, 60.0, StopRule(1))
            evaluator.accept(asker, protocol.Generate(3, request))
            assert isinstance(asker.next_reply(), protocol.Generated)
            if prompt is prompts[0]:
                assert saves.get(timeout=TIMEOUT_S) == (prompt, None)
    finally:
        evaluator.stop()
        thread.join(TIMEOUT_S)
    assert saves.get(timeout=TIMEOUT_S) == (prompts[1], None)
