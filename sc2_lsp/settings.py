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
        Meta(
            description="Path of a StarCoder2 GGUF file, or a name from `sc2-lsp model list`; "
            "empty for the one chosen by `sc2-lsp model use`, else the bundled sc2-tiny."
        ),
    ] = ""
    lora: Annotated[
        str,
        Meta(
            description="Path of a GGUF adapter, made by `sc2-quantize convert-lora`, that changes "
            "the model; empty for none."
        ),
    ] = ""
    lora_scale: Annotated[
        float,
        Meta(ge=0, le=10, description="How much of the adapter counts; 0 is as without it."),
    ] = 1.0
    endpoint: Annotated[
        str,
        Meta(
            description="Address of your team's server, https, or http on this machine; several "
            "with commas between them; behind one `#` and the model where it has more than one; "
            "empty for none. While none answers, the model of this machine does."
        ),
    ] = ""
    endpoint_authority: Annotated[
        str,
        Meta(
            description="Path of a PEM file with the authorities that vouch for your team's "
            "servers; empty for those of the system."
        ),
    ] = ""
    endpoint_certificate: Annotated[
        str,
        Meta(
            description="Path of a PEM file with the certificate that your team's servers want to "
            "see of you, and its key, readable by you alone; empty for none."
        ),
    ] = ""
    endpoint_proxy: Annotated[
        str,
        Meta(
            description="Address of the proxy on the way to your team's servers, http://HOST:PORT; "
            "empty for none. Those of the environment are never asked."
        ),
    ] = ""
    endpoint_plain_http: Annotated[
        Literal["", "anybody on the way may read my code and my key"],
        Meta(
            description="Whether a server on another machine may be asked without TLS: only by "
            "this very sentence. Empty for never."
        ),
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
    ] = 1920
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
        Literal["auto", "anchored", "psm", "spm"],
        Meta(
            description="Order of the prompt. anchored: prefix, suffix, middle, with what was "
            "typed since the last pause behind the middle token, where typing on is cheapest; psm: "
            "the same with all before the cursor in the prefix; spm: suffix, prefix, middle; auto: "
            "what the model file asks for, else anchored."
        ),
    ] = "auto"
    token_healing: Annotated[
        bool,
        Meta(
            description="Let the model write the word that the cursor cuts anew, as long as it "
            "begins with what was typed."
        ),
    ] = True
    alternatives: Annotated[
        int,
        Meta(
            ge=1,
            le=8,
            description="Most suggestions for a request that you make by a key.",
            extra={"unit": "suggestions"},
        ),
    ] = 3
    ahead_tokens: Annotated[
        int,
        Meta(
            ge=0,
            le=1024,
            description="Most tokens generated in the background beyond what is shown, so that the "
            "next line is ready when the first is accepted.",
            extra={"unit": "tokens"},
        ),
    ] = 48
    idle_work: Annotated[
        Literal["always", "on_power", "never"],
        Meta(
            description="When to prepare for the next request in the background; on_power: not on "
            "battery."
        ),
    ] = "always"
    kv_tokens: Annotated[
        int,
        Meta(
            ge=512,
            le=1_048_576,
            description="Tokens that the KV cache holds for all files together; 31 kB each with "
            "StarCoder2-3B.",
            extra={"unit": "tokens"},
        ),
    ] = 12_288
    kv_type: Annotated[
        Literal["f16", "q8_0", "q4_0"],
        Meta(description="Numbers in the KV cache; the quantized ones need flash attention."),
    ] = "f16"
    flash_attention: Annotated[
        Literal["auto", "on", "off"],
        Meta(description="Whether attention is computed in one step; auto: where it is supported."),
    ] = "auto"
    shift_tokens: Annotated[
        int,
        Meta(
            ge=0,
            le=4096,
            description="Shortest run of tokens that is kept when text before it changes, at the "
            "price of a slightly stale view of that text; 0 evaluates it anew.",
            extra={"unit": "tokens"},
        ),
    ] = 32
    drafting: Annotated[
        Literal["auto", "never"],
        Meta(
            description="Guess the next tokens from the prompt and check several at once; auto: "
            "where that was measured to pay."
        ),
    ] = "auto"
    warm_start_mb: Annotated[
        int,
        Meta(
            ge=0,
            le=65_536,
            description="Most disk space for the KV states that make the first suggestion after a "
            "restart fast; they hold code of yours, in your cache folder; 0 saves none.",
            extra={"unit": "MiB"},
        ),
    ] = 512
    shared_engine: Annotated[
        bool,
        Meta(description="Let all your editors use one engine, so that weights are loaded once."),
    ] = True
    engine_idle_s: Annotated[
        int,
        Meta(
            ge=0,
            le=86_400,
            description="How long a shared engine outlives the last editor that used it.",
            extra={"unit": "s"},
        ),
    ] = 15
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
            description="Layers kept on the GPU by a CUDA or Metal build; -1 for as many as fit.",
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
    index: Annotated[
        Literal["auto", "off"],
        Meta(
            description="Whether the code of your workspace is indexed, in your cache folder, so "
            "that a suggestion knows it; auto: all folders but your home and the whole disk."
        ),
    ] = "auto"
    index_max_file_kb: Annotated[
        int,
        Meta(
            ge=1,
            le=65_536,
            description="Largest file that is indexed.",
            extra={"unit": "KiB"},
        ),
    ] = 1024
    watch: Annotated[
        Literal["auto", "poll", "off"],
        Meta(
            description="How files that change outside of the editor are noticed. auto: as the "
            "system tells, and by looking from time to time where it does not; poll: by looking; "
            "off: when the editor says so."
        ),
    ] = "auto"
    completion_items: Annotated[
        bool,
        Meta(
            description="Offer the suggestion as an entry of the completion menu too, for editors "
            "without inline completion; to be set when the server starts."
        ),
    ] = False
    record: Annotated[
        bool,
        Meta(
            description="Keep a record of suggestions given and accepted, in your state folder, "
            "for `sc2-lsp stats`: numbers, languages and times, no code and no paths."
        ),
    ] = False
    metrics_file: Annotated[
        str,
        Meta(
            description="Absolute path of a file to keep with counts, latencies and tokens of the "
            "session, as OpenMetrics, no code and no paths; {pid} in it is the server's process, "
            "and such a file goes with it. Empty for none."
        ),
    ] = ""


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
