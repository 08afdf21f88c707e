"""The weights of a checkpoint folder: which file holds which tensor, checked against the shape.

Weights are read from safetensors only: the other format of such folders is Python's pickle, which
may run code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from quantize import safetensors
from quantize.failures import BadInput
from quantize.jsonfile import LARGE, read_json_if_there
from quantize.shape import IGNORED_ENDINGS, Shape, Target, is_needed, targets

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
_FILE_NAME = re.compile(r"[\w.-]{1,200}\.safetensors")
DTYPES = ("F32", "F16", "BF16")


@dataclass(frozen=True, slots=True)
class Weight:
    """A tensor of the checkpoint, the file that it lies in, and what becomes of it."""

    file: Path
    source: safetensors.Tensor
    target: Target


@dataclass(frozen=True, slots=True)
class Weights:
    """All weights, file by file and by name within each, and the files in that order."""

    weights: tuple[Weight, ...]
    files: tuple[Path, ...]


def read_weights(folder: Path, shape: Shape) -> Weights:
    """The weights in `folder`; BadInput unless they are exactly what `shape` asks for."""
    listed = _listed(folder)
    files = _files(folder, listed)
    expected = targets(shape)
    weights: list[Weight] = []
    for file in files:
        tensors = safetensors.read_tensors(file)
        if listed is not None:
            _check_listed(file, set(tensors), listed)
        for name in sorted(tensors):
            if not name.endswith(IGNORED_ENDINGS):
                weights.append(Weight(file, tensors[name], _target(name, file, expected)))
                _check(weights[-1])
    found = {weight.source.name for weight in weights}
    if len(found) != len(weights):
        raise BadInput(f"Two files in {folder} hold the same tensor.")
    missing = [name for name in expected if name not in found and is_needed(name, shape)]
    if missing:
        raise BadInput(
            f"{folder} lacks {len(missing)} of the {len(expected)} tensors that its config.json "
            f"asks for, such as {missing[0]}; is a file missing?"
        )
    return Weights(tuple(weights), tuple(files))


def _listed(folder: Path) -> dict[str, str] | None:
    """The index: name of the tensor to name of the file; None where there is no index."""
    path = folder / INDEX
    index = read_json_if_there(path, LARGE)
    if index is None:
        return None
    listed = index.get("weight_map")
    if not isinstance(listed, dict) or not listed:
        raise BadInput(f'"weight_map" in {path} is missing or empty.')
    for file in listed.values():
        # The index comes with the checkpoint; it must not lead out of the folder.
        if not isinstance(file, str) or not _FILE_NAME.fullmatch(file):
            raise BadInput(f"{path} names a file that is not in its folder: {str(file)[:80]!r}.")
    return listed


def _files(folder: Path, listed: dict[str, str] | None) -> list[Path]:
    if listed is not None:
        files = [folder / name for name in sorted(set(listed.values()))]
    elif (folder / SINGLE).is_file():
        files = [folder / SINGLE]
    else:
        files = sorted(folder.glob("model*.safetensors"))
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise BadInput(
            f"{len(missing)} of the {len(files)} files with weights are missing in {folder}, the "
            f"first is {missing[0].name}; download it again."
        )
    if not files:
        has_pickle = any(folder.glob("pytorch_model*.bin"))
        why = (
            "it has them as pytorch_model.bin, so save it as safetensors first"
            if has_pickle
            else ""
        )
        raise BadInput(f"{folder} holds no weights as safetensors{': ' if why else ''}{why}.")
    return files


def _check_listed(file: Path, found: set[str], listed: dict[str, str]) -> None:
    expected = {name for name, where in listed.items() if where == file.name}
    wrong = sorted(expected ^ found)
    if wrong:
        where = "is not in it" if wrong[0] in expected else "is not listed for it"
        raise BadInput(f"{file} does not go with {INDEX}: {wrong[0][:80]!r} {where}.")


def _target(name: str, file: Path, expected: dict[str, Target]) -> Target:
    if name not in expected:
        raise BadInput(
            f"{file} holds {name[:80]!r}, which a StarCoder2 of the shape in config.json does not "
            "have."
        )
    return expected[name]


def _check(weight: Weight) -> None:
    source = weight.source
    if source.dimensions != weight.target.dimensions:
        raise BadInput(
            f"{source.name} in {weight.file} has the shape {list(source.dimensions)}, and "
            f"config.json asks for {list(weight.target.dimensions)}."
        )
    if source.dtype not in DTYPES:
        raise BadInput(
            f"{source.name} in {weight.file} is {source.dtype}; only {', '.join(DTYPES)} can be "
            "read."
        )
