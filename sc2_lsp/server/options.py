"""Settings in what an editor sends: initializationOptions, pushed and pulled configuration.

Accepts the settings themselves or under `sc2` or `sc2-lsp`, and leaves values alone that are null.
Judges no value: that is `sc2_lsp.settings.merge`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sc2_lsp.settings import SECTION

SECTIONS = (SECTION, f"{SECTION}-lsp")


def given_settings(payload: Any) -> dict[str, Any] | None:
    """Values by setting name; empty where `payload` says nothing, None where it is no object.

    Without a section of ours, values that are objects are other programs' sections.
    """
    if payload is None:
        return {}
    if not isinstance(payload, Mapping):
        return None
    sections = [payload[name] for name in SECTIONS if isinstance(payload.get(name), Mapping)]
    if sections:
        return {name: value for section in sections for name, value in _values(section).items()}
    return {
        name: value
        for name, value in _values(payload).items()
        if name not in SECTIONS and not isinstance(value, Mapping)
    }


def _values(section: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are set, `sc2.name` standing for `name`."""
    return {
        name.removeprefix(f"{SECTION}."): value
        for name, value in section.items()
        if value is not None
    }
