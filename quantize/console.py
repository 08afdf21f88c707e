"""What the commands share: complaints in one sentence, a bar on standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TimeRemainingColumn

from quantize.failures import QuantizeError

errors = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


@contextmanager
def complaints() -> Iterator[None]:
    """End the process with the sentence of a QuantizeError and exit code 2."""
    try:
        yield
    except QuantizeError as error:
        errors.print(str(error))
        raise typer.Exit(2) from None


@contextmanager
def progress_bar(column: ProgressColumn) -> Iterator[Progress]:
    """A bar with `column` beside it, where somebody looks; it is gone at the end."""
    columns = (BarColumn(), column, TimeRemainingColumn())
    is_hidden = not errors.is_terminal
    with Progress(*columns, console=errors, transient=True, disable=is_hidden) as progress:
        yield progress
