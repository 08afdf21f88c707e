"""All checks in the order in which they are shown: what the later ones need comes first."""

from __future__ import annotations

from sc2_lsp.doctor.check import Check, Examine, Situation
from sc2_lsp.doctor.code_index import code_index
from sc2_lsp.doctor.editors import editors
from sc2_lsp.doctor.endpoint import endpoint
from sc2_lsp.doctor.folders import folders
from sc2_lsp.doctor.installation import installation
from sc2_lsp.doctor.model import model
from sc2_lsp.doctor.options import named_wrongly
from sc2_lsp.doctor.speed import speed
from sc2_lsp.doctor.watching import watching

CHECKS: tuple[Examine, ...] = (
    installation,
    named_wrongly,
    model,
    speed,
    endpoint,
    code_index,
    watching,
    folders,
    editors,
)
"""A part that is to be looked at too is one more function here."""


def examine(situation: Situation) -> list[Check]:
    """What all of them find."""
    return [check for part in CHECKS for check in part(situation)]
