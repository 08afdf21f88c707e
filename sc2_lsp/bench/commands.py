"""The `sc2-lsp bench` commands as Typer sees them: options in, work elsewhere, one line out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.progress import DownloadColumn, TextColumn

from sc2_lsp import __version__
from sc2_lsp.assignments import AssignmentError, settings_from
from sc2_lsp.bench.failure import BenchError
from sc2_lsp.bench.keystrokes import Scenario
from sc2_lsp.bench.shapes import SHAPES, Mix, weight_bytes
from sc2_lsp.console import ModelOption, SetOption, fail, progress_bar

app = typer.Typer(help="Measure what a model costs on this machine.", no_args_is_help=True)

ShapeName = Enum("ShapeName", {name: name for name in SHAPES}, type=str)  # type: ignore[misc]


@app.callback()
def bench() -> None:
    """Measure what a model costs on this machine."""


@app.command()
def synth(
    out: Annotated[Path, typer.Argument(metavar="OUT.gguf", help="The file to write.")],
    shape: Annotated[ShapeName, typer.Option(help="Whose sizes the model has.")],
    quant: Annotated[Mix, typer.Option(help="Quantization type.")] = Mix.Q4_K_M,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT.gguf.")] = False,
) -> None:
    """Write a model of StarCoder2's exact shape with random weights, to measure speed with."""
    if out.exists() and not force:
        fail(f"{out} exists already; name another file or give --force.")
    if out.is_dir():
        fail(f"{out} is a folder; name a file.")
    # Every start of the language server reads this module, and NumPy and gguf take their time.
    from sc2_lsp.bench.synth import write

    sizes = SHAPES[shape.value]
    with _failures_as_sentences(), progress_bar(DownloadColumn()) as progress:
        task = progress.add_task("", total=weight_bytes(sizes, quant))
        n_bytes = write(out, sizes, quant, lambda n: progress.advance(task, n))
    typer.echo(f"{out}: {n_bytes / 1e6:,.0f} MB of random {quant.value} weights, {shape.value}.")


@app.command()
def typing(
    file: Annotated[Path, typer.Option(help="A real file; nothing is written to it.")],
    line: Annotated[int, typer.Option(min=1, help="The first line to type, counting from 1.")],
    lines: Annotated[int, typer.Option(min=1, help="How many lines to type.")] = 3,
    scenario: Annotated[
        Scenario, typer.Option(help="mixed: with mistakes, jumps and the second file.")
    ] = Scenario.STRAIGHT,
    second_file: Annotated[
        Optional[Path],  # noqa: UP045  typer on Python 3.10 reads no other form
        typer.Option(help="A file that a mixed scenario switches to and back from."),
    ] = None,
    open_: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option("--open", metavar="FILE", help="Another open file, as context."),
    ] = None,
    peer: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(metavar="NAME=URL", help="A running llama-server, in the same table."),
    ] = None,
    model: ModelOption = "",
    set_: SetOption = None,
    tokens: Annotated[int, typer.Option(min=1, help="Tokens of a suggestion.")] = 8,
    pause_ms: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(min=0.0, help="Pause after each answer; as people make them by default."),
    ] = None,
    keys: Annotated[int, typer.Option(min=0, help="Stop after so many keystrokes; 0: never.")] = 0,
    block: Annotated[int, typer.Option(min=1, help="Keystrokes in a turn of a contender.")] = 20,
    seed: Annotated[int, typer.Option(help="Of pauses, mistakes and jumps.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Every keystroke, as JSON.")] = False,
) -> None:
    """Type lines of a file, key by key, through the language server: what each key costs.

    The server runs with an engine of its own and no warm start, and answers are not cut short by
    the deadline; --set overrules that.
    """
    from sc2_lsp.bench.figures import table
    from sc2_lsp.bench.peer import Address
    from sc2_lsp.bench.replay import Replay, run

    defaults = (*_TYPING_SETTINGS, f"max_tokens={tokens}")
    with _failures_as_sentences(), progress_bar(TextColumn("{task.completed} keys")) as progress:
        replay = Replay(
            file=file,
            first_line=line,
            n_lines=lines,
            scenario=scenario,
            settings=settings_from(model, (*defaults, *(set_ or ()))),
            second_file=second_file,
            others=tuple(open_ or ()),
            peers=tuple(Address.parse(written) for written in peer or ()),
            pause_ms=pause_ms,
            n_tokens=tokens,
            block=block,
            most_keys=keys,
            seed=seed,
        )
        task = progress.add_task("", total=None)
        records = run(replay, lambda n, all_: progress.update(task, completed=n, total=all_))
    if as_json:
        contenders = [record.to_json(tokens) for record in records]
        what = {"file": str(file), "line": line, "lines": lines, "scenario": scenario.value}
        report = {"version": __version__, **what, "seed": seed, "contenders": contenders}
        typer.echo(json.dumps(report, indent=2))
    else:
        typer.echo(table(records, tokens))


_TYPING_SETTINGS = (
    "shared_engine=false",
    "warm_start_mb=0",
    "deadline_ms=600000",
)


@contextmanager
def _failures_as_sentences() -> Iterator[None]:
    try:
        yield
    except (BenchError, AssignmentError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
