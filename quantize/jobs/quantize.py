"""Quantizes a file, or says what would come of it.

Options: source, target, type, n_threads, overrides ([[pattern, type], ...]), imatrix (a path or
null), allow_requantize, is_dry_run. Reports `tensor` after each tensor; the result lists them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from quantize import imatrix_file, llama
from quantize.failures import BadInput
from quantize.type_names import FILE_TYPES, TENSOR_TYPES

# How llama.cpp's quantizer begins the line of a tensor: number, name, shape and type.
_TENSOR = re.compile(
    r"\[ *(\d+)/ *(\d+)\] (\S+) +- \[ *([\d, ]+)\], type = *(\w+), (?P<rest>.*)", re.DOTALL
)
_NEW_TYPE = re.compile(r"converting to (\w+)|\((\w+)\)\s*$")
_FALLBACKS = re.compile(r"WARNING: (\d+) of \d+ tensor\(s\) required fallback")


def run(options: Mapping[str, Any], tell: Callable[..., None]) -> dict[str, Any]:
    """The tensors with their types before and after, and how many wanted another type."""
    recipe = llama.Recipe(
        file_type=FILE_TYPES[options["type"]],
        n_threads=options["n_threads"],
        overrides=[(pattern, TENSOR_TYPES[kind]) for pattern, kind in options["overrides"]],
        allow_requantize=options["allow_requantize"],
        is_dry_run=options["is_dry_run"],
        **(_importance(Path(options["imatrix"])) if options["imatrix"] else {}),
    )
    tensors: list[dict[str, Any]] = []
    n_fallbacks = 0

    def take(line: str) -> None:
        nonlocal n_fallbacks
        if found := _FALLBACKS.search(line):
            n_fallbacks = int(found[1])
        if found := _TENSOR.match(line):
            tensor = _tensor(found)
            tensors.append(tensor)
            tell("tensor", **tensor)

    llama.quantize(Path(options["source"]), Path(options["target"]), recipe, take)
    if options["imatrix"]:
        _check_entries(recipe, tensors, options["imatrix"])
    return {"tensors": tensors, "n_fallbacks": n_fallbacks}


def planned(source: Path, kind: str) -> dict[str, str]:
    """The type that each tensor of `source` would get in a file of type `kind`."""
    recipe = llama.Recipe(FILE_TYPES[kind], n_threads=1, allow_requantize=True, is_dry_run=True)
    tensors: dict[str, str] = {}

    def take(line: str) -> None:
        if found := _TENSOR.match(line):
            tensor = _tensor(found)
            tensors[tensor["name"]] = tensor["after"]

    llama.quantize(source, Path("never-written"), recipe, take)
    return tensors


def _importance(path: Path) -> dict[str, Any]:
    importance = imatrix_file.read(path)
    metadata: dict[str, str | int] = {
        "quantize.imatrix.file": path.name,
        "quantize.imatrix.entries_count": len(importance.sums),
    }
    if importance.dataset:
        metadata["quantize.imatrix.dataset"] = importance.dataset
    if importance.n_chunks:
        metadata["quantize.imatrix.chunks_count"] = importance.n_chunks
    return {"importance": importance.means(), "metadata": metadata}


def _check_entries(recipe: llama.Recipe, tensors: list[dict[str, Any]], path: str) -> None:
    """llama.cpp leaves out what has no entry: a matrix of another model would go unnoticed."""
    matrices = {tensor["name"]: tensor for tensor in tensors if tensor["shape"][1] > 1}
    known = recipe.importance.keys() & matrices.keys()
    wrong = [n for n in known if recipe.importance[n].size != matrices[n]["shape"][0]]
    if not known or wrong:
        raise BadInput(
            f"{path} is of another model: {'the sizes of' if wrong else 'no'} "
            f"{'its matrices differ' if wrong else 'matrix of this one is in it'}; "
            "make it again with 'sc2-quantize imatrix' and this model."
        )


def _tensor(found: re.Match[str]) -> dict[str, Any]:
    before = found[5].upper()
    new = _NEW_TYPE.search(found["rest"])
    return {
        "name": found[3],
        "shape": [int(n) for n in found[4].split(",")],
        "before": before,
        "after": (new[1] or new[2]).upper() if new else before,
    }
