"""StarCoder2's prompt formats as total functions from tokens to tokens.

Source of the formats: arXiv 2402.19173, section 5.1. A file is transformed as a whole, so its path
line belongs to the prefix; control tokens are put in by id, so no text can forge one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from sc2_lsp.domain import Tokens
from sc2_lsp.vocabulary import FILE_SEP, FIM_MIDDLE, FIM_PREFIX, FIM_SUFFIX, REPO_NAME


@dataclass(frozen=True, slots=True)
class Parts:
    """The tokens of each part of a repository prompt, without control tokens.

    `repository` is the tokenized name, empty where there is none. Each of `files` is tokenized from
    `file_text(path, code)`, and so is `prefix`, from the current file's path and its text up to the
    anchor. `typed` is the text from there to the cursor.
    """

    repository: Tokens
    files: tuple[Tokens, ...]
    prefix: Tokens
    typed: Tokens
    suffix: Tokens


@dataclass(frozen=True, slots=True)
class Layout:
    """An order of the parts. `ends_with_text` says whether the text before the cursor stands last,
    where a typed character changes nothing before it and a cut word needs healing."""

    name: str
    write: Callable[[Parts], Tokens]
    ends_with_text: bool


def file_text(path: str, code: str) -> str:
    """A file as StarCoder2 was shown it; without a path where metadata is left out."""
    return f"{path}\n{code}" if path else code


def context(parts: Parts) -> Tokens:
    """What stands before the current file: `<repo_name>NAME<file_sep>FILE…<file_sep>`."""
    repository = (REPO_NAME, *parts.repository) if parts.repository else ()
    files = chain.from_iterable((FILE_SEP, *tokens) for tokens in parts.files)
    return (*repository, *files, FILE_SEP)


def psm(parts: Parts) -> Tokens:
    """Prefix, suffix, middle: the model writes the middle behind the last token."""
    return (
        *context(parts),
        FIM_PREFIX,
        *parts.prefix,
        *parts.typed,
        FIM_SUFFIX,
        *parts.suffix,
        FIM_MIDDLE,
    )


def anchored(parts: Parts) -> Tokens:
    """PSM with the typed text behind the middle token, as if the model had written it."""
    return (
        *context(parts),
        FIM_PREFIX,
        *parts.prefix,
        FIM_SUFFIX,
        *parts.suffix,
        FIM_MIDDLE,
        *parts.typed,
    )


def spm(parts: Parts) -> Tokens:
    """Suffix, prefix, middle: the prefix stands last and the model continues it."""
    return (
        *context(parts),
        FIM_PREFIX,
        FIM_SUFFIX,
        *parts.suffix,
        FIM_MIDDLE,
        *parts.prefix,
        *parts.typed,
    )


PSM = Layout("psm", psm, ends_with_text=False)
ANCHORED = Layout("anchored", anchored, ends_with_text=True)
SPM = Layout("spm", spm, ends_with_text=True)


def layout_of(chosen: str, asked_for: str) -> Layout:
    """The layout that the user has chosen; for 'auto' the one that the model file asks for.

    Anchored PSM where neither names one: the paper documents PSM, and says nothing of SPM.
    """
    known = {layout.name: layout for layout in (PSM, ANCHORED, SPM)}
    return known.get(chosen) or known.get(asked_for) or ANCHORED


N_CONTROL_TOKENS = 5
"""Control tokens of a prompt without context files: repository, separator and the three of FIM."""
