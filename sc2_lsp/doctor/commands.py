"""The command `sc2-lsp doctor`: looks, prints what was found, and what to do about it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text as Rich

from sc2_lsp import __version__
from sc2_lsp.assignments import AssignmentError, settings_from
from sc2_lsp.console import ModelOption, SetOption
from sc2_lsp.doctor.check import Check, Situation, State
from sc2_lsp.doctor.probe import probe
from sc2_lsp.location import root_around
from sc2_lsp.models import model_path
from sc2_lsp.settings import Settings

_PIPED_WIDTH = 120
_STYLES = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    model: ModelOption = "",
    set_: SetOption = None,
) -> None:
    """Check the installation, the model, its speed, this folder's index and your editors.

    Ends with 1 where something does not work. No code is printed, and nobody is asked over a
    network but a server that the settings name.
    """
    # Every start of the language server reads this module, and what the checks need takes its time.
    from sc2_lsp.doctor.checks import examine

    checks = examine(_situation(model, set_ or []))
    worst = max((check.state for check in checks), key=list(State).index)
    if as_json:
        listed = [
            {
                "name": check.name,
                "state": check.state.value,
                "found": check.found,
                "advice": check.advice,
            }
            for check in checks
        ]
        report = {"version": __version__, "state": worst.value, "checks": listed}
        typer.echo(json.dumps(report, indent=2))
    else:
        _print(checks)
    raise typer.Exit(1 if worst is State.FAIL else 0)


def _situation(model: str, assignments: list[str]) -> Situation:
    settings, complaints = _settings(model, assignments)
    return Situation(
        settings=settings,
        complaints=complaints,
        named_model=model,
        root=_root(),
        home=Path.home(),
        environment=dict(os.environ),
        probe=probe(_whole(model_path(settings.model))),
    )


def _root() -> Path | None:
    try:
        return root_around(Path.cwd())
    except OSError:
        return None


def _whole(path: Path) -> str:
    """The whole path, as far as somebody knows where one begins that is not whole."""
    try:
        return str(path.absolute())
    except OSError:
        return str(path)


def _settings(model: str, assignments: list[str]) -> tuple[Settings, tuple[str, ...]]:
    """The settings as far as they can be understood, and what cannot."""
    complaints = []
    understood: list[str] = []
    for assignment in assignments:
        try:
            settings_from("", [*understood, assignment])
        except AssignmentError as error:
            complaints.append(str(error))
        else:
            understood.append(assignment)
    try:
        settings = settings_from(model, understood)
    except AssignmentError as error:
        complaints.append(str(error))
        settings = settings_from("", understood)
    return settings, tuple(complaints)


def _print(checks: list[Check]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PIPED_WIDTH)
    width = max(len(check.name) for check in checks)
    for check in checks:
        line = Rich(f"{check.state.value:<6}", style=_STYLES[check.state])
        line.append(f"{check.name:<{width}}  {check.found}", style="default")
        console.print(line, soft_wrap=True)
        if check.advice:
            console.print(Rich(f"{'':<6}{'':<{width}}  → {check.advice}"), soft_wrap=True)
    n_warnings = sum(check.state is State.WARN for check in checks)
    n_failures = sum(check.state is State.FAIL for check in checks)
    console.print(f"{len(checks)} checks, {n_warnings} warnings, {n_failures} failures.")
