"""A definition that a source proposes, before it is text."""

from __future__ import annotations

import msgspec

from sc2_lsp.symbols import Located


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """`score` says how likely the code to be written uses the definition, between 0 and 1."""

    located: Located
    score: float
    source: str
    reason: str
