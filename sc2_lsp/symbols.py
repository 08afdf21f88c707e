"""What source code defines, imports and uses, as values that no parser and no language is seen in.

Lines are zero-based and count as in `sc2_lsp.text`; a last line is included.

What an index answers by the thousand are structs of msgspec, which are made and unpacked in a
fraction of the time that dataclasses take. They hold nothing that could hold them, so the garbage
collector need not look at them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import msgspec


class Kind(str, Enum):
    """What a definition is. CLASS stands for whatever has members: struct, trait, enum, table."""

    FUNCTION = "function"
    METHOD = "method"
    CLASS = "class"
    TYPE = "type"
    VARIABLE = "variable"
    FIELD = "field"
    MODULE = "module"
    MACRO = "macro"


class Definition(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One definition of a file.

    `container` names the definitions around it, outermost first, joined by dots; empty at the top.
    It reaches from `start_line`, decorators and a comment that documents it included, to
    `end_line`. `signature` is its text up to the body, with the indentation of its first line taken
    off every line. `body_line` is the first line that holds nothing but body, None where there is
    no body or it stands in the signature's line. `bases` are the names of what it extends,
    `type_name` is what it returns or holds, where the code says so.
    """

    name: str
    kind: Kind
    container: str
    start_line: int
    end_line: int
    signature: str
    body_line: int | None = None
    bases: tuple[str, ...] = ()
    type_name: str = ""


class Import(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One name that a file takes from another.

    `module` is written as in the code, without quotes. `name` is what is taken from it: empty for
    the module as a whole, `*` for everything. `alias` is what the file calls it.
    """

    module: str
    name: str
    alias: str
    line: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a name. `receiver` is the expression before the dot or arrow, if any."""

    name: str
    receiver: str
    line: int


@dataclass(frozen=True, slots=True)
class Binding:
    """A variable, parameter or field whose type the code tells, by annotation or constructor."""

    name: str
    type_name: str
    line: int


@dataclass(frozen=True, slots=True)
class Outline:
    """All that is known of a file, each kind in the order of the lines."""

    definitions: tuple[Definition, ...] = ()
    imports: tuple[Import, ...] = ()
    references: tuple[Reference, ...] = ()
    bindings: tuple[Binding, ...] = ()


class Located(msgspec.Struct, frozen=True, gc=False):
    """A definition and the file that holds it; `path` is relative to the root."""

    path: str
    definition: Definition


class Match(msgspec.Struct, frozen=True, gc=False):
    """Lines of a file that share words with what was searched; the greater `score` the better."""

    path: str
    start_line: int
    end_line: int
    score: float
