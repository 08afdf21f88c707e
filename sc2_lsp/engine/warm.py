"""Carries the KV cache over restarts: what of it to save and when, and when a saved state helps.

Files are `states`' business, cells are `cache`'s. Saving copies in steps of about a millisecond,
so that a request never waits for more than one of them, and writes in a thread of its own. Where
prompts are evaluated as fast as states are read, it saves nothing.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sc2_lsp.domain import EngineSpec, Tokens
from sc2_lsp.engine.cache import KvCache
from sc2_lsp.engine.kv import common_prefix
from sc2_lsp.engine.states import Part, SavedState, StateFolder, default_folder, state_key
from sc2_lsp.ports import Clock

_PART_TOKENS = 128
_N_CANDIDATES = 2
_FEWEST_NEW_TOKENS = 256
_FEWEST_GAINED_TOKENS = 64
_LEAST_GAIN_S = 1.0
# What reading, checking and restoring comes to on a slow disk.
_LOADED_BYTES_PER_S = 200e6
# A state of a 3B model is 100 MB: a disk should not get one at every pause.
_SAVE_INTERVAL_S = 120.0
_FINISH_S = 1.2


@dataclass(frozen=True, slots=True)
class Thrift:
    """When a state is worth its file: `gain_s` is the least evaluation that it has to save."""

    gain_s: float = _LEAST_GAIN_S
    interval_s: float = _SAVE_INTERVAL_S


def warm_states(spec: EngineSpec, cache: KvCache, version: str, clock: Clock) -> WarmStates | None:
    """The states that fit what `spec` loads with this version of llama.cpp; None for none."""
    shapes = {
        "version": version,
        "kv_type": spec.kv_type,
        "flash_attention": spec.flash_attention,
        "shifted": str(spec.shift_tokens > 0),
    }
    adapter = Path(spec.lora_path) if spec.lora_path else None
    if adapter is not None:
        shapes["lora_scale"] = repr(spec.lora_scale)
    key = state_key(Path(spec.model_path), shapes, adapter)
    if key is None or not spec.warm_start_mb:
        return None
    folder = Path(spec.cache_folder) if spec.cache_folder else default_folder()
    return WarmStates(StateFolder(folder, key, spec.warm_start_mb << 20), cache, clock)


class WarmStates:
    """Owns what is known of the states on disk. Methods belong to the evaluating thread."""

    def __init__(
        self, folder: StateFolder, cache: KvCache, clock: Clock, thrift: Thrift | None = None
    ) -> None:
        self._folder = folder
        self._cache = cache
        self._clock = clock
        self._thrift = thrift or Thrift()
        self._saved = folder.index()
        self._saved_at_s: float | None = None
        self._writer: threading.Thread | None = None

    def recall(self, wanted: Tokens, n_cached: int, tokens_per_s: float) -> bool:
        """Put a saved state into the cache, if evaluating `wanted` takes longer without it.

        `n_cached` of the wanted tokens are cached already. Whether the cache has changed.
        """
        if len(wanted) - n_cached < _FEWEST_GAINED_TOKENS:
            return False
        found = self._most_helpful(wanted, n_cached)
        if found is None:
            return False
        saved, n_gained = found
        if n_gained / tokens_per_s < saved.n_bytes / _LOADED_BYTES_PER_S:
            return False
        parts = self._folder.load(saved)
        is_restored = parts is not None and self._cache.restore(saved.tokens, parts)
        if not is_restored:
            # Whatever the reason, it would be the same the next time.
            self._folder.remove(saved)
            self._saved = [other for other in self._saved if other is not saved]
        return parts is not None

    def save_at_rest(self, tokens_per_s: float, must_stop: Callable[[], bool]) -> None:
        """Save what is worth it, if it is time again; `must_stop` is asked every millisecond."""
        now_s = self._clock()
        is_early = (
            self._saved_at_s is not None and now_s - self._saved_at_s < self._thrift.interval_s
        )
        if not is_early and not self._is_writing():
            self._save(tokens_per_s, must_stop)

    def save_at_end(self, tokens_per_s: float) -> None:
        """Save what is worth it before the process ends, within a second or two."""
        end_s = self._clock() + _FINISH_S
        if self._writer is not None:
            self._writer.join(_FINISH_S / 2)
        if not self._is_writing():
            self._save(tokens_per_s, lambda: self._clock() > end_s)
        if self._writer is not None:
            self._writer.join(max(0.0, end_s - self._clock()))

    def _most_helpful(self, wanted: Tokens, n_cached: int) -> tuple[SavedState, int] | None:
        """The state that spares the most tokens, and how many; None where none spares enough."""
        best: tuple[SavedState, int] | None = None
        ahead = slice(n_cached, n_cached + _FEWEST_GAINED_TOKENS)
        for saved in self._saved:
            # Cheap, and nearly always enough to tell.
            if saved.tokens[ahead] != wanted[ahead]:
                continue
            n_gained = common_prefix(saved.tokens, wanted) - n_cached
            if n_gained >= _FEWEST_GAINED_TOKENS and (best is None or n_gained > best[1]):
                best = saved, n_gained
        return best

    def _is_writing(self) -> bool:
        return self._writer is not None and self._writer.is_alive()

    def _save(self, tokens_per_s: float, must_stop: Callable[[], bool]) -> None:
        found = self._worth_saving(tokens_per_s)
        if found is None:
            return
        sequence, tokens = found
        parts: list[Part] = []
        for start in range(0, len(tokens), _PART_TOKENS):
            if must_stop():
                return
            end = min(start + _PART_TOKENS, len(tokens))
            parts.append(self._cache.part(sequence, start, end))
        self._saved_at_s = self._clock()
        self._writer = threading.Thread(
            target=self._write, args=(tokens, parts), name="states", daemon=True
        )
        self._writer.start()

    def _worth_saving(self, tokens_per_s: float) -> tuple[int, Tokens] | None:
        """A sequence and what of it to save: of the last used ones, if it is new enough on disk.

        The last used one is the file at hand; the one before has the context that it does not
        share, if there is any. What was generated is not saved: somebody may never have seen it.
        """
        if not self._cache.is_settled:
            return None
        held = self._cache.sequences.held
        latest = sorted(range(len(held)), key=lambda index: held[index].last_used, reverse=True)
        for index in latest[:_N_CANDIDATES]:
            tokens = tuple(held[index].tokens[: held[index].n_asked])
            n_saved = max((common_prefix(s.tokens, tokens) for s in self._saved), default=0)
            n_new = len(tokens) - n_saved
            if n_new >= _FEWEST_NEW_TOKENS and len(tokens) / tokens_per_s >= self._thrift.gain_s:
                return index, tokens
        return None

    def _write(self, tokens: Tokens, parts: list[Part]) -> None:
        """The writing thread: nothing else of this object changes while it runs."""
        problem = self._folder.save(tokens, parts)
        if problem is not None:
            sys.stderr.write(f"sc2-lsp engine: {problem}\n")
            return
        for saved in self._folder.index():
            # Mostly the same place, but older: it would only push out others.
            n_shared = common_prefix(saved.tokens, tokens)
            if saved.tokens != tokens and 2 * n_shared > len(saved.tokens):
                self._folder.remove(saved)
        self._saved = self._folder.index()
