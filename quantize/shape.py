"""What a StarCoder2 checkpoint has to be by its config.json: sizes, names and shapes of tensors.

Nothing is guessed from the weights. Values that transformers would fill in by itself have its
defaults for StarCoder2; sizes have none, they have to be there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from quantize.failures import BadInput
from quantize.jsonfile import choice, flag, real_number, whole_number

ARCHITECTURE = "Starcoder2ForCausalLM"
_MOST = (1 << 31) - 1
_MOST_LAYERS = 1024
_MOST_VOCABULARY = 1 << 20
# llama.cpp computes GELU by tanh for this architecture, whatever a file says.
_ACTIVATIONS = ("gelu_pytorch_tanh", "gelu_new", "gelu_fast")
_DEFAULT_EPSILON = 1e-5
_DEFAULT_THETA = 10000.0
_DEFAULT_CONTEXT = 4096
_LAYER_PARTS = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}
OUTPUT = "lm_head.weight"
# Tables that old checkpoints carry and that follow from the configuration.
IGNORED_ENDINGS = (".attention.masked_bias", ".attention.bias", ".rotary_emb.inv_freq")


@dataclass(frozen=True, slots=True)
class Rope:
    """Rotary positions; `kind` is "default", "linear" or "yarn", whose numbers are in `scaling`."""

    theta: float
    kind: str
    scaling: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the model; `head_size` only where config.json names it."""

    n_vocab: int
    n_embd: int
    n_ff: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    n_ctx: int
    head_size: int | None
    norm_epsilon: float
    rope: Rope
    is_tied: bool

    @property
    def n_kv(self) -> int:
        """Numbers in the keys, or in the values, of one token in one layer."""
        return self.n_embd // self.n_heads * self.n_kv_heads


@dataclass(frozen=True, slots=True)
class Target:
    """What becomes of a tensor: its name for llama.cpp and the dimensions it has to have."""

    name: str
    dimensions: tuple[int, ...]

    @property
    def is_matrix(self) -> bool:
        return len(self.dimensions) > 1


def read_shape(config: dict[str, Any], where: str) -> Shape:
    """The shape that the config.json at `where` describes; BadInput if it is not StarCoder2's."""
    _check_architecture(config, where)
    n_embd = whole_number(config, "hidden_size", where, _MOST)
    n_heads = whole_number(config, "num_attention_heads", where, _MOST)
    n_kv_heads = whole_number(config, "num_key_value_heads", where, _MOST)
    if n_embd % n_heads or n_heads % n_kv_heads or n_embd // n_heads % 2:
        raise BadInput(
            f"{where} divides a hidden size of {n_embd} into {n_heads} heads with {n_kv_heads} "
            "for keys and values, which does not go."
        )
    context = {"max_position_embeddings": _DEFAULT_CONTEXT, **config}
    return Shape(
        n_vocab=whole_number(config, "vocab_size", where, _MOST_VOCABULARY),
        n_embd=n_embd,
        n_ff=whole_number(config, "intermediate_size", where, _MOST),
        n_layers=whole_number(config, "num_hidden_layers", where, _MOST_LAYERS),
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        n_ctx=whole_number(context, "max_position_embeddings", where, _MOST),
        head_size=_head_size(config, where, n_embd // n_heads),
        norm_epsilon=real_number(config, "norm_epsilon", where, _DEFAULT_EPSILON),
        rope=_rope(config, where),
        is_tied=flag(config, "tie_word_embeddings", where, True),
    )


def targets(shape: Shape) -> dict[str, Target]:
    """All tensors that a checkpoint of this shape may have, by their name there."""
    return dict(_targets(shape))


def is_needed(name: str, shape: Shape) -> bool:
    """Whether a checkpoint has to have the tensor; a tied one may leave out the output matrix."""
    return name != OUTPUT or not shape.is_tied


def _check_architecture(config: dict[str, Any], where: str) -> None:
    names = config.get("architectures")
    found = names[0] if isinstance(names, list) and names else config.get("model_type")
    if found not in (ARCHITECTURE, "starcoder2"):
        shown = f'"{found}"' if isinstance(found, str) else "no known model"
        raise BadInput(
            f"{where} describes {shown[:80]}; only StarCoder2 ({ARCHITECTURE}) can be converted."
        )
    choice(config, "hidden_act", where, _ACTIVATIONS)
    choice(config, "norm_type", where, ("layer_norm",))
    choice(config, "mlp_type", where, ("default",))
    if not flag(config, "use_bias", where, True):
        raise BadInput(
            f'"use_bias" in {where} is false; llama.cpp knows StarCoder2 with biases only.'
        )
    if config.get("quantization_config") is not None:
        raise BadInput(
            f"{where} describes a quantized checkpoint; convert the one it was made from."
        )


def _head_size(config: dict[str, Any], where: str, expected: int) -> int | None:
    if config.get("head_dim") is None:
        return None
    found = whole_number(config, "head_dim", where, _MOST)
    if found != expected:
        raise BadInput(
            f'"head_dim" in {where} is {found}; llama.cpp needs {expected} with these sizes.'
        )
    return found


def _rope(config: dict[str, Any], where: str) -> Rope:
    """Both spellings: `rope_theta` with `rope_scaling`, and all in `rope_parameters`."""
    given = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if not isinstance(given, dict):
        raise BadInput(f'"rope_scaling" in {where} is no object.')
    kind = given.get("rope_type", given.get("type")) or "default"
    theta = real_number(config, "rope_theta", where, _DEFAULT_THETA)
    rope = Rope(real_number(given, "rope_theta", where, theta), str(kind), given)
    needed = {"default": (), "linear": ("factor",), "yarn": ("factor",)}
    if kind not in needed:
        raise BadInput(f'"rope_type" {str(kind)[:40]!r} in {where} is unknown here.')
    for key in needed[str(kind)]:
        if given.get(key) is None:
            raise BadInput(f'"{key}" of the rotary positions in {where} is missing.')
        real_number(given, key, where, 1.0)
    if kind == "yarn":
        whole_number(given, "original_max_position_embeddings", where, _MOST)
        for key in ("extrapolation_factor", "attention_factor", "beta_fast", "beta_slow"):
            real_number(given, key, where, 1.0)
    return rope


def _targets(shape: Shape) -> Iterator[tuple[str, Target]]:
    embedding = (shape.n_vocab, shape.n_embd)
    yield "model.embed_tokens.weight", Target("token_embd.weight", embedding)
    yield "model.norm.weight", Target("output_norm.weight", (shape.n_embd,))
    yield "model.norm.bias", Target("output_norm.bias", (shape.n_embd,))
    yield OUTPUT, Target("output.weight", embedding)
    rows_and_columns: dict[str, tuple[int, ...]] = {
        "input_layernorm": (shape.n_embd,),
        "self_attn.q_proj": (shape.n_embd, shape.n_embd),
        "self_attn.k_proj": (shape.n_kv, shape.n_embd),
        "self_attn.v_proj": (shape.n_kv, shape.n_embd),
        "self_attn.o_proj": (shape.n_embd, shape.n_embd),
        "post_attention_layernorm": (shape.n_embd,),
        "mlp.c_fc": (shape.n_ff, shape.n_embd),
        "mlp.c_proj": (shape.n_embd, shape.n_ff),
    }
    for layer in range(shape.n_layers):
        for part, dimensions in rows_and_columns.items():
            theirs, ours = f"model.layers.{layer}.{part}", f"blk.{layer}.{_LAYER_PARTS[part]}"
            yield f"{theirs}.weight", Target(f"{ours}.weight", dimensions)
            yield f"{theirs}.bias", Target(f"{ours}.bias", dimensions[:1])
