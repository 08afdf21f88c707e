"""What is said of a model in words: name, authors, licence, sampling, from its card and its files.

The card is the YAML between two lines of `---` at the top of README.md. The rules by which names,
sizes and base models are told apart are gguf's own, the same that llama.cpp's converter uses.
"""

from __future__ import annotations

import logging
from dataclasses import fields
from pathlib import Path
from typing import Any

import gguf
import yaml  # type: ignore[import-untyped]

from quantize.failures import BadInput
from quantize.jsonfile import SMALL, read_bytes, read_json_if_there

# It complains of what a card says of base models in lines of its own.
logging.getLogger("metadata").setLevel(logging.CRITICAL)

_FENCE = "---"
# The key of generation_config.json and the field of gguf.Metadata that it goes to.
_SAMPLING = {
    "sequence": "sampling_sequence",
    "top_k": "sampling_top_k",
    "top_p": "sampling_top_p",
    "min_p": "sampling_min_p",
    "xtc_probability": "sampling_xtc_probability",
    "xtc_threshold": "sampling_xtc_threshold",
    "temperature": "sampling_temp",
    "penalty_last_n": "sampling_penalty_last_n",
    "repetition_penalty": "sampling_penalty_repeat",
    "penalty_repeat": "sampling_penalty_repeat",
    "mirostat": "sampling_mirostat",
    "mirostat_tau": "sampling_mirostat_tau",
    "mirostat_eta": "sampling_mirostat_eta",
}
_MOST_INTEGER = 1 << 31


def read_metadata(
    folder: Path, config: dict[str, Any], n_parameters: int, name: str
) -> gguf.Metadata:
    """What README.md, generation_config.json, `config` and `name` say of the model in `folder`.

    `name` is that of the folder or of the repository on the hub; `n_parameters` is negative for an
    adapter, which is not labelled with a size.
    """
    metadata = gguf.Metadata.apply_metadata_heuristic(
        gguf.Metadata(), _card(folder / "README.md"), _named(config), Path(name), n_parameters
    )
    generation = read_json_if_there(folder / "generation_config.json") or {}
    for key, field in _SAMPLING.items():
        value = generation.get(key)
        if _is_number(value):
            setattr(metadata, field, value)
    _keep_what_can_be_written(metadata)
    if metadata.name is None:
        metadata.name = name
    if metadata.size_label is None and n_parameters > 0:
        metadata.size_label = gguf.size_label(n_parameters, n_parameters, 0, 0)
    return metadata


def _card(path: Path) -> dict[str, Any]:
    """The card at the top of README.md; BadInput if it begins one that is not plain YAML."""
    if not path.is_file():
        return {}
    lines = read_bytes(path, SMALL).decode("utf-8", "replace").splitlines()
    if not lines or lines[0] != _FENCE:
        return {}
    end = lines.index(_FENCE, 1) if _FENCE in lines[1:] else len(lines)
    # As gguf has it: tabs are not YAML, and the language code "no" is not a boolean.
    text = "\n".join([*lines[1:end], ""]).replace("- no\n", '- "no"\n').replace("\t", "  ")
    try:
        # An alias is how a few lines of YAML become gigabytes.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise BadInput(
                f"The header of {path} uses YAML aliases; write out what they stand for."
            )
        card = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        raise BadInput(f"The header of {path}, between the lines of ---, is no YAML.") from error
    return {str(key): value for key, value in card.items()} if isinstance(card, dict) else {}


def _named(config: dict[str, Any]) -> dict[str, Any]:
    name = config.get("_name_or_path")
    return {"_name_or_path": name} if isinstance(name, str) and name else {}


def _keep_what_can_be_written(metadata: gguf.Metadata) -> None:
    """GGUF values have types; a card may hold anything at any key."""
    for field in fields(metadata):
        value = getattr(metadata, field.name)
        if field.name in ("tags", "languages"):
            value = [v for v in value or [] if _is_text(v)] or None
        elif field.name in ("base_models", "datasets"):
            value = [_texts(entry) for entry in value or [] if isinstance(entry, dict)] or None
        elif field.name == "license" and isinstance(value, list):
            value = [v for v in value if _is_text(v)] or None
        elif not field.name.startswith("sampling_"):
            value = _as_text(value)
        setattr(metadata, field.name, value)


def _texts(entry: dict[str, Any]) -> dict[str, str]:
    texts = {key: _as_text(value) for key, value in entry.items()}
    return {key: text for key, text in texts.items() if text is not None}


def _as_text(value: object) -> str | None:
    if _is_number(value):
        return str(value)
    return str(value) if _is_text(value) else None


def _is_text(value: object) -> bool:
    """YAML can write half a character, which no file can hold as text."""
    return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and -_MOST_INTEGER < value < _MOST_INTEGER
    )
