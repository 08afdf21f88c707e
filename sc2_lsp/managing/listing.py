"""What `sc2-lsp model list` says of each model: where it is, whether it fits, about how fast."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from sc2_lsp.bench.shapes import SHAPES, Shape
from sc2_lsp.engine.header import Header, HeaderError, read_model_header
from sc2_lsp.engine.machine import default_threads, memory
from sc2_lsp.managing.checking import ARCHITECTURE
from sc2_lsp.managing.estimate import fits, memory_bytes_per_s, tokens_per_s
from sc2_lsp.models import catalogue, model_path, own
from sc2_lsp.models.catalogue import Model
from sc2_lsp.settings import Settings

_FILE_TYPE = "MOSTLY_"


class Listing:
    """Describes models for this machine and for the model in force, `current`."""

    def __init__(self, current: str, settings: Settings) -> None:
        self._current = model_path(current)
        self._settings = settings
        self._n_threads = default_threads()
        self._bytes_per_s = own.best_speed(
            f"{platform.node()}, {self._n_threads} threads", memory_bytes_per_s(self._n_threads)
        )
        self._memory = memory()

    def to_json(self) -> dict[str, Any]:
        """Models that can be used, and the checkpoints that `sc2-quantize` makes such from."""
        known = catalogue.known_models()
        models = [self._known(model) for model in known if model.kind != "checkpoint"]
        if not any(row["is_current"] for row in models):
            models.append(self._file(self._current))
        return {
            "models": models,
            "checkpoints": [self._known(model) for model in known if model.kind == "checkpoint"],
        }

    def _known(self, model: Model) -> dict[str, Any]:
        place = model_path(model.name)
        is_here = place.exists()
        n_bytes = model.size_bytes
        if is_here and place.is_file():
            n_bytes = place.stat().st_size
        return {
            "name": model.name,
            "title": model.title,
            "size_bytes": n_bytes,
            "parameters": model.parameters,
            "quantization": model.quantization,
            "licence": model.licence,
            "url": model.url,
            "path": str(place) if is_here else None,
            "is_current": model.kind != "checkpoint" and place == self._current,
            **self._judged(SHAPES[model.shape], n_bytes, model),
        }

    def _judged(self, shape: Shape, n_bytes: int | None, model: Model) -> dict[str, Any]:
        if n_bytes is None or model.kind == "checkpoint":
            return {"expected_tokens_per_s": None, "fits": model.kind != "checkpoint"}
        speed = tokens_per_s(n_bytes, _n_params(shape), self._n_threads, self._bytes_per_s)
        return {
            "expected_tokens_per_s": speed,
            "fits": fits(shape, n_bytes, self._settings, self._memory),
        }

    def _file(self, path: Path) -> dict[str, Any]:
        """A file of the user's own that is in no catalogue; it may be gone by now."""
        try:
            header, n_bytes = read_model_header(path), path.stat().st_size
        except (HeaderError, OSError):
            header, n_bytes = Header({}, ()), 0
        shape = _shape(header)
        row = {
            "name": str(path),
            "title": path.name,
            "size_bytes": n_bytes,
            "parameters": str(header.metadata.get("general.size_label", "")),
            "quantization": _quantization(header),
            "licence": str(header.metadata.get("general.license", "")),
            "url": "",
            "path": str(path) if n_bytes else None,
            "is_current": True,
            "expected_tokens_per_s": None,
            "fits": False,
        }
        if shape is not None and n_bytes:
            row["fits"] = fits(shape, n_bytes, self._settings, self._memory)
            row["expected_tokens_per_s"] = tokens_per_s(
                n_bytes, _n_params(shape), self._n_threads, self._bytes_per_s
            )
        return row


def _n_params(shape: Shape) -> int:
    """The number of weights, but for norms and biases."""
    kv = shape.head_size * shape.n_head_kv
    layer = 2 * shape.n_embd * (shape.n_embd + kv + shape.n_ff)
    n_embeddings = 1 if shape.is_tied else 2
    return shape.n_layers * layer + n_embeddings * shape.n_vocab * shape.n_embd


def _shape(header: Header) -> Shape | None:
    """The sizes that a file's own metadata tells."""

    def number(key: str) -> int:
        value = header.metadata.get(f"{ARCHITECTURE}.{key}")
        return value if isinstance(value, int) and value > 0 else 0

    vocabularies = [
        tensor.dimensions[-1] for tensor in header.tensors if tensor.name == "token_embd.weight"
    ]
    sizes = {
        "n_layers": number("block_count"),
        "n_embd": number("embedding_length"),
        "n_ff": number("feed_forward_length"),
        "n_head": number("attention.head_count"),
        "n_head_kv": number("attention.head_count_kv"),
        "n_vocab": vocabularies[0] if vocabularies else 0,
    }
    return Shape("", rope_theta=0.0, is_tied=True, **sizes) if all(sizes.values()) else None


def _quantization(header: Header) -> str:
    """The name of the file's quantization type; empty where it says none that is known."""
    # Every start of the language server reads this module, and gguf takes its time.
    from gguf.constants import LlamaFileType

    try:
        name = LlamaFileType(int(header.metadata.get("general.file_type", -1))).name
    except ValueError:
        return ""
    return name.removeprefix(_FILE_TYPE).removeprefix("ALL_")
