"""What the commands share: options, complaints in one sentence, a bar on standard error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, NoReturn, Optional

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TimeRemainingColumn

from sc2_lsp.assignments import AssignmentError, settings_from
from sc2_lsp.settings import Settings

errors = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)

MODEL_VARIABLE = "SC2_LSP_MODEL"
"""The environment variable that names a model like the option `--model`."""

ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        envvar=MODEL_VARIABLE,
        help="A StarCoder2 GGUF file, or a name from `model list`; by default what `model use` "
        "chose, else the bundled sc2-tiny.",
    ),
]
SetOption = Annotated[
    Optional[list[str]],  # noqa: UP045  typer on Python 3.10 reads no other form
    typer.Option("--set", metavar="NAME=VALUE", help="Any setting of the README's table."),
]


def settings_of(model: str, assignments: list[str] | None) -> Settings:
    """Settings from the command line; ends the process where one of them is wrong."""
    try:
        return settings_from(model, assignments or ())
    except AssignmentError as error:
        fail(str(error))


def model_in_force() -> str:
    """What the environment says of the model; empty where it leaves the choice to `model use`."""
    return os.environ.get(MODEL_VARIABLE, "")


def fail(message: str) -> NoReturn:
    """End the process as a command that was given something wrong."""
    errors.print(message)
    raise typer.Exit(2)


@contextmanager
def progress_bar(column: ProgressColumn) -> Iterator[Progress]:
    """A bar with `column` beside it, where somebody looks; it is gone at the end."""
    columns = (BarColumn(), column, TimeRemainingColumn())
    is_hidden = not errors.is_terminal
    with Progress(*columns, console=errors, transient=True, disable=is_hidden) as progress:
        yield progress
