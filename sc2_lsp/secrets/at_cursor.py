"""Whether the cursor is at a secret, where a suggestion would be another one, made up."""

from __future__ import annotations

from sc2_lsp.secrets.find import find_secrets
from sc2_lsp.text import Text

_LONGEST_KEY = 8192
_LONGEST_LINE = 4096


def stands_at_secret(text: Text, char_offset: int) -> bool:
    """Whether `char_offset` is inside of a secret or right behind one."""
    content, line = text.content, text.line_at(char_offset)
    start = text.line_start(max(line - 1, 0))
    armour = content.rfind("-----BEGIN ", max(char_offset - _LONGEST_KEY, 0), char_offset)
    start = max(start, char_offset - _LONGEST_LINE) if armour < 0 else min(start, armour)
    end = min(text.line_end(line), char_offset + _LONGEST_LINE)
    at = char_offset - start
    return any(secret.start < at <= secret.end for secret in find_secrets(content[start:end]))
