"""Where generated text ends by its own shape: at a line break, or where its block ends."""

from __future__ import annotations

import re

from sc2_lsp.domain import StopRule
from sc2_lsp.text import indent_width, indentation

_LINE_BREAK = re.compile(r"\r\n|\n|\r(?!$)")
_CLOSERS = re.compile(r"[)\]}]+[;,)]*|end[;,)]*")


def end_of_suggestion(text: str, rule: StopRule) -> int | None:
    """How many chars of `text` to keep if it has reached its end under `rule`, else None.

    `text` is all that was generated so far, from the cursor on. It is asked again after every
    token, so a line that is still growing is judged only by what can no longer change.
    """
    breaks = list(_LINE_BREAK.finditer(text))
    if rule.max_lines == 1:
        return breaks[0].start() if breaks else None

    seen_code = bool(text[: breaks[0].start()].strip()) if breaks else False
    for number, here in enumerate(breaks, start=1):
        if number == rule.max_lines and seen_code:
            return here.start()
        is_growing = number == len(breaks)
        line = text[here.end() :] if is_growing else text[here.end() : breaks[number].start()]
        code = line.strip()
        if not code:
            if seen_code and not is_growing:
                return here.start()
            continue
        width = indent_width(indentation(line))
        if width < rule.indent:
            if width != rule.closer_indent or not _CLOSERS.fullmatch(code):
                return here.start()
            if not is_growing:
                return breaks[number].start()
        seen_code = True
    return None


def whole_lines(text: str) -> str:
    """`text` without its last, unfinished line; as it is if nothing would be left."""
    lines = text[: max(text.rfind("\n"), text.rfind("\r"), 0)].removesuffix("\r")
    return lines if lines.strip() else text
