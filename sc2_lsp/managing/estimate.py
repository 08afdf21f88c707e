"""Whether a model that need not be here fits this machine, and about how fast it would write.

Estimates: a model that is here is judged by the engine, from the file itself.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sc2_lsp.bench.shapes import Shape
from sc2_lsp.engine.fit import ModelShape, Use, refusal
from sc2_lsp.engine.machine import Memory
from sc2_lsp.engine.speed import Speed
from sc2_lsp.settings import Settings

_PROBE_BYTES = 128 << 20
_N_PROBES = 3


def fits(shape: Shape, n_bytes: int, settings: Settings, memory: Memory) -> bool:
    """Whether weights of `n_bytes` with their KV cache fit, once other programs are closed."""
    layers = (n_bytes // shape.n_layers,) * shape.n_layers
    sizes = ModelShape(
        layer_bytes=layers,
        embedding_bytes=n_bytes - sum(layers),
        output_bytes=0,
        is_tied=True,
        matrix_bytes={},
        n_embd=shape.n_embd,
        n_ff=shape.n_ff,
        n_heads=shape.n_head,
        n_kv_numbers=2 * shape.head_size * shape.n_head_kv,
        n_vocab=shape.n_vocab,
    )
    use = Use(n_cells=settings.kv_tokens, kv_type=settings.kv_type, n_ubatch=settings.n_ubatch)
    return refusal(sizes, use, replace(memory, available=memory.total)) is None


def tokens_per_s(n_bytes: int, n_params: int, n_threads: int, bytes_per_s: float) -> float:
    """About how fast weights of `n_bytes` generate on the processor, to two digits.

    All of them are read from memory for each token, so that is the bound, unless computing is.
    """
    bound = min(bytes_per_s / n_bytes, Speed(n_threads, n_params).tokens_per_s)
    return float(f"{bound:.2g}")


def memory_bytes_per_s(n_threads: int) -> float:
    """How fast `n_threads` threads together read main memory, measured in some hundredths of a s.

    The best of several tries: other programs can only make it look slower than it is.
    """
    # Every start of the language server reads this module, and NumPy takes its time.
    import numpy as np

    parts = [np.ones(_PROBE_BYTES // 8 // n_threads) for _ in range(n_threads)]
    best = 0.0
    with ThreadPoolExecutor(n_threads) as pool:
        for _ in range(_N_PROBES):
            started_s = time.perf_counter()
            list(pool.map(np.max, parts))
            elapsed_s = time.perf_counter() - started_s
            best = max(best, sum(part.nbytes for part in parts) / elapsed_s)
    return best
