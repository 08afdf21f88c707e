"""Chars for random texts that tokenizers may take apart differently."""

from __future__ import annotations

CHARS = [chr(code) for code in range(0x20, 0x7F)] + 3 * list(
    "\t\n\r\f\v\x1c\x1d\x85\xa0 éßñ½²一二Ⅳ٣😀\u200d\u2060\u2028\u3000\u0301<>|_'"
)
