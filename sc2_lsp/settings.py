"""Every option of the server, once: name, default, unit and help.

README's table is rendered from here and checked by a test. Settings come from the user's editor
alone (initializationOptions, didChangeConfiguration) or from the command line, never from a file of
the workspace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

SECTION = "sc2"

_LONGEST_SHOWN_VALUE = 80


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The options in force. Field names are the setting names; metadata holds help and unit."""

    model: Annotated[
        str,
        Meta(description="Path of a StarCoder2 GGUF file; empty for the bundled sc2-tiny."),
    ] = ""
    automatic: Annotated[
        bool, Meta(description="Answer requests that the editor sends while you type.")
    ] = True
    n_ctx: Annotated[
        int,
        Meta(
            ge=512,
            le=16384,
            description="Tokens of prompt and generation together. Above 4096 llama.cpp's full "
            "attention is no longer what StarCoder2's sliding window was trained with.",
            extra={"unit": "tokens"},
        ),
    ] = 4096
    context_tokens: Annotated[
        int,
        Meta(
            ge=0,
            le=16384,
            description="Most tokens spent on other files of the repository.",
            extra={"unit": "tokens"},
        ),
    ] = 1024
    prefix_tokens: Annotated[
        int,
        Meta(
            ge=64,
            le=16384,
            description="Most tokens of the current file before the cursor.",
            extra={"unit": "tokens"},
        ),
    ] = 1536
    suffix_tokens: Annotated[
        int,
        Meta(
            ge=0,
            le=16384,
            description="Most tokens of the current file after the cursor.",
            extra={"unit": "tokens"},
        ),
    ] = 512
    max_tokens: Annotated[
        int,
        Meta(
            ge=1,
            le=1024,
            description="Most tokens of one suggestion.",
            extra={"unit": "tokens"},
        ),
    ] = 96
    multiline: Annotated[
        Literal["auto", "never", "always"],
        Meta(description="Whether a suggestion may span lines; auto: where a block begins."),
    ] = "auto"
    max_lines: Annotated[
        int,
        Meta(ge=1, le=100, description="Most lines of one suggestion.", extra={"unit": "lines"}),
    ] = 12
    deadline_ms: Annotated[
        int,
        Meta(
            ge=50,
            le=600_000,
            description="Time after which a request of the editor is answered with what is ready.",
            extra={"unit": "ms"},
        ),
    ] = 5000
    invoked_deadline_ms: Annotated[
        int,
        Meta(
            ge=50,
            le=600_000,
            description="The same for a request that you make by a key.",
            extra={"unit": "ms"},
        ),
    ] = 30_000
    layout: Annotated[
        Literal["auto", "psm", "spm"],
        Meta(
            description="Order of the prompt: prefix-suffix-middle or suffix-prefix-middle; auto: "
            "what the model file asks for, else psm, which StarCoder2 is documented to know."
        ),
    ] = "auto"
    n_threads: Annotated[
        int,
        Meta(
            ge=0,
            le=1024,
            description="Threads of the engine; 0 for the number of physical cores.",
            extra={"unit": "threads"},
        ),
    ] = 0
    n_gpu_layers: Annotated[
        int,
        Meta(
            ge=-1,
            le=1000,
            description="Layers kept on the GPU by a CUDA or Metal build; -1 for all of them.",
            extra={"unit": "layers"},
        ),
    ] = -1
    n_ubatch: Annotated[
        int,
        Meta(
            ge=1,
            le=4096,
            description="Prompt tokens evaluated at a time; small batches stop sooner when you "
            "type on.",
            extra={"unit": "tokens"},
        ),
    ] = 64


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the settings table."""

    name: str
    default: str
    unit: str
    help: str


def options() -> tuple[Option, ...]:
    """The rows of the settings table, in the order of the fields."""
    rows = []
    for field in msgspec.structs.fields(Settings):
        meta = field.type.__metadata__[0]
        unit = (meta.extra or {}).get("unit", "")
        default = msgspec.json.encode(field.default).decode()
        rows.append(Option(field.name, default, unit, meta.description or ""))
    return tuple(rows)


def merge(current: Settings, given: Mapping[str, Any]) -> tuple[Settings, list[str]]:
    """`current` with the values of `given`, and a sentence for each value that was refused.

    A refused or unknown value changes nothing; the others take effect.
    """
    known = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    accepted: dict[str, Any] = {}
    complaints: list[str] = []
    for name, value in given.items():
        if name not in known:
            complaints.append(f"Unknown setting '{SECTION}.{name}' is ignored.")
            continue
        try:
            accepted[name] = msgspec.convert(value, known[name])
        except msgspec.ValidationError as error:
            shown, kept = repr(value)[:_LONGEST_SHOWN_VALUE], getattr(current, name)
            complaints.append(
                f"Setting '{SECTION}.{name}' cannot be {shown} and stays {kept!r}: {error}."
            )
    return msgspec.structs.replace(current, **accepted), complaints
