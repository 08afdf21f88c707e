"""How far a name may stand from the secret that it tells of, in lines of a file.

A part of a file is searched together with what stands that near to it, so that it does not matter
where the part begins or ends.
"""

from __future__ import annotations

from collections.abc import Sequence

_MOST_LINES = 14
_MOST_CHARS = 4096


def lead_in(content: str, at: int) -> str:
    """The end of `content[:at]` that may name a secret behind it: some lines."""
    lowest = max(at - _MOST_CHARS, 0)
    start = at
    for _ in range(_MOST_LINES + 1):
        start = content.rfind("\n", lowest, start)
        if start < 0:
            return content[lowest:at]
    return content[start + 1 : at]


def lead_of(lines: Sequence[str], first: int) -> str:
    """The same for the line `lines[first]`."""
    before = "".join(f"{line}\n" for line in lines[max(first - _MOST_LINES, 0) : first])
    return before[-_MOST_CHARS:]


def reach(content: str, at: int) -> int:
    """The char offset up to which a secret may reach that is named before `at`."""
    highest = min(at + _MOST_CHARS, len(content))
    end = at
    for _ in range(_MOST_LINES):
        end = content.find("\n", end, highest) + 1
        if not end:
            return highest
    return end
