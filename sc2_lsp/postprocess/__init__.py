"""From what the model wrote to what the editor shows: filters, one a file, and here their order.

Every filter takes the suggestion and the document around the cursor and returns the suggestion, as
it was or with something left out. None adds code of its own, looks at anything else or fails.
"""

from __future__ import annotations

from collections.abc import Callable

from sc2_lsp.domain import EmptyReason
from sc2_lsp.postprocess.around import Around
from sc2_lsp.postprocess.brackets import drop_surplus_closers
from sc2_lsp.postprocess.indentation import keep_indentation
from sc2_lsp.postprocess.line_breaks import use_document_breaks
from sc2_lsp.postprocess.repeats import drop_repeats
from sc2_lsp.postprocess.rest_of_line import drop_rest_of_line
from sc2_lsp.postprocess.special_tokens import cut_special_tokens
from sc2_lsp.postprocess.suffix_lines import drop_suffix_lines
from sc2_lsp.postprocess.tabs import use_document_tabs
from sc2_lsp.postprocess.trailing_blank import drop_trailing_blank

__all__ = ["Around", "in_document_style", "run"]

Filter = Callable[[str, Around], str]

# A filter may rely on those above it: lines compare once breaks and blanks are the document's.
# The reason is why there is no suggestion if this filter leaves nothing of it.
_FILTERS: tuple[tuple[Filter, EmptyReason], ...] = (
    (cut_special_tokens, EmptyReason.NOTHING_GENERATED),
    (use_document_breaks, EmptyReason.BLANK),
    (keep_indentation, EmptyReason.BLANK),
    (use_document_tabs, EmptyReason.BLANK),
    (drop_rest_of_line, EmptyReason.REPEATS_DOCUMENT),
    (drop_surplus_closers, EmptyReason.REPEATS_DOCUMENT),
    (drop_suffix_lines, EmptyReason.REPEATS_DOCUMENT),
    (drop_repeats, EmptyReason.REPEATS_DOCUMENT),
    (drop_trailing_blank, EmptyReason.BLANK),
)


def run(text: str, around: Around) -> tuple[str, EmptyReason | None]:
    """The suggestion to show for what the model wrote, or an empty text and the reason."""
    if not text:
        return "", EmptyReason.NOTHING_GENERATED
    if not text.strip():
        return "", EmptyReason.BLANK
    for apply, reason in _FILTERS:
        text = apply(text, around)
        if not text.strip():
            return "", reason
    return text, None


def in_document_style(text: str, around: Around) -> str:
    """`text` with the line breaks and the kind of indentation that the document uses."""
    return use_document_tabs(use_document_breaks(text, around), around)
