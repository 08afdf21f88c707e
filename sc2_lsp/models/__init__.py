"""Which weights to use: the bundled model, or the file that the settings name."""

from __future__ import annotations

from pathlib import Path

from sc2_lsp.domain import EngineSpec
from sc2_lsp.settings import Settings

BUNDLED_MODEL = Path(__file__).parent / "bundled" / "sc2-tiny.gguf"


def engine_spec(settings: Settings) -> EngineSpec:
    """What the engine has to load under `settings`; touches no file."""
    path = Path(settings.model).expanduser() if settings.model else BUNDLED_MODEL
    return EngineSpec(
        model_path=str(path),
        n_ctx=settings.n_ctx,
        n_threads=settings.n_threads,
        n_gpu_layers=settings.n_gpu_layers,
        n_ubatch=settings.n_ubatch,
    )
