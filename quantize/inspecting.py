"""What a GGUF file or a checkpoint is, from its header alone: no weights, no llama.cpp."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantize import gguf_header
from quantize.converting import AUTO, prepare
from quantize.gguf_header import Value
from quantize.safetensors import read_tensors
from quantize.source import find_source
from quantize.tokenizer import FIM_TOKENS

_SIZES = {
    "layers": "block_count",
    "hidden": "embedding_length",
    "feed_forward": "feed_forward_length",
    "heads": "attention.head_count",
    "kv_heads": "attention.head_count_kv",
    "context": "context_length",
}
_SPECIAL = ("bos", "eos", "unknown", "padding", *FIM_TOKENS)
# What GGUF keys call them; a checkpoint has the short names.
_GGUF_NAMES = {"unk": "unknown", "pad": "padding"}
_KV_NUMBER_BYTES = 2


@dataclass(frozen=True, slots=True)
class Report:
    """None and empty where the file does not say. `kv_bytes_per_token` is for numbers in F16."""

    format: str
    bytes: int
    architecture: str | None
    name: str | None
    licence: str | None
    revision: str | None
    parameters: int
    sizes: dict[str, int]
    tensors: dict[str, dict[str, int]]
    special_ids: dict[str, int]
    lacks: tuple[str, ...]
    kv_bytes_per_token: int | None


def inspect(path: Path) -> Report:
    """The report on a GGUF file, a safetensors file or the folder of a checkpoint.

    Raises BadInput, for a folder also where it could not be converted.
    """
    if path.is_dir():
        return _of_folder(path)
    if path.suffix == ".safetensors":
        return _of_safetensors(path)
    return _of_gguf(path)


def _of_gguf(path: Path) -> Report:
    header = gguf_header.read_header(path)
    metadata = header.metadata
    architecture = _text(metadata, "general.architecture")
    sizes = {
        what: value
        for what, key in _SIZES.items()
        if (value := _whole(metadata, f"{architecture}.{key}")) is not None
    }
    tokens = metadata.get("tokenizer.ggml.tokens")
    texts = tokens if isinstance(tokens, list) else []
    if texts:
        sizes["vocabulary"] = len(texts)
    ids = {
        kind: value
        for kind in _SPECIAL
        if (value := _whole(metadata, f"tokenizer.ggml.{kind}_token_id")) is not None
    }
    is_adapter = metadata.get("general.type") == "adapter"
    if is_adapter:
        # The first half of a pair has the rank as its second dimension.
        ranks = [t.dimensions[1] for t in header.tensors if len(t.dimensions) > 1]
        sizes["rank"] = ranks[0] if ranks else 0
    return Report(
        format="GGUF adapter" if is_adapter else "GGUF",
        bytes=header.n_bytes,
        architecture=architecture,
        name=_text(metadata, "general.name"),
        licence=_text(metadata, "general.license"),
        revision=_text(metadata, "sc2.source.revision"),
        parameters=sum(tensor.n_elements for tensor in header.tensors),
        sizes=sizes,
        tensors=_by_kind((t.kind.name, t.n_bytes) for t in header.tensors),
        special_ids=ids,
        lacks=_lacks(ids, texts),
        kv_bytes_per_token=_kv_bytes(sizes),
    )


def _of_folder(folder: Path) -> Report:
    conversion = prepare(find_source(str(folder)), AUTO, None)
    shape, tokenizer = conversion.shape, conversion.tokenizer
    sizes = {
        "layers": shape.n_layers,
        "hidden": shape.n_embd,
        "feed_forward": shape.n_ff,
        "heads": shape.n_heads,
        "kv_heads": shape.n_kv_heads,
        "context": shape.n_ctx,
        "vocabulary": shape.n_vocab,
    }
    sources = [weight.source for weight in conversion.weights.weights]
    return Report(
        format="checkpoint",
        bytes=sum(file.stat().st_size for file in conversion.weights.files),
        architecture="starcoder2",
        name=conversion.metadata.name,
        licence=_licence(conversion.metadata.license),
        revision=conversion.source.revision,
        parameters=conversion.n_parameters,
        sizes=sizes,
        tensors=_by_kind((source.dtype, source.n_bytes) for source in sources),
        special_ids={
            _GGUF_NAMES.get(kind, kind): number
            for kind, number in {**tokenizer.special_ids, **tokenizer.fim_ids}.items()
        },
        lacks=_lacks(tokenizer.fim_ids, tokenizer.tokens),
        kv_bytes_per_token=_kv_bytes(sizes),
    )


def _of_safetensors(path: Path) -> Report:
    tensors = read_tensors(path).values()
    return Report(
        format="safetensors",
        bytes=path.stat().st_size,
        architecture=None,
        name=None,
        licence=None,
        revision=None,
        parameters=sum(tensor.n_elements for tensor in tensors),
        sizes={},
        tensors=_by_kind((tensor.dtype, tensor.n_bytes) for tensor in tensors),
        special_ids={},
        lacks=(),
        kv_bytes_per_token=None,
    )


def _lacks(ids: dict[str, int], texts: Iterable[str]) -> tuple[str, ...]:
    """The fill-in-the-middle tokens without an id, or with that of another token."""
    by_id = dict(enumerate(texts))
    return tuple(
        text
        for kind, text in FIM_TOKENS.items()
        if by_id and (kind not in ids or by_id.get(ids[kind]) != text)
    )


def _by_kind(tensors: Iterable[tuple[str, int]]) -> dict[str, dict[str, int]]:
    """Count and bytes of the tensors of each kind, the largest share first."""
    counts, sizes = Counter[str](), Counter[str]()
    for kind, n_bytes in tensors:
        counts[kind] += 1
        sizes[kind] += n_bytes
    return {kind: {"count": counts[kind], "bytes": size} for kind, size in sizes.most_common()}


def _kv_bytes(sizes: dict[str, int]) -> int | None:
    """Keys and values of one token in all layers."""
    needed = [sizes.get(what, 0) for what in ("layers", "hidden", "heads", "kv_heads")]
    if not all(needed):
        return None
    n_layers, n_embd, n_heads, n_kv_heads = needed
    return 2 * n_layers * (n_embd // n_heads * n_kv_heads) * _KV_NUMBER_BYTES


def _text(metadata: dict[str, Value], key: str) -> str | None:
    value = metadata.get(key)
    return value if isinstance(value, str) else None


def _whole(metadata: dict[str, Value], key: str) -> int | None:
    value = metadata.get(key)
    return value if type(value) is int else None


def _licence(licence: Any) -> str | None:
    return ",".join(licence) if isinstance(licence, list) else licence
