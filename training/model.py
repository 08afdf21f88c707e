"""The bundled model's architecture: StarCoder2 in 6.4 M parameters, written for training speed.

`Tiny` computes what transformers' `Starcoder2ForCausalLM` computes, with the same parameter names,
so that its weights load there unchanged (`export.py` checks that both give the same logits). It has
no dropout, no sliding window, no cache: it trains, it does not generate.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import Starcoder2Config


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the model; the names follow transformers' configuration."""

    vocab_size: int = 8192
    hidden_size: int = 256
    intermediate_size: int = 1024
    num_hidden_layers: int = 6
    num_attention_heads: int = 4
    num_key_value_heads: int = 2
    max_position_embeddings: int = 4096
    norm_epsilon: float = 1e-5
    rope_theta: float = 100_000.0

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.num_attention_heads

    def config(self) -> Starcoder2Config:
        """The same model for transformers; its defaults for dropout and ids are overridden."""
        sizes = asdict(self)
        theta = sizes.pop("rope_theta")
        return Starcoder2Config(
            **sizes,
            rope_parameters={"rope_type": "default", "rope_theta": theta},
            hidden_act="gelu_pytorch_tanh",
            attention_dropout=0.0,
            residual_dropout=0.0,
            embedding_dropout=0.0,
            sliding_window=None,
            use_bias=True,
            tie_word_embeddings=True,
            bos_token_id=0,
            eos_token_id=0,
        )


class Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        kv_size = shape.num_key_value_heads * shape.head_size
        self.q_proj = nn.Linear(shape.hidden_size, shape.hidden_size)
        self.k_proj = nn.Linear(shape.hidden_size, kv_size)
        self.v_proj = nn.Linear(shape.hidden_size, kv_size)
        self.o_proj = nn.Linear(shape.hidden_size, shape.hidden_size)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        b, t, _ = x.shape
        q, k, v = (
            p(x).view(b, t, -1, self.shape.head_size).transpose(1, 2)
            for p in (self.q_proj, self.k_proj, self.v_proj)
        )
        groups = self.shape.num_attention_heads // self.shape.num_key_value_heads
        k = rotate(k, cos, sin).repeat_interleave(groups, dim=1)
        v = v.repeat_interleave(groups, dim=1)
        y = F.scaled_dot_product_attention(rotate(q, cos, sin), k, v, is_causal=True)
        return self.o_proj(y.transpose(1, 2).reshape(b, t, -1))


class FeedForward(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.c_fc = nn.Linear(shape.hidden_size, shape.intermediate_size)
        self.c_proj = nn.Linear(shape.intermediate_size, shape.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))


class Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attn = Attention(shape)
        self.mlp = FeedForward(shape)
        self.input_layernorm = nn.LayerNorm(shape.hidden_size, eps=shape.norm_epsilon)
        self.post_attention_layernorm = nn.LayerNorm(shape.hidden_size, eps=shape.norm_epsilon)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Body(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.num_hidden_layers))
        self.norm = nn.LayerNorm(shape.hidden_size, eps=shape.norm_epsilon)


class Tiny(nn.Module):
    """Token ids of shape (batch, time) to logits of shape (batch, time, vocabulary)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.model = Body(shape)
        half = torch.arange(0, shape.head_size, 2, dtype=torch.float32) / shape.head_size
        angles = torch.outer(
            torch.arange(shape.max_position_embeddings, dtype=torch.float32),
            shape.rope_theta**-half,
        )
        self.register_buffer("cos", torch.cat([angles, angles], -1).cos(), persistent=False)
        self.register_buffer("sin", torch.cat([angles, angles], -1).sin(), persistent=False)
        self.apply(initialize)
        for layer in self.model.layers:
            # A residual branch that starts at zero trains steadily at a high learning rate.
            nn.init.zeros_(layer.self_attn.o_proj.weight)
            nn.init.zeros_(layer.mlp.c_proj.weight)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.model.embed_tokens(ids)
        cos, sin = self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        for layer in self.model.layers:
            x = layer(x, cos, sin)
        return F.linear(self.model.norm(x), self.model.embed_tokens.weight)


def initialize(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=module.in_features**-0.5)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions in the halves layout ("NEOX"), as llama.cpp has it for StarCoder2."""
    a, b = x.chunk(2, dim=-1)
    return (x * cos + torch.cat([-b, a], dim=-1) * sin).to(x.dtype)
