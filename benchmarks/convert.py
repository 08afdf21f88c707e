"""Memory and time of `sc2-quantize convert`, with llama.cpp's converter beside it.

    python -m benchmarks.convert --rig RIG --work FOLDER [--pairs 2]

Makes checkpoints of random bfloat16 weights in FOLDER, 3B in StarCoder2-3B's true shape and 1B with
a third of its weights (9 GB, and the largest GGUF file in addition), converts each by both programs
in turn, and removes all of it. RIG is what tests/quantize/rigs/transformers.sh prints. Peaks are of
resident memory, as the system counts it for a process that has ended; both programs write bfloat16.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np

from tests.support.checkpoints import Recipe, config, make_checkpoint, tokenizer_of, weights

ROOT = Path(__file__).resolve().parents[1]
SHAPES = {
    "1B": Recipe("1B", n_layers=24, n_embd=2048, n_ff=8192, n_heads=16, n_kv_heads=2),
    "3B": Recipe("3B", n_layers=30, n_embd=3072, n_ff=12288, n_heads=24, n_kv_heads=2),
}
SHARD_BYTES = 5_000_000_000
BLOCK = 1 << 24


@dataclass(frozen=True, slots=True)
class Run:
    peak_bytes: int
    wall_s: float
    cpu_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rig", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=2)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    print("| Model | Converter | Peak memory | Time | CPU time |")
    print("|---|---|---|---|---|")
    for name, recipe in SHAPES.items():
        folder = args.work / name
        try:
            make(folder, recipe, vocabulary(args.rig))
            for _ in range(args.pairs):
                for who, command in commands(args.rig, folder, args.work / "out.gguf").items():
                    show(name, who, run(command))
                    (args.work / "out.gguf").unlink()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def commands(rig: Path, folder: Path, target: Path) -> dict[str, list[str]]:
    python, script = str(rig / "venv" / "bin" / "python"), "convert_hf_to_gguf.py"
    options = ["--outfile", str(target), "--outtype", "bf16"]
    return {
        "sc2-quantize": [sys.executable, "-m", "quantize", "convert", str(folder), str(target)],
        script: [python, str(rig / "llama.cpp" / script), str(folder), *options],
    }


def run(command: list[str]) -> Run:
    """Wall time, and what the system says of the process."""
    began = time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} failed")
    return Run(used.ru_maxrss * 1024, time.monotonic() - began, used.ru_utime + used.ru_stime)


def show(name: str, who: str, found: Run) -> None:
    print(
        f"| {name} | {who} | {found.peak_bytes / 1e6:,.0f} MB | {found.wall_s:.1f} s | "
        f"{found.cpu_s:.1f} s |",
        flush=True,
    )


def vocabulary(rig: Path) -> dict[str, object]:
    """StarCoder2's own tokens, as llama.cpp has them for its tests."""
    reader = gguf.GGUFReader(rig / "llama.cpp" / "models" / "ggml-vocab-starcoder.gguf")
    found = [reader.fields[f"tokenizer.ggml.{what}"].contents() for what in ("tokens", "merges")]
    return tokenizer_of(*found)


def make(folder: Path, recipe: Recipe, tokenizer: dict[str, object]) -> None:
    """A checkpoint in files of 5 GB, as they are published; one block of numbers over and over."""
    small = Recipe("small", n_layers=recipe.n_layers)
    make_checkpoint(folder, small, tokenizer)
    (folder / "model.safetensors").unlink()
    n_vocab = len(tokenizer["model"]["vocab"])
    (folder / "config.json").write_text(json.dumps(config(recipe, n_vocab)), encoding="utf-8")
    sizes = {64: recipe.n_embd, 160: recipe.n_ff, 32: recipe.n_embd // recipe.n_heads * 2}
    shapes = {
        tensor: tuple(sizes.get(n, n) for n in shape)
        for tensor, (_, shape, _) in weights(small, n_vocab).items()
    }
    shards: list[dict[str, tuple[int, ...]]] = [{}]
    n_bytes = 0
    for tensor, shape in shapes.items():
        n_bytes += 2 * int(np.prod(shape))
        if n_bytes > SHARD_BYTES:
            shards.append({})
            n_bytes = 2 * int(np.prod(shape))
        shards[-1][tensor] = shape
    listed: dict[str, str] = {}
    for number, shard in enumerate(shards, 1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        write_shard(folder / file, shard)
        listed |= dict.fromkeys(shard, file)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": listed}), encoding="utf-8")


def write_shard(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    header: dict[str, object] = {}
    end = 0
    for name in sorted(shapes):
        start, end = end, end + 2 * int(np.prod(shapes[name]))
        header[name] = {
            "dtype": "BF16",
            "shape": list(shapes[name]),
            "data_offsets": [start, end],
        }
    bits = np.random.default_rng(1).integers(0, 1 << 16, BLOCK, dtype=np.uint16)
    # Sign, two exponents and a mantissa: numbers between 0.008 and 0.03.
    block = ((bits & 0x80FF) | 0x3C00).astype("<u2").tobytes()
    content = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(content).to_bytes(8, "little") + content)
        while end > 0:
            file.write(block[:end])
            end -= len(block)


if __name__ == "__main__":
    main()
