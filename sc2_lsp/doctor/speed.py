"""How fast the model in force reads and writes here, measured in the engine itself.

An engine that an editor uses with the same settings is asked, so that weights are in memory once.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sc2_lsp.doctor.check import Check, Situation, ok, warn
from sc2_lsp.doctor.check import fail as failed
from sc2_lsp.domain import GenerationRequest, StopRule
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.models import engine_spec
from sc2_lsp.ports import EngineError
from sc2_lsp.settings import Settings

_NAME = "speed"
_PATIENCE_S = 120.0
_DEADLINE_S = 20.0
_N_PROMPT = 128
_N_GENERATED = 24
# What a line costs after a pause, for people who do not think in tokens.
_N_LINE_READ, _N_LINE_WRITTEN = 64, 12
_SLOW = (
    "Use a smaller model or a smaller quantization, or lower `context_tokens` and `prefix_tokens`."
)


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second, None where too few were seen; `notice` is the engine's, or empty."""

    prompt: float | None
    generation: float | None
    notice: str


def speed(situation: Situation) -> Iterator[Check]:
    """Implements `Examine`; loads the model, which can take its time."""
    probe = situation.probe
    if probe.build is None or probe.model_problem is not None:
        yield warn(_NAME, "It was not measured.", "Mend what is said of llama.cpp and the model.")
        return
    try:
        measured = asyncio.run(_within(_PATIENCE_S, situation.settings))
    except EngineError as error:
        yield failed(_NAME, str(error), "See what is said of the model.")
    except asyncio.TimeoutError:
        found = f"The model was not loaded and measured within {_PATIENCE_S:.0f} s."
        yield failed(_NAME, found, _SLOW)
    else:
        yield judged(measured, situation.settings.deadline_ms / 1000)


def judged(measured: Speed, deadline_s: float) -> Check:
    """What to make of these speeds where a request has `deadline_s` seconds."""
    prompt, generation = measured.prompt, measured.generation
    found = f"It reads {_shown(prompt)} and writes {_shown(generation)} tokens a second."
    if measured.notice:
        return warn(_NAME, f"{found} {measured.notice}", "Close other programs, or see the README.")
    if not prompt or not generation:
        found = f"{found} That took longer than {_DEADLINE_S:.0f} s, or it had nothing to write."
        return warn(_NAME, found, _SLOW)
    line_s = _N_LINE_READ / prompt + _N_LINE_WRITTEN / generation
    found = f"{found} A line after a pause takes about {line_s:.1f} s."
    if line_s > deadline_s:
        return warn(_NAME, f"{found} `deadline_ms` allows {deadline_s:g} s.", _SLOW)
    return ok(_NAME, found)


async def _within(patience_s: float, settings: Settings) -> Speed:
    """Raises EngineError and TimeoutError."""
    sharing = 0.0 if settings.shared_engine else None
    spec = replace(engine_spec(settings), endpoint="")
    client = EngineClient(spec, time.monotonic, lambda: sharing)
    try:
        return await asyncio.wait_for(_measured(client), patience_s)
    finally:
        await client.close()


async def _measured(client: EngineClient) -> Speed:
    info = await client.describe()
    # What was never seen before is in no cache.
    words = " ".join(f"value_{secrets.token_hex(3)} = {number}" for number in range(_N_PROMPT))
    (tokens,) = await client.tokenize([words])
    generation = await client.generate(
        GenerationRequest(
            tokens=tokens[:_N_PROMPT],
            max_tokens=_N_GENERATED,
            deadline_s=_DEADLINE_S,
            stop=StopRule(max_lines=_N_GENERATED),
        )
    )
    return Speed(
        prompt=_rate(generation.n_evaluated, generation.prompt_s),
        generation=_rate(generation.n_steps, generation.generate_s),
        notice=info.notice,
    )


def _rate(n_tokens: int, seconds: float) -> float | None:
    return n_tokens / seconds if n_tokens and seconds > 0 else None


def _shown(rate: float | None) -> str:
    return (
        "an unknown number of" if rate is None else f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
    )
