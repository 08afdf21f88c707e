"""Settings as a command line gives them: a model and NAME=VALUE."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings, merge


class AssignmentError(Exception):
    """A setting that does not exist or cannot have this value; the message is for the user."""


def settings_from(model: str, assignments: Sequence[str]) -> Settings:
    """The settings with `model`, unless it is empty, and each of `assignments` in turn.

    The paths of a model and of an adapter become absolute: who reads the settings may run in
    another folder. Raises AssignmentError.
    """
    given: dict[str, Any] = {}
    if model:
        given["model"] = _absolute(Path(engine_spec(Settings(model=model)).model_path))
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise AssignmentError(f"'--set {assignment}' needs the form NAME=VALUE.")
        given[name] = _value(value)
    if given.get("lora"):
        given["lora"] = _absolute(Path(str(given["lora"])).expanduser())
    settings, complaints = merge(Settings(), given)
    if complaints:
        raise AssignmentError(" ".join(complaints))
    return settings


def _absolute(path: Path) -> str:
    try:
        return str(path.absolute())
    except OSError:
        raise AssignmentError(
            f"The folder that this runs in is gone, so that nobody knows where {path} is: change "
            "to another, or write the whole path."
        ) from None


def _value(text: str) -> Any:
    """A number or truth value where `text` is one, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
