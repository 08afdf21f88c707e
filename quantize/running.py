"""From a checkpoint to a checked, quantized file in one go, in stages that survive interruption.

A stage whose inputs, options and versions are those of an earlier run, and whose file is as that
run left it, is not done again: a hidden record in the output folder knows. Every file appears
under its name only once it is whole, and what comes out does not depend on interruptions.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from quantize import __version__, charts, converting, corpus, imatrix, quantizing, verifying
from quantize.converting import Conversion
from quantize.failures import BadInput
from quantize.gguf_header import read_header
from quantize.imatrix import Sample
from quantize.quantizing import Wish
from quantize.replacing import write_json
from quantize.verifying import Comparison

Progress = Callable[[str, float], object]
"""Told the stage and which share of it is done, from 0 to 1."""

_RECORD = ".{}.run.json"
_BUFFER_BYTES = 1 << 22
_SMALL_INPUTS = ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json")


@dataclass(frozen=True, slots=True)
class Order:
    """What to make of a checkpoint. Without `corpus` nothing is measured and nothing checked."""

    type: str
    n_threads: int
    overrides: tuple[tuple[str, str], ...] = ()
    corpus: Path | None = None
    with_imatrix: bool = False
    n_imatrix_chunks: int = 128
    n_verify_chunks: int = 32
    n_fims: int = 20


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files of a run; they lie side by side."""

    converted: Path
    imatrix: Path
    quantized: Path
    figures: Path
    page: Path
    manifest: Path
    record: Path


@dataclass(frozen=True, slots=True)
class Done:
    """What a run left: its files that exist, and the comparison if one was asked for."""

    outputs: Outputs
    files: tuple[Path, ...]
    comparison: Comparison | None


def outputs(folder: Path, name: str, kind: str, order: Order) -> Outputs:
    """Where the files of a run go: NAME-BF16.gguf, NAME-Q4_K_M.gguf and so on."""
    quantized = f"{name}-{order.type}"
    return Outputs(
        converted=folder / f"{name}-{kind}.gguf",
        imatrix=folder / f"{name}.imatrix.gguf",
        quantized=folder / f"{quantized}.gguf",
        figures=folder / f"{quantized}.verify.json",
        page=folder / f"{quantized}.verify.html",
        manifest=folder / f"{quantized}.manifest.json",
        # Of all types together: they share the converted file and the importance matrix.
        record=folder / _RECORD.format(name),
    )


def run(
    conversion: Conversion, folder: Path, order: Order, force: bool, progress: Progress
) -> Done:
    """Do what is not done yet. Raises QuantizeError; what was finished stays for the next run."""
    if conversion.kind == order.type:
        raise BadInput(f"{order.type} is what converting gives already; 'convert' does that.")
    out = outputs(folder, conversion.source.name, conversion.kind, order)
    stages = _Stages(out, force, progress)
    _convert(stages, conversion, out)
    if order.with_imatrix:
        _measure(stages, order, out)
    _quantize(stages, order, out)
    comparison = _verify(stages, order, out) if order.corpus else None
    files = stages.files
    write_json(out.manifest, _manifest(conversion, order, stages, comparison))
    return Done(out, (*files, out.manifest), comparison)


class _Stages:
    """The record of what was finished, and the rule by which a stage is skipped."""

    def __init__(self, out: Outputs, force: bool, progress: Progress) -> None:
        self.progress = progress
        self.hashes: dict[str, str] = {}
        self.files: list[Path] = []
        self._out, self._force = out, force
        self._record: dict[str, Any] = _read_record(out.record)
        self._key = f"{__version__} {importlib.metadata.version('llama-cpp-python')}"

    def do(
        self, name: str, inputs: Mapping[str, object], target: Path, make: Callable[[], None]
    ) -> None:
        """Have `make` write `target`, unless it is what the same inputs gave before.

        The key of a stage holds the hash of all that went before, so a change runs through.
        """
        text = json.dumps([self._key, name, inputs], sort_keys=True, default=str)
        key = hashlib.sha256(text.encode()).hexdigest()
        self._key = key
        entry = self._record.get(target.name)
        if entry is None or entry["key"] != key or entry["stat"] != _stat(target):
            if entry is None and target.exists() and not self._force:
                raise BadInput(
                    f"{target} exists and is not of an earlier run of this command; move it away, "
                    "or replace it with --force."
                )
            self.progress(name, 0)
            # Who is stopped between the file and the record makes the file again, the same.
            self._record.setdefault(target.name, {"key": "", "stat": None, "sha256": ""})
            write_json(self._out.record, self._record)
            make()
            entry = {"key": key, "stat": _stat(target), "sha256": _sha256(target)}
            self._record[target.name] = entry
            write_json(self._out.record, self._record)
        self.progress(name, 1)
        self.hashes[target.name] = entry["sha256"]
        self.files.append(target)


def _convert(stages: _Stages, conversion: Conversion, out: Outputs) -> None:
    folder, total = conversion.source.folder, conversion.n_source_bytes
    done = 0

    def advance(n_bytes: int) -> None:
        nonlocal done
        done += n_bytes
        stages.progress("convert", done / total)

    inputs = {
        "files": [[path.name, _stat(path)] for path in sorted(folder.iterdir()) if path.is_file()],
        "kind": conversion.kind,
        "license": conversion.metadata.license,
    }
    make = partial(converting.write, conversion, out.converted, advance)
    stages.do("convert", inputs, out.converted, make)


def _measure(stages: _Stages, order: Order, out: Outputs) -> None:
    sample = Sample(order.n_imatrix_chunks, order.corpus, half=0)

    def make() -> None:
        imatrix.measure(
            out.converted,
            sample,
            out.imatrix,
            order.n_threads,
            lambda done, total: stages.progress("imatrix", done / total),
        )

    stages.do("imatrix", _told_apart(sample), out.imatrix, make)


def _quantize(stages: _Stages, order: Order, out: Outputs) -> None:
    importance = out.imatrix if order.with_imatrix else None
    wish = Wish(out.converted, order.type, order.n_threads, order.overrides, importance)

    def make() -> None:
        expected = quantizing.outlook(wish)
        total = sum(tensor.bytes_before for tensor in expected.tensors)
        done = 0

        def advance(n_bytes: int) -> None:
            nonlocal done
            done += n_bytes
            stages.progress("quantize", done / total)

        quantizing.quantize(wish, out.quantized, expected, advance)

    inputs = {"type": order.type, "overrides": order.overrides, "imatrix": order.with_imatrix}
    stages.do("quantize", inputs, out.quantized, make)


def _verify(stages: _Stages, order: Order, out: Outputs) -> Comparison:
    # What was measured on one half of the files is judged on the other.
    sample = Sample(order.n_verify_chunks, order.corpus, half=1 if order.with_imatrix else None)

    def make() -> None:
        comparison = verifying.compare(
            out.converted,
            out.quantized,
            sample,
            order.n_fims,
            order.n_threads,
            lambda done, total: stages.progress("verify", done / total),
        )
        write_json(out.figures, comparison.as_json())

    inputs = {**_told_apart(sample), "n_fims": order.n_fims}
    stages.do("verify", inputs, out.figures, make)
    comparison = verifying.from_json(json.loads(out.figures.read_text(encoding="utf-8")))
    stages.do("page", {}, out.page, lambda: charts.write_html(out.page, comparison))
    return comparison


def _told_apart(sample: Sample) -> dict[str, object]:
    """The sample's options with a hash of the code itself, which may change between runs."""
    assert sample.corpus is not None
    return {**sample.options(), "code": corpus.fingerprint(sample.corpus, sample.half)}


def _manifest(
    conversion: Conversion, order: Order, stages: _Stages, comparison: Comparison | None
) -> dict[str, object]:
    """What went in, what came out, and by which programs; the same for the same run."""
    source = conversion.source
    found = read_header(stages.files[0]).metadata
    names, hashes = found["sc2.source.files"], found["sc2.source.sha256"]
    assert isinstance(names, list)
    assert isinstance(hashes, list)
    inputs = dict(zip(names, hashes, strict=True))
    for name in _SMALL_INPUTS:
        if (path := source.folder / name).is_file():
            inputs[name] = _sha256(path)
    return {
        "source": {
            "name": source.name,
            "repository": source.repository,
            "revision": source.revision,
            "license": conversion.metadata.license,
            "sha256": inputs,
        },
        "options": {
            "type": order.type,
            "converted_to": conversion.kind,
            "tensors": [f"{pattern}={kind}" for pattern, kind in order.overrides],
            "imatrix_chunks": order.n_imatrix_chunks if order.with_imatrix else None,
            "verify_chunks": order.n_verify_chunks if comparison else None,
        },
        "outputs": {
            path.name: {"sha256": stages.hashes[path.name], "bytes": path.stat().st_size}
            for path in stages.files
        },
        "figures": comparison.as_json()["figures"] if comparison else None,
        "versions": {
            "sc2-quantize": __version__,
            **{name: importlib.metadata.version(name) for name in ("llama-cpp-python", "gguf")},
        },
    }


def _read_record(path: Path) -> dict[str, Any]:
    """What an earlier run finished; a record that cannot be read is none."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return {name: entry for name, entry in record.items() if {"key", "stat"} <= entry.keys()}
    except (OSError, ValueError, AttributeError):
        return {}


def _stat(path: Path) -> list[int] | None:
    """Tells whether a file is still the one it was, at no cost however large it is."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return [stat.st_size, stat.st_mtime_ns]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_BUFFER_BYTES):
            digest.update(piece)
    return digest.hexdigest()
