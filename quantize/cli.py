"""The commands of `sc2-quantize`, put together; each is one file in `commands/`."""

from __future__ import annotations

from typing import Annotated

import typer

from quantize import __version__
from quantize.commands.convert import convert
from quantize.commands.convert_lora import convert_lora
from quantize.commands.imatrix import imatrix
from quantize.commands.inspect import inspect
from quantize.commands.plan import plan
from quantize.commands.quantize import quantize
from quantize.commands.run import run
from quantize.commands.verify import verify

app = typer.Typer(
    name="sc2-quantize",
    help="From a StarCoder2 checkpoint to the right GGUF for this machine, checked.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sc2-quantize {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """From a StarCoder2 checkpoint to the right GGUF for this machine, checked."""


app.command()(run)
app.command()(plan)
app.command()(convert)
app.command()(quantize)
app.command()(verify)
app.command()(imatrix)
app.command()(inspect)
app.command()(convert_lora)
