"""The frozen values that travel between the parts of the project.

Positions are char offsets. Token ids belong to the vocabulary of the loaded model. A name carries
its unit (`char_offset`, `n_tokens`, `deadline_s`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

from sc2_lsp.text import Text

Tokens = tuple[int, ...]


class Trigger(str, Enum):
    """Who asked: the editor while somebody types, or the user by a key."""

    AUTOMATIC = "automatic"
    INVOKED = "invoked"


@dataclass(frozen=True, slots=True)
class OpenFile:
    """Another document that the editor holds; `char_offset` is where it was last edited, or where
    a suggestion was asked for since.

    `path` is what a prompt calls it, which another file may be called as well; `file` tells it from
    all others: its absolute path, or its URI where it has none.
    """

    path: str
    text: Text
    char_offset: int
    file: str = ""

    @property
    def key(self) -> str:
        """What tells it from all others; its path where nothing else is known."""
        return self.file or self.path


@dataclass(frozen=True, slots=True)
class Visited:
    """Lines of another file where somebody was of late, the last one included.

    `text` is what the editor holds of it; None for a file that was closed, whose `path` is relative
    to the root. `file` tells it from all others.
    """

    path: str
    file: str
    first_line: int
    last_line: int
    text: Text | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the editor held when it asked: the current document, the cursor, the other documents.

    `path` is relative to the repository, with forward slashes; `repository` is its name, empty when
    there is none. `root` is the absolute path of the folder that other files are named from, `file`
    that of the document, or its URI where it has none. `open_files` and
    `visited` are ordered from the least to the most recent. In a cell of a notebook, which `uri`,
    `path` and `text` are of, the editor's lines begin at `first_line`.
    """

    uri: str
    path: str
    language_id: str
    text: Text
    char_offset: int
    repository: str = ""
    open_files: tuple[OpenFile, ...] = ()
    first_line: int = 0
    root: str = ""
    file: str = ""
    visited: tuple[Visited, ...] = ()

    @property
    def key(self) -> str:
        """What tells the document from all others; its path where nothing else is known."""
        return self.file or self.path

    def in_root(self, path: str) -> str:
        """What tells the file at `path`, relative to the root, from all others."""
        return f"{self.root}/{path}" if self.root else ""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of another file for the repository context. `start_line` is zero-based.

    `source` found it, for the `reason` given; the greater `score`, the more it is worth its tokens.
    `lines` are the numbers of its lines where they do not simply follow each other: a class's first
    line and one of its methods; -1 is a line that stands for what was left out there. `file` tells
    its file from others that `path` may name as well: an absolute path, or a URI. `leads` are what
    the file has right before some of its lines, with the lines' numbers: it is not shown, but may
    say that what is shown is a secret.
    """

    path: str
    start_line: int
    text: str
    source: str
    reason: str
    score: float = 0.0
    lines: tuple[int, ...] = ()
    file: str = ""
    leads: tuple[tuple[int, str], ...] = ()

    @property
    def key(self) -> str:
        """What tells its file from all others; the path where nothing else is known."""
        return self.file or self.path


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt ready for the engine and what it is made of, in tokens.

    `cheaper` prompts show less and will do while this one takes too long; `required` are the bytes
    before the cursor that all of them leave to the model to write again.
    """

    tokens: Tokens
    n_context: int
    n_prefix: int
    n_suffix: int
    cheaper: tuple[Tokens, ...] = ()
    required: bytes = b""


@dataclass(frozen=True, slots=True)
class StopRule:
    """Where generated text ends besides special tokens, limits and deadlines.

    `max_lines` = 1 ends it at the first line break. Otherwise it ends behind that many lines, at a
    blank line, and before the first line that is indented less than `indent` columns; a line of
    closing brackets at exactly `closer_indent` columns still belongs to the block.
    """

    max_lines: int
    indent: int = 0
    closer_indent: int | None = None


class Priority(str, Enum):
    """Whether somebody waits for the answer, or it is prepared for a moment that may come."""

    FOREGROUND = "foreground"
    BACKGROUND = "background"


class StopReason(str, Enum):
    """Why a generation ended. PREEMPTED: it was of the background, and somebody came to wait."""

    SPECIAL_TOKEN = "special_token"
    BLOCK_END = "block_end"
    REPETITION = "repetition"
    MAX_TOKENS = "max_tokens"
    DEADLINE = "deadline"
    CONTEXT_FULL = "context_full"
    PREEMPTED = "preempted"


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What the engine is asked for: continue a prompt, greedily, until a rule or limit ends it.

    `tokens` is the prompt that is wanted, `cheaper` are others that will do, best first: the engine
    takes the first one whose evaluation takes at most `prompt_budget_s` by the speed it measured,
    and the one with the least to evaluate where none does.

    `required` are bytes that the generated tokens have to begin with: the word that the cursor
    cuts, left out of the prompt so that the model may write it with the tokens it would choose.
    They are no part of the answer. `max_tokens` = 0 evaluates the prompt and generates nothing.
    `n_alternatives` asks for that many answers with different first tokens. `deadline_s` counts
    from the moment the engine receives the request.
    """

    tokens: Tokens
    max_tokens: int
    deadline_s: float
    stop: StopRule
    required: bytes = b""
    n_alternatives: int = 1
    cheaper: tuple[Tokens, ...] = ()
    prompt_budget_s: float = math.inf
    priority: Priority = Priority.FOREGROUND


@dataclass(frozen=True, slots=True)
class Generation:
    """What the engine wrote and what it cost. Times are in seconds.

    `choice` is 0 where the wanted prompt was taken, else it counts the cheaper ones from 1.
    `n_prompt` is the length of that prompt, `n_evaluated` how much of it had to be evaluated (the
    rest stood in the KV cache, `n_shifted` of it at another position). `n_generated` tokens were
    written, of which `n_steps` were evaluated one after the other; those that the cache held from
    an earlier generation cost none. `prompt_done` is false where a deadline fell into the prompt.
    `alternatives` are further answers, likeliest first.
    """

    text: str
    stop_reason: StopReason
    n_prompt: int
    n_evaluated: int
    n_generated: int
    queue_s: float
    prompt_s: float
    generate_s: float
    prompt_done: bool = True
    choice: int = 0
    n_shifted: int = 0
    n_steps: int = 0
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """How a team's servers may be reached; empty for as is usual.

    `authority` is the path of the certificates that vouch for them, `certificate` that of this
    machine's own with its key, both PEM. `proxy` is the address of one. `plain_http` lets code and
    key go to other machines in the clear.
    """

    authority: str = ""
    certificate: str = ""
    proxy: str = ""
    plain_http: bool = False


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """Which weights to load and how.

    `n_ctx` bounds a prompt with its generation, `n_cells` all that the KV cache holds, both in
    tokens. `n_threads` = 0 means the number of physical cores; `n_gpu_layers` = -1 as many layers
    as fit, where llama.cpp was built for a GPU. `shift_tokens` is the shortest run of tokens whose
    keys and values may be copied to another position, 0 for never. `warm_start_mb` bounds the
    states saved under `cache_folder` in MiB, 0 for none. `lora_path` is that of an adapter, applied
    by `lora_scale`; empty for none. `endpoint` is the address, reached by `access`, of a server
    that answers in place of these weights while it can, empty for none.
    """

    model_path: str
    n_ctx: int
    n_threads: int
    n_gpu_layers: int
    n_ubatch: int
    n_cells: int = 0
    flash_attention: str = "auto"
    kv_type: str = "f16"
    shift_tokens: int = 0
    drafting: str = "never"
    warm_start_mb: int = 0
    cache_folder: str = ""
    lora_path: str = ""
    lora_scale: float = 1.0
    endpoint: str = ""
    access: Access = Access()


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """Which folders to index, by their absolute paths, and how.

    Files of more than `max_file_bytes` are left out. `watch` says how changes outside of the editor
    are noticed: `auto`, `poll` or `off`. `folders` are all of the workspace, indexed or not.
    """

    roots: tuple[str, ...]
    max_file_bytes: int
    watch: str
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """How far the index of `root` is, in files; `n_total` grows while they are still counted."""

    root: str
    n_done: int
    n_total: int
    is_done: bool


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the engine says of the weights it loaded. `n_ctx` is in tokens.

    `fim_layout` is the prompt layout that the file itself asks for, empty where it asks for none.
    `notice` is one sentence for the user where the weights run otherwise than was asked for.
    `is_shared` says that others use the engine too, and have let us wait of late.
    """

    path: str
    name: str
    description: str
    n_params: int
    n_ctx: int
    n_ctx_train: int
    fim_layout: str = ""
    n_gpu_layers: int = 0
    notice: str = ""
    is_shared: bool = False


class EmptyReason(str, Enum):
    """Why a request got no suggestion."""

    DISABLED = "disabled"
    UNKNOWN_DOCUMENT = "unknown_document"
    INSIDE_WORD = "inside_word"
    EXCLUDED = "excluded"
    LOADING = "loading"
    ENGINE_DOWN = "engine_down"
    MODEL_ERROR = "model_error"
    DEADLINE = "deadline"
    SUPERSEDED = "superseded"
    NOTHING_GENERATED = "nothing_generated"
    BLANK = "blank"
    REPEATS_DOCUMENT = "repeats_document"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Text to insert at `char_offset` of the document that was asked about."""

    text: str
    char_offset: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What one request cost. Tokens and seconds; zero where nothing was done.

    Of the generated tokens `generation_steps` had to be evaluated, the others stood in the KV cache
    from an earlier generation. `cached` says that no engine was asked.
    """

    prompt_tokens: int = 0
    prompt_tokens_evaluated: int = 0
    generated_tokens: int = 0
    generation_steps: int = 0
    prompt_s: float = 0.0
    generate_s: float = 0.0
    cached: bool = False

    @staticmethod
    def of(generation: Generation) -> Usage:
        return Usage(
            prompt_tokens=generation.n_prompt,
            prompt_tokens_evaluated=generation.n_evaluated,
            generated_tokens=generation.n_generated,
            generation_steps=generation.n_steps,
            prompt_s=generation.prompt_s,
            generate_s=generation.generate_s,
        )

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.prompt_tokens_evaluated + other.prompt_tokens_evaluated,
            self.generated_tokens + other.generated_tokens,
            self.generation_steps + other.generation_steps,
            self.prompt_s + other.prompt_s,
            self.generate_s + other.generate_s,
            self.cached and other.cached,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a request: a suggestion, or the reason why there is none.

    `alternatives` are other suggestions for the same place, the likeliest first. `is_provisional`
    says that a cheaper prompt than the wanted one was asked. `message` is one sentence for the
    user where something is wrong that the user can mend.
    """

    suggestion: Suggestion | None
    reason: EmptyReason | None
    usage: Usage = field(default_factory=Usage)
    stop_reason: StopReason | None = None
    prompt: Prompt | None = None
    message: str | None = None
    alternatives: tuple[Suggestion, ...] = ()
    is_provisional: bool = False
