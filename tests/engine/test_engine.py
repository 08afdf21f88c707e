"""The engine client against a real engine process with the bundled model."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from sc2_lsp.domain import EngineSpec, GenerationRequest, StopReason, StopRule, Tokens
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.models import BUNDLED_MODEL, engine_spec
from sc2_lsp.ports import EngineError, EngineUnavailable, ModelError
from sc2_lsp.settings import Settings

SPEC = engine_spec(Settings(warm_start_mb=0))
MANY_LINES = StopRule(max_lines=100)


def request(tokens: Tokens, **changes: object) -> GenerationRequest:
    base = GenerationRequest(tokens, max_tokens=8, deadline_s=60.0, stop=MANY_LINES)
    return replace(base, **changes)  # type: ignore[arg-type]


def long_prompt(first: int = 100, n_tokens: int = 4000) -> Tokens:
    return tuple(first + index % 700 for index in range(n_tokens))


async def eventually(condition: object, timeout_s: float = 10.0) -> None:
    """Wait for something that another process does and sends no event for."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline_s, "it did not happen"
        await asyncio.sleep(0.01)


async def test_it_describes_the_bundled_model(engine: EngineClient) -> None:
    info = await engine.describe()
    assert info.description.startswith("starcoder2")
    assert info.n_ctx == 4096
    assert 6_000_000 <= info.n_params <= 20_000_000


async def test_a_context_longer_than_the_model_knows_is_cut_to_it(engine: EngineClient) -> None:
    engine.configure(replace(SPEC, n_ctx=16384))
    info = await engine.describe()
    assert info.n_ctx == min(16384, info.n_ctx_train)


async def test_tokens_read_back_as_the_text(engine: EngineClient) -> None:
    text = "def f(x):\r\n\treturn '<file_sep>' + \"é😀\" # 12 <|endoftext|>\f\u2028\0end"
    (tokens,) = await engine.tokenize([text])
    assert all(token >= 38 for token in tokens)
    assert await engine.detokenize(tokens) == text


async def test_a_lone_surrogate_becomes_a_question_mark(engine: EngineClient) -> None:
    (tokens,) = await engine.tokenize(["a\ud800b"])
    assert await engine.detokenize(tokens) == "a?b"


async def test_what_stands_in_the_kv_cache_is_not_evaluated_again(engine: EngineClient) -> None:
    prompt = long_prompt(n_tokens=500)
    first = await engine.generate(request(prompt))
    again = await engine.generate(request(prompt))
    longer = await engine.generate(request((*prompt, 90, 91, 92)))
    shorter = await engine.generate(request((*prompt[:300], 90)))
    counts = [g.n_evaluated for g in (first, again, longer, shorter)]
    assert counts[0] == 500
    assert counts[1:] == [0, 3, 1]
    assert first.text == again.text


async def test_greedy_text_does_not_depend_on_what_was_cached(engine: EngineClient) -> None:
    (tokens,) = await engine.tokenize(["import os\n\n\ndef read(path):\n    with open("])
    prompt = (6, 1, *tokens, 3, 2)
    alone = await engine.generate(request(prompt))
    await engine.generate(request((*prompt[:10], *long_prompt(n_tokens=300))))
    assert (await engine.generate(request(prompt))).text == alone.text


async def test_limits_end_a_generation(engine: EngineClient) -> None:
    (tokens,) = await engine.tokenize(["x = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1"])
    got = await engine.generate(request(tokens, max_tokens=3))
    assert got.stop_reason in {StopReason.MAX_TOKENS, StopReason.SPECIAL_TOKEN}
    assert got.n_generated <= 3


async def test_a_full_context_ends_a_generation(engine: EngineClient) -> None:
    engine.configure(replace(SPEC, n_ctx=512))
    n_ctx = (await engine.describe()).n_ctx
    got = await engine.generate(request(long_prompt(n_tokens=n_ctx - 2), max_tokens=100))
    assert got.n_generated <= 3
    assert got.stop_reason in {StopReason.CONTEXT_FULL, StopReason.SPECIAL_TOKEN}


async def test_a_deadline_in_the_prompt_keeps_what_was_evaluated(engine: EngineClient) -> None:
    await engine.describe()
    prompt = long_prompt()
    late = await engine.generate(request(prompt, deadline_s=0.05))
    assert late.stop_reason is StopReason.DEADLINE
    assert not late.prompt_done
    assert late.n_evaluated < len(prompt)
    rest = await engine.generate(request(prompt, max_tokens=1))
    assert rest.n_evaluated == len(prompt) - late.n_evaluated


async def test_cancelling_frees_the_engine_before_the_prompt_is_evaluated(
    engine: EngineClient,
) -> None:
    await engine.describe()
    prompt = long_prompt()
    running = asyncio.ensure_future(engine.generate(request(prompt)))
    await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    again = await engine.generate(request(prompt, max_tokens=1))
    assert again.n_evaluated > 500, "the cancelled request was evaluated to its end"


async def test_a_cancelled_request_in_the_queue_is_never_evaluated(engine: EngineClient) -> None:
    await engine.describe()
    running = asyncio.ensure_future(engine.generate(request(long_prompt(100), max_tokens=1)))
    waiting = asyncio.ensure_future(engine.generate(request(long_prompt(200), max_tokens=1)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await running
    again = await engine.generate(request(long_prompt(100), max_tokens=1))
    late = await engine.generate(request(long_prompt(200), max_tokens=1))
    assert again.n_evaluated == 0
    assert late.n_evaluated == late.n_prompt, "the cancelled request was evaluated"


@pytest.mark.parametrize("tokens", [(), tuple(range(40, 40 + 5000)), (10**6,), (-1,)])
async def test_a_prompt_that_cannot_be_evaluated_is_refused(
    engine: EngineClient, tokens: Tokens
) -> None:
    with pytest.raises(EngineError) as failure:
        await engine.generate(request(tokens))
    assert not isinstance(failure.value, EngineUnavailable)
    assert (await engine.generate(request((50, 51)))).n_prompt == 2


async def test_a_killed_engine_fails_its_request_and_the_next_one_works(
    engine: EngineClient,
) -> None:
    await engine.describe()
    assert engine.n_ends == 0
    running = asyncio.ensure_future(engine.generate(request(long_prompt())))
    await asyncio.sleep(0.02)
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGTERM)
    with pytest.raises(EngineUnavailable, match="ended unexpectedly"):
        await running
    assert (await engine.generate(request((50, 51)))).n_prompt == 2
    assert engine.n_ends == 1


async def test_an_engine_that_keeps_dying_is_left_alone_for_a_while() -> None:
    now_s = 1000.0
    client = EngineClient(SPEC, lambda: now_s)
    try:
        for _ in range(2):
            await client.describe()
            pid = client.pid
            assert pid is not None
            os.kill(pid, signal.SIGTERM)
            await eventually(lambda: client.pid is None)
        with pytest.raises(EngineUnavailable, match="started again in"):
            await client.describe()
        now_s += 60
        assert (await client.describe()).n_ctx == 4096
    finally:
        await client.close()


async def test_closing_ends_the_process(engine: EngineClient) -> None:
    await engine.describe()
    pid = engine.pid
    assert pid is not None
    await engine.close()
    assert not psutil.pid_exists(pid)
    with pytest.raises(EngineUnavailable):
        await engine.describe()


async def test_who_waits_for_a_model_gets_the_one_that_the_settings_name_by_then(
    engine: EngineClient,
) -> None:
    waiting = asyncio.ensure_future(engine.describe())
    await eventually(lambda: engine.state == "loading")
    engine.configure(replace(SPEC, n_ctx=1024))
    assert (await waiting).n_ctx == 1024


async def test_another_model_replaces_the_process(engine: EngineClient) -> None:
    await engine.describe()
    before = engine.pid
    engine.configure(replace(SPEC, n_ctx=1024))
    assert (await engine.describe()).n_ctx == 1024
    assert engine.pid != before
    assert before is not None
    await eventually(lambda: not psutil.pid_exists(before))


def _truncated(folder: Path) -> Path:
    path = folder / "truncated.gguf"
    path.write_bytes(BUNDLED_MODEL.read_bytes()[:-100_000])
    return path


def _only_a_header(folder: Path) -> Path:
    path = folder / "header.gguf"
    path.write_bytes(BUNDLED_MODEL.read_bytes()[:600])
    return path


def _of_another_kind(folder: Path) -> Path:
    path = folder / "llama.gguf"
    data = BUNDLED_MODEL.read_bytes()
    path.write_bytes(data.replace(b"starcoder2", b"phitwo_xyz"))
    return path


def _other_vocabulary(folder: Path) -> Path:
    path = folder / "vocabulary.gguf"
    path.write_bytes(BUNDLED_MODEL.read_bytes().replace(b"<fim_middle>", b"<fim_muddle>"))
    return path


def _no_gguf(folder: Path) -> Path:
    path = folder / "model.safetensors"
    path.write_bytes(b"{}" * 100)
    return path


def _missing(folder: Path) -> Path:
    return folder / "missing.gguf"


def _folder(folder: Path) -> Path:
    return folder


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_missing, "does not exist"),
        (_folder, "cannot be read"),
        (_no_gguf, "is not a GGUF file"),
        (_truncated, "cannot be loaded"),
        (_only_a_header, "cannot be loaded"),
        (_of_another_kind, "phitwo_xyz"),
        (_other_vocabulary, "<fim_middle>"),
    ],
)
async def test_a_file_that_is_no_usable_model_gets_one_sentence(
    engine: EngineClient, tmp_path: Path, make: object, says: str
) -> None:
    path = make(tmp_path)  # type: ignore[operator]
    engine.configure(EngineSpec(str(path), 4096, 0, -1, 64))
    for _ in range(2):
        with pytest.raises(ModelError) as failure:
            await engine.describe()
        message = str(failure.value)
        assert says in message
        assert str(path) in message
        assert "\n" not in message
    engine.configure(SPEC)
    assert (await engine.describe()).n_ctx == 4096


async def test_a_repaired_model_file_is_tried_again(engine: EngineClient, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    engine.configure(replace(SPEC, model_path=str(path)))
    with pytest.raises(ModelError):
        await engine.describe()
    path.write_bytes(BUNDLED_MODEL.read_bytes())
    assert (await engine.describe()).n_ctx == 4096
