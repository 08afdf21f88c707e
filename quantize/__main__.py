"""The `sc2-quantize` command. It is not built yet and says so; it reads and writes no file."""

from __future__ import annotations

from typing import Annotated

import typer

from quantize import __version__

app = typer.Typer(add_completion=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sc2-quantize {__version__}")
        raise typer.Exit


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def quantize(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    """Quantize StarCoder2 weights. Not built yet."""
    typer.echo("sc2-quantize is not built yet: this release only completes code.", err=True)
    raise typer.Exit(code=1)


def main() -> None:
    """Run the command; the console script's entry."""
    app(prog_name="sc2-quantize")


if __name__ == "__main__":
    main()
