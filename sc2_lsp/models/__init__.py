"""Which weights to use: the bundled model, or the file that the settings name."""

from __future__ import annotations

from pathlib import Path

from sc2_lsp.domain import EngineSpec
from sc2_lsp.settings import Settings

BUNDLED_MODEL = Path(__file__).parent / "bundled" / "sc2-tiny.gguf"


def engine_spec(settings: Settings) -> EngineSpec:
    """What the engine has to load under `settings`; touches no file."""
    path = _expanded(settings.model) if settings.model else BUNDLED_MODEL
    return EngineSpec(
        model_path=str(path),
        n_ctx=settings.n_ctx,
        n_threads=settings.n_threads,
        n_gpu_layers=settings.n_gpu_layers,
        n_ubatch=settings.n_ubatch,
        n_cells=settings.kv_tokens,
        flash_attention=settings.flash_attention,
        kv_type=settings.kv_type,
        shift_tokens=settings.shift_tokens,
        drafting=settings.drafting,
        warm_start_mb=settings.warm_start_mb,
    )


def _expanded(path: str) -> Path:
    """`path` with a home folder in it written out; unchanged where there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
