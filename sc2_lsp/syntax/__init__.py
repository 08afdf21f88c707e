"""Reads source code: what a text defines, imports and uses, in any of the languages known here.

The only door to tree-sitter. It knows no files, no index and no ranking, and raises nothing,
however broken the text is. Grammars are imported when the first text of their language is read.
"""

from sc2_lsp.syntax.cursor import Place, place_at
from sc2_lsp.syntax.languages import LANGUAGES, Language, language_of
from sc2_lsp.syntax.outlines import get_ready, outline, outline_of_bytes, rows_of_bytes
from sc2_lsp.syntax.skeletons import skeleton
from sc2_lsp.syntax.words import distinct_text, identifiers, is_searched, search_text

__all__ = [
    "LANGUAGES",
    "Language",
    "Place",
    "distinct_text",
    "get_ready",
    "identifiers",
    "is_searched",
    "language_of",
    "outline",
    "outline_of_bytes",
    "place_at",
    "rows_of_bytes",
    "search_text",
    "skeleton",
]
