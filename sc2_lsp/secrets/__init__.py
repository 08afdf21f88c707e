"""What must not be shown to a model: files that hold secrets, and secrets inside other files.

Pure functions of paths and texts. Nothing is read, and nothing is reported to anybody: what is
found is left out of prompts, where a placeholder token stands in its place.
"""

from __future__ import annotations

from sc2_lsp.secrets.at_cursor import stands_at_secret
from sc2_lsp.secrets.files import is_secret_file
from sc2_lsp.secrets.find import find_secrets
from sc2_lsp.secrets.lead import lead_in, lead_of, reach
from sc2_lsp.secrets.secret import Kind, Secret

__all__ = [
    "Kind",
    "Secret",
    "find_secrets",
    "is_secret_file",
    "lead_in",
    "lead_of",
    "reach",
    "stands_at_secret",
]
