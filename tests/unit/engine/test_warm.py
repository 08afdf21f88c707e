from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from sc2_lsp.engine.cache import Batches, KvCache
from sc2_lsp.engine.states import StateFolder
from sc2_lsp.engine.warm import Thrift, WarmStates, warm_states
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings
from tests.unit.engine.memory import SlowMemory

N_CELLS = 4000
SLOW = 100.0
"""Tokens a second: what a laptop does with the 3B model."""
FIRST = tuple(range(1000, 1600))
SECOND = (*FIRST[:200], *range(3000, 3400))


def never() -> bool:
    return False


def ignore(*_: object) -> None:
    pass


class Engine:
    """An engine's cache with its warm states; `now_s` is its clock."""

    def __init__(self, folder: Path, thrift: Thrift | None = None) -> None:
        self.now_s = 0.0
        self.memory = SlowMemory(N_CELLS)
        self.cache = KvCache(self.memory, N_CELLS, 64)
        self.folder = StateFolder(folder, "ab" * 16, 1 << 20)
        self.warm = WarmStates(self.folder, self.cache, lambda: self.now_s, thrift)

    def prompt(self, tokens: tuple[int, ...]) -> int:
        """Evaluate what is missing of a prompt; how much that was."""
        plan = self.cache.plan(tokens, 0)
        if self.warm.recall(tokens, plan.n_keep, SLOW):
            plan = self.cache.plan(tokens, 0)
        self.cache.execute(plan, tokens, Batches(ignore, ignore))
        return plan.n_evaluate

    def rest(self) -> None:
        """Pause long enough to save, and wait for what is written."""
        self.now_s += 1000
        self.warm.save_at_rest(SLOW, never)
        self.warm.save_at_end(1e9)

    def saved(self) -> set[tuple[int, ...]]:
        return {state.tokens for state in self.folder.index()}


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


def restarted(engine: Engine) -> Engine:
    return Engine(engine.folder.folder)


def test_after_a_restart_only_what_is_new_is_evaluated(engine: Engine) -> None:
    assert engine.prompt(FIRST) == 600
    engine.rest()
    later = restarted(engine)
    assert later.prompt((*FIRST, 1, 2, 3)) == 3
    assert later.memory.tokens(0) == [*FIRST, 1, 2, 3]


def test_the_last_file_is_saved_first_and_then_the_one_before(engine: Engine) -> None:
    engine.prompt(SECOND)
    engine.prompt(FIRST)
    engine.rest()
    assert engine.saved() == {FIRST}
    engine.rest()
    assert engine.saved() == {FIRST, SECOND}
    engine.rest()
    assert engine.saved() == {FIRST, SECOND}


def test_the_state_that_spares_most_is_taken(engine: Engine) -> None:
    for tokens in (SECOND, FIRST):
        engine.prompt(tokens)
        engine.rest()
    assert restarted(engine).prompt((*SECOND, 7)) == 1
    assert restarted(engine).prompt((*FIRST[:300], 7)) == 1


def test_a_state_that_spares_little_is_left_on_disk(engine: Engine) -> None:
    engine.prompt(FIRST)
    engine.rest()
    assert restarted(engine).prompt((*FIRST[:63], *range(9000, 9100))) == 163
    assert restarted(engine).prompt((*FIRST[:64], *range(9000, 9100))) == 100


def test_a_state_that_takes_longer_to_read_than_to_evaluate_is_left_on_disk(
    engine: Engine,
) -> None:
    engine.prompt(FIRST)
    engine.rest()
    later = restarted(engine)
    assert not later.warm.recall(FIRST, 0, 1e9)
    assert later.warm.recall(FIRST, 0, SLOW)


def test_few_new_tokens_are_not_worth_a_file(engine: Engine) -> None:
    engine.prompt(FIRST[:255])
    engine.rest()
    assert engine.saved() == set()
    engine.prompt(FIRST[:256])
    engine.warm.save_at_rest(1.0, never)
    engine.warm.save_at_end(1e9)
    assert engine.saved() == {FIRST[:256]}


def test_a_fast_machine_saves_nothing(engine: Engine) -> None:
    engine.prompt(FIRST)
    engine.warm.save_at_rest(600.1, never)
    engine.warm.save_at_end(600.1)
    assert engine.saved() == set()
    engine.warm.save_at_end(600.0)
    assert engine.saved() == {FIRST}


def test_a_growing_file_replaces_its_state(engine: Engine) -> None:
    engine.prompt(FIRST)
    engine.rest()
    # Most of it stays, but it does not begin with all that was saved.
    grown = (*FIRST[:350], *range(5000, 5300))
    engine.prompt(grown)
    engine.rest()
    assert engine.saved() == {grown}


def test_a_disk_does_not_get_a_file_at_every_pause(engine: Engine) -> None:
    engine.prompt(FIRST)
    engine.rest()
    engine.prompt(SECOND)
    engine.now_s += 100
    engine.warm.save_at_rest(SLOW, never)
    engine.warm.save_at_end(1e9)
    assert engine.saved() == {FIRST}
    engine.warm.save_at_end(SLOW)
    assert engine.saved() == {FIRST, SECOND}


def test_saving_stops_as_soon_as_somebody_waits(engine: Engine) -> None:
    engine.prompt(FIRST)
    answers = iter([False, False, True])
    engine.warm.save_at_rest(SLOW, lambda: next(answers))
    engine.warm.save_at_end(1e9)
    assert engine.saved() == set()
    assert next(answers, None) is None, "it was asked before each of three parts"
    engine.warm.save_at_rest(SLOW, never)
    engine.warm.save_at_end(1e9)
    assert engine.saved() == {FIRST}, "what was broken off is due at the next rest"


def test_the_end_does_not_wait_for_slow_copies(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    engine.prompt(FIRST)
    seconds = itertools.count(step=0.7)
    slow = WarmStates(engine.folder, engine.cache, lambda: next(seconds))
    slow.save_at_end(SLOW)
    assert engine.saved() == set()


def test_what_was_generated_is_not_saved(engine: Engine) -> None:
    engine.prompt(FIRST)
    engine.cache.append(0, [8000, 8001], n_ranked=1)
    engine.rest()
    assert engine.saved() == {FIRST}


def test_nothing_is_saved_while_moved_keys_are_not_turned(engine: Engine) -> None:
    engine.cache = cache = KvCache(engine.memory, N_CELLS, 64, shift_tokens=8)
    warm = WarmStates(engine.folder, cache, lambda: 0.0)
    engine.prompt(FIRST)
    changed = (*FIRST[:100], *FIRST[150:], 9)

    def look(_: int) -> None:
        if not cache.is_settled:
            warm.save_at_end(SLOW)
            looked.append(engine.saved())

    looked: list[object] = []
    cache.execute(cache.plan(changed, 0), changed, Batches(lambda: look(0), look))
    assert looked
    assert looked[-1] == set()
    warm.save_at_end(SLOW)
    assert engine.saved() == {changed}


def test_a_damaged_state_is_evaluated_anew_and_asked_for_once(engine: Engine) -> None:
    engine.prompt(FIRST)
    engine.rest()
    later = restarted(engine)
    (state,) = engine.folder.index()
    content = bytearray(state.path.read_bytes())
    content[-1] ^= 1
    state.path.write_bytes(content)
    assert later.prompt(FIRST) == 600
    assert not state.path.exists()


def test_a_state_that_the_cache_refuses_is_removed(engine: Engine) -> None:
    engine.folder.save(FIRST, [bytes(16), bytes(3)])
    later = restarted(engine)
    assert later.prompt(FIRST) == 600
    assert later.saved() == set()


def test_a_state_that_somebody_else_removed_is_no_error(engine: Engine) -> None:
    engine.prompt(FIRST)
    engine.rest()
    later = restarted(engine)
    later.folder.remove(later.folder.index()[0])
    assert later.prompt(FIRST) == 600


def test_a_folder_that_cannot_be_written_is_said_on_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "states").write_text("in the way")
    engine = Engine(tmp_path / "states")
    engine.prompt(FIRST)
    engine.rest()
    assert "cannot be saved" in capsys.readouterr().err


def test_states_are_kept_apart_by_what_shapes_them(tmp_path: Path) -> None:
    cache = KvCache(SlowMemory(N_CELLS), N_CELLS, 64)
    spec = replace(engine_spec(Settings()), cache_folder=str(tmp_path))
    wanted = tuple(range(600))
    cache.execute(cache.plan(wanted, 0), wanted, Batches(ignore, ignore))
    warm = warm_states(spec, cache, "1.0", lambda: 0.0)
    assert warm is not None
    warm.save_at_end(SLOW)

    def recalls(version: str = "1.0", **changes: object) -> bool:
        changed = replace(spec, **changes)  # type: ignore[arg-type]
        cache = KvCache(SlowMemory(N_CELLS), N_CELLS, 64)
        warm = warm_states(changed, cache, version, lambda: 0.0)
        return warm is not None and warm.recall(wanted, 0, SLOW)

    assert recalls()
    assert recalls(n_threads=7, n_ctx=1024)
    assert not recalls(version="1.1")
    assert not recalls(kv_type="q8_0")
    assert not recalls(flash_attention="off")
    assert recalls(shift_tokens=64)
    assert not recalls(shift_tokens=0)
    assert not recalls(warm_start_mb=0)
    assert not recalls(model_path=str(tmp_path / "none.gguf"))
