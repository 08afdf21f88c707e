from __future__ import annotations

import pytest

from sc2_lsp.domain import StopRule
from sc2_lsp.stopping import end_of_suggestion

LINE = StopRule(max_lines=1)
BODY = StopRule(max_lines=5, indent=4)
BRACES = StopRule(max_lines=9, indent=5, closer_indent=4)


def kept(text: str, rule: StopRule) -> str | None:
    """The text that is kept when tokens of one char each come in; None if it never ends."""
    for length in range(len(text) + 1):
        end = end_of_suggestion(text[:length], rule)
        if end is not None:
            return text[:end]
    return None


@pytest.mark.parametrize(
    ("rule", "generated", "expected"),
    [
        (LINE, "x + 1", None),
        (LINE, "x + 1\nmore", "x + 1"),
        (LINE, "x + 1\r\nmore", "x + 1"),
        (LINE, "\nmore", ""),
        (BODY, "a = 1\n    b = 2\nc = 3", "a = 1\n    b = 2"),
        (BODY, "a = 1\n        b = 2\n    c = 3\nd", "a = 1\n        b = 2\n    c = 3"),
        (BODY, "a = 1\n    b = 2\n\n    c = 3", "a = 1\n    b = 2"),
        (BODY, "a = 1\r\n    b = 2\r\n\r\n    c", "a = 1\r\n    b = 2"),
        (BODY, "a\n    b\n    c\n    d\n    e\n    f", "a\n    b\n    c\n    d\n    e"),
        (BODY, "\n    a = 1\n    b = 2\nc", "\n    a = 1\n    b = 2"),
        (BODY, "a = 1\n    ", None),
        (BODY, "a\n\tb\nc", "a\n\tb"),
        (BRACES, "\n        a();\n    }\n    b();", "\n        a();\n    }"),
        (BRACES, "\n        a();\n    });\nrest", "\n        a();\n    });"),
        (BRACES, "\n        a();\n    } else {\n", "\n        a();"),
        (BRACES, "\n        a();\n}\n", "\n        a();"),
        (StopRule(9, indent=0), "a = 1\nb = 2\n\nc", "a = 1\nb = 2"),
    ],
)
def test_where_generated_text_ends(rule: StopRule, generated: str, expected: str | None) -> None:
    assert kept(generated, rule) == expected
