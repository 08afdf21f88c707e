"""`sc2-quantize plan`: which model in which type for this machine."""

from __future__ import annotations

import enum
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.progress import MofNCompleteColumn

from quantize.console import complaints, errors, progress_bar
from quantize.layouts import SHAPES, Layout, of_model
from quantize.planning import CONTEXTS, USED_CONTEXT, Machine, Plan, Row
from quantize.planning import plan as make_plan
from quantize.surveying import survey


class Size(str, enum.Enum):
    """StarCoder2's three sizes."""

    SMALL = "3b"
    MIDDLE = "7b"
    LARGE = "15b"


def plan(
    model: Annotated[
        Path | None,
        typer.Argument(metavar="MODEL", help="A GGUF file or a checkpoint's folder."),
    ] = None,
    shape: Annotated[
        Size | None, typer.Option(help="A size of StarCoder2; without it all three.")
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Time nothing; guess from the memory's speed.")
    ] = False,
    threads: Annotated[
        int, typer.Option(min=0, help="Threads to use; 0 takes all cores.", show_default=False)
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Say which model in which type this machine should run, and why."""
    with complaints():
        layouts = _layouts(model, shape)
        timed = None if estimate else layouts[0]
        n_threads = threads or psutil.cpu_count(logical=False) or 1
        with progress_bar(MofNCompleteColumn()) as progress:
            task = progress.add_task("", total=None)
            found = survey(
                layouts,
                timed,
                n_threads,
                lambda done, total: progress.update(task, completed=done, total=total),
            )
        result = make_plan(layouts, found.machine, found.found)
        how = _how(timed, found.found)
        if found.machine.load > 0.5 * found.machine.n_cores:
            errors.print("Other programs are computing on this machine: alone it would be quicker.")
        if as_json:
            value = {"machine": asdict(found.machine), **asdict(result), "speeds": how}
            typer.echo(json.dumps(value, indent=2))
        else:
            typer.echo(_report(found.machine, result, how))


def _layouts(model: Path | None, shape: Size | None) -> list[Layout]:
    if model is not None:
        return [of_model(model)]
    return [SHAPES[shape.value]] if shape else list(SHAPES.values())


def _how(timed: Layout | None, found: dict[str, dict[str, dict[str, float]]]) -> str:
    """Where the speeds come from."""
    if timed is None:
        return "Speeds are estimated from how fast this machine copies memory; nothing was timed."
    layers = sorted({round(speed["n_layers"]) for speed in found["speeds"].values()})
    return (
        f"Speeds were measured on {layers[0]} to {layers[-1]} layers of random weights as wide as "
        f"{timed.name}'s and scaled by size, at a context of about 130 tokens; longer ones are "
        "slower."
    )


def _report(machine: Machine, result: Plan, how: str) -> str:
    gpus = ", ".join(f"{gpu.name} ({gpu.total / 1e9:.0f} GB)" for gpu in machine.gpus) or "none"
    names = [name for name in machine.features if name.startswith(("AVX", "AMX", "NEON", "SVE"))]
    lines = [
        f"Memory: {machine.memory / 1e9:.1f} GB, {machine.available / 1e9:.1f} GB free. "
        f"Cores: {machine.n_cores}. Instructions: {', '.join(names) or 'plain'}. "
        f"GPUs that llama.cpp was built for: {gpus}.",
        "",
        *_table(result.rows),
        "",
        f"'memory' is for {USED_CONTEXT} tokens of context: file, KV cache and buffers. {how}",
        "",
        result.reason,
    ]
    return "\n".join(lines)


def _table(rows: tuple[Row, ...]) -> list[str]:
    head = ["model", "type", "file", *(f"KV {n // 1024}k" for n in CONTEXTS)]
    table = [[*head, "memory", "fits", "tokens/s", "prompt tokens/s"]]
    for row in rows:
        table.append(
            [
                row.layout,
                row.type,
                f"{row.file / 1e9:.2f} GB",
                *(f"{row.kv[n] / 1e6:.0f} MB" for n in CONTEXTS),
                f"{row.memory / 1e9:.1f} GB",
                "GPU" if row.fits_gpu else "yes" if row.fits else "no",
                _speed(row.generated_per_s),
                _speed(row.prompt_per_s),
            ]
        )
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    lines = [
        "| " + " | ".join(cell.rjust(n) for cell, n in zip(line, widths, strict=True)) + " |"
        for line in table
    ]
    lines.insert(1, "|" + "|".join("-" * (n + 1) + ":" for n in widths) + "|")
    return lines


def _speed(per_s: float | None) -> str:
    if per_s is None:
        return "?"
    return f"{per_s:.1f}" if per_s < 10 else f"{per_s:.0f}"
