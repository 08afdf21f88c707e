"""Which weights to use: the one that is named, else the user's choice, else the bundled one."""

from __future__ import annotations

from pathlib import Path

from sc2_lsp.domain import Access, EngineSpec
from sc2_lsp.models import catalogue, own
from sc2_lsp.settings import Settings

BUNDLED_MODEL = Path(__file__).parent / "bundled" / "sc2-tiny.gguf"


def engine_spec(settings: Settings) -> EngineSpec:
    """What the engine has to load under `settings`; it need not be there."""
    return EngineSpec(
        model_path=str(model_path(settings.model)),
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
        lora_path=str(_expanded(settings.lora)) if settings.lora else "",
        lora_scale=settings.lora_scale,
        endpoint=settings.endpoint,
        access=access(settings),
    )


def access(settings: Settings) -> Access:
    """How a team's servers may be reached under `settings`."""
    paths = (settings.endpoint_authority, settings.endpoint_certificate)
    authority, certificate = (str(_expanded(path)) if path else "" for path in paths)
    plain_http = bool(settings.endpoint_plain_http)
    return Access(authority, certificate, settings.endpoint_proxy, plain_http)


def model_path(model: str) -> Path:
    """The file of a model by its name in the catalogue or by its path; empty for the chosen one."""
    model = model or own.chosen_model()
    if not model:
        return BUNDLED_MODEL
    known = catalogue.find(model)
    if known is None:
        return _expanded(model)
    return BUNDLED_MODEL if known.kind == "bundled" else own.place_of(known)


def _expanded(path: str) -> Path:
    """`path` with a home folder in it written out; unchanged where there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
