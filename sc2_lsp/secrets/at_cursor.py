"""Whether the cursor is at a secret, where a suggestion would be another one, made up."""

from __future__ import annotations

from sc2_lsp.secrets.find import find_secrets
from sc2_lsp.secrets.lead import lead_in, reach
from sc2_lsp.text import Text

_LONGEST_KEY = 8192


def stands_at_secret(text: Text, char_offset: int) -> bool:
    """Whether `char_offset` is inside of a secret or right behind one."""
    content = text.content
    start = char_offset - len(lead_in(content, char_offset))
    armour = content.rfind("-----BEGIN ", max(char_offset - _LONGEST_KEY, 0), char_offset)
    if 0 <= armour < start:
        start = armour
    at = char_offset - start
    around = content[start : reach(content, char_offset)]
    return any(secret.start < at <= secret.end for secret in find_secrets(around))
