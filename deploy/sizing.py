"""How many developers a GPU serves: arithmetic from shapes and data sheets, not a measurement.

    python deploy/sizing.py           the table of README.md
    python deploy/sizing.py --help    what can be set

A GPU has two limits. Its memory holds the weights, and in what is left the KV cache of the prompts
that stay evaluated: with fewer places than developers at work, prompts are read anew. Its time goes
into reading prompts, bound by arithmetic, and writing tokens, bound by memory bandwidth, which a
batch of requests shares. Whoever has figures of their own (llama-bench, vLLM's metrics) should put
them in for EFFICIENCY_*.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

GB = 1e9

# Shares of what the data sheet says that inference engines reach: assumptions.
EFFICIENCY_BANDWIDTH = 0.6
EFFICIENCY_ARITHMETIC = 0.4
# Of a GPU's memory: what engines leave to the driver, activations and CUDA graphs.
USABLE_MEMORY = 0.88
# Of a GPU's time: beyond that, queues grow.
MOST_LOAD = 0.6
# Requests at once, as the engines' configurations here have it at most.
MOST_BATCH = 64


@dataclass(frozen=True, slots=True)
class Model:
    """A StarCoder2; `weight_bytes` is a parameter's mean size in the file that is served."""

    name: str
    n_parameters: float
    n_layers: int
    n_kv_heads: int
    weight_bytes: float
    head_size: int = 128
    kv_bytes: int = 2

    @property
    def kv_bytes_a_token(self) -> int:
        """Keys and values of all layers."""
        return 2 * self.n_layers * self.n_kv_heads * self.head_size * self.kv_bytes

    @property
    def size(self) -> float:
        return self.n_parameters * self.weight_bytes


@dataclass(frozen=True, slots=True)
class Gpu:
    """From the vendor's data sheet: bytes, bytes a second, dense bf16 operations a second."""

    name: str
    memory: float
    bandwidth: float
    operations: float


@dataclass(frozen=True, slots=True)
class Use:
    """What developers ask for.

    `requests_a_minute` while one types; `evaluated`: prompt tokens a request that no cache had;
    `written` tokens a request, ready within `seconds`; `typing`: the share of a team that types at
    any moment; `prompts` of one developer that are worth keeping, a file each.
    """

    requests_a_minute: float
    prompt: int
    evaluated: int
    written: int
    seconds: float
    typing: float
    prompts: int


# Q8_0 has 34 bytes for 32 weights.
MODELS = (
    Model("3B, Q8_0", 3.03e9, 30, 2, 34 / 32),
    Model("7B, Q8_0", 7.17e9, 32, 4, 34 / 32),
    Model("15B, bf16", 15.96e9, 40, 4, 2),
)
GPUS = (
    Gpu("L4, 24 GB", 24 * GB, 300 * GB, 121e12),
    Gpu("L40S, 48 GB", 48 * GB, 864 * GB, 362e12),
    Gpu("A100, 80 GB", 80 * GB, 2039 * GB, 312e12),
    Gpu("H100, 80 GB", 80 * GB, 3350 * GB, 989e12),
    Gpu("H200, 141 GB", 141 * GB, 4800 * GB, 989e12),
)


def places(model: Model, gpu: Gpu, use: Use) -> int:
    """Prompts with their generation that the KV cache holds; 0 where the weights do not fit."""
    left = gpu.memory * USABLE_MEMORY - model.size
    return max(0, int(left / (model.kv_bytes_a_token * (use.prompt + use.written))))


def seconds_a_request(model: Model, gpu: Gpu, use: Use, n_evaluated: int, batch: int) -> float:
    """Time of one request among `batch` that run at once.

    A step writes a token of each: it reads the weights once and the cache of every prompt. Prompts
    are read in turn, so a request waits for those of the others too.
    """
    bandwidth = gpu.bandwidth * EFFICIENCY_BANDWIDTH
    operations = gpu.operations * EFFICIENCY_ARITHMETIC
    a_token = 2 * model.n_parameters / operations
    step = (model.size + batch * model.kv_bytes_a_token * use.prompt) / bandwidth + batch * a_token
    return batch * n_evaluated * a_token + use.written * step


def typing_at_once(model: Model, gpu: Gpu, use: Use, n_evaluated: int) -> int:
    """Developers who may type at once, so that a request is ready in time."""
    most = 0.0
    for batch in range(1, min(MOST_BATCH, places(model, gpu, use)) + 1):
        seconds = seconds_a_request(model, gpu, use, n_evaluated, batch)
        if seconds <= use.seconds:
            most = max(most, batch / seconds)
    return int(MOST_LOAD * 60 * most / use.requests_a_minute)


def row(model: Model, gpu: Gpu, use: Use) -> str:
    cells = [model.name, f"{model.kv_bytes_a_token / 1000:.0f} kB", gpu.name]
    room = places(model, gpu, use)
    if room == 0:
        return "| " + " | ".join([*cells, "the weights do not fit", "", "", ""]) + " |"
    kept = typing_at_once(model, gpu, use, use.evaluated)
    anew = typing_at_once(model, gpu, use, use.prompt)
    team = min(int(kept / use.typing), room // use.prompts)
    return "| " + " | ".join([*cells, str(room), str(kept), str(anew), str(team)]) + " |"


def table(use: Use) -> str:
    """In Markdown; the last column is the smaller of what time and memory allow."""
    return "\n".join(
        [
            "| Model | KV a token | GPU | prompts in the KV cache | typing at once, prompts kept |"
            " prompts read anew | team |",
            "|---|---:|---|---:|---:|---:|---:|",
            *(row(model, gpu, use) for model in MODELS for gpu in GPUS),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--requests-a-minute", type=float, default=60, help="a minute, while one types"
    )
    parser.add_argument("--prompt", type=int, default=3200, help="tokens of a prompt")
    parser.add_argument("--evaluated", type=int, default=40, help="tokens of it not in the cache")
    parser.add_argument("--written", type=int, default=32, help="tokens written for a request")
    parser.add_argument("--seconds", type=float, default=1.5, help="within which it is ready")
    parser.add_argument("--typing", type=float, default=0.25, help="share of a team at any moment")
    parser.add_argument("--prompts", type=int, default=2, help="of a developer, worth keeping")
    print(table(Use(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
