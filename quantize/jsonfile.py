"""JSON files of a checkpoint, read as what they are: somebody else's.

A file is bounded before it is parsed, because a few bytes of JSON become many bytes of objects.
Every complaint is BadInput and names the file, the key and what was expected.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from quantize.failures import BadInput

SMALL = 1 << 20
LARGE = 16 << 20


def read_json(path: Path, most_bytes: int = SMALL) -> dict[str, Any]:
    """The object in the file at `path`; BadInput if it is none or longer than `most_bytes`."""
    return parse_json(read_bytes(path, most_bytes), str(path))


def read_json_if_there(path: Path, most_bytes: int = SMALL) -> dict[str, Any] | None:
    """The same, or None where there is no such file."""
    return read_json(path, most_bytes) if path.is_file() else None


def read_bytes(path: Path, most_bytes: int) -> bytes:
    """The content of the file; BadInput if it cannot be read or is longer than `most_bytes`."""
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    if len(content) > most_bytes:
        raise BadInput(
            f"{path} is longer than the {most_bytes >> 20} MiB that such a file may have."
        )
    return content


def parse_json(content: bytes, where: str) -> dict[str, Any]:
    """The object that `content` is; BadInput, which names `where`, for anything else.

    A name that stands twice in one object is refused: readers would not agree on what it means.
    """
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_without_repeats)
    except RecursionError as error:
        raise BadInput(f"{where} is nested too deeply.") from error
    except ValueError as error:
        raise BadInput(f"{where} is no readable JSON: {error}.") from error
    if not isinstance(value, dict):
        raise BadInput(f"{where} holds no JSON object.")
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        repeated, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"the name {repeated[:80]!r} stands there twice")
    return found


def whole_number(data: dict[str, Any], key: str, where: str, most: int, least: int = 1) -> int:
    """The whole number at `key`; BadInput if it is missing or not within `least` and `most`."""
    value = data.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        found = "is missing" if value is None else f"is {_shown(value)}"
        raise BadInput(f'"{key}" in {where} {found}; it has to be from {least} to {most}.')
    return value


def real_number(data: dict[str, Any], key: str, where: str, default: float) -> float:
    """The positive number at `key`, or `default` where there is none."""
    value = data.get(key)
    if value is None:
        return default
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # A comparison with NaN is false.
    if not is_number or not 0 < value < 3e38:
        raise BadInput(f'"{key}" in {where} is {_shown(value)}; it has to be a positive number.')
    return float(value)


def choice(data: dict[str, Any], key: str, where: str, allowed: tuple[str, ...]) -> str:
    """The text at `key`, the first of `allowed` where there is none; BadInput if it is another."""
    value = data.get(key)
    if value is None:
        return allowed[0]
    if value not in allowed:
        expected = " or ".join(f'"{name}"' for name in allowed)
        raise BadInput(f'"{key}" in {where} is {_shown(value)}; it has to be {expected}.')
    return str(value)


def flag(data: dict[str, Any], key: str, where: str, default: bool) -> bool:
    """The boolean at `key`, or `default` where there is none."""
    value = data.get(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise BadInput(f'"{key}" in {where} is {_shown(value)}; it has to be true or false.')
    return value


def _shown(value: object) -> str:
    """A value as JSON would have it, cut short."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    shown = json.dumps(value) if not isinstance(value, int) or abs(value) < 10**18 else "a number"
    return shown if len(shown) <= 60 else shown[:57] + "..."
