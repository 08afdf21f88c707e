from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.domain import Snippet
from sc2_lsp.prompt.redaction import (
    cut,
    heal_pieces,
    masked,
    redact,
    redact_around,
    redact_file,
    redact_snippet,
    secrets_between,
    texts_of,
    tokens_of,
    written_out,
)
from sc2_lsp.secrets import lead_of
from sc2_lsp.vocabulary import EMAIL, KEY, PASSWORD, SPECIAL_TOKENS
from tests.support.planted_secrets import PLANTED, Planted

SECRET = "hunt" + "er2"
TOKEN = "ghp_" + "a1B2c3" * 6
BLOCKS = [
    planted for planted in PLANTED if "PRIVATE KEY" in planted.lines and "\n" in planted.lines
]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", ("",)),
        ("x = 1\n", ("x = 1\n",)),
        (f'password = "{SECRET}"\n', ('password = "', PASSWORD, '"\n')),
        (TOKEN, (KEY,)),
        (f"{TOKEN}\n{TOKEN}", (KEY, "\n", KEY)),
        ("# ada@" + "lovelace.org", ("# ", EMAIL)),
        ("a = '<KEY>'", ("a = '<KEY>'",)),
    ],
)
def test_a_placeholder_stands_for_each_secret(text: str, pieces: tuple[str | int, ...]) -> None:
    assert redact(text) == pieces


def test_the_ids_are_those_of_the_placeholders_in_the_vocabulary() -> None:
    texts = [SPECIAL_TOKENS[token] for token in (EMAIL, KEY, PASSWORD)]
    assert texts == ["<EMAIL>", "<KEY>", "<PASSWORD>"]


@pytest.mark.parametrize(
    ("prefix", "typed", "suffix", "shown"),
    [
        ("a = 1", f'\nx = f(pwd="{SECRET}")\nb', "", ('\nx = f(pwd="<PASSWORD>")\nb', "")),
        ("a = 1", "\npassword = ", f'"{SECRET}"\n', ("\npassword = ", '"<PASSWORD>"\n')),
        ("password = ", "", f'"{SECRET}"\n', ("", '"<PASSWORD>"\n')),
        ("password =", " ", f'"{SECRET}"\n', (" ", '"<PASSWORD>"\n')),
        ("- name: DB_PASSWORD", f"\n  value: {SECRET}x\n", "", ("\n  value: <PASSWORD>\n", "")),
        ("password = x", "", f'\n"{SECRET}"\n', ("", f'\n"{SECRET}"\n')),
    ],
)
def test_a_secret_is_known_by_what_stands_before_its_part_of_the_prompt(
    prefix: str, typed: str, suffix: str, shown: tuple[str, str]
) -> None:
    typed_pieces, suffix_pieces = redact_around(prefix, typed, suffix)
    assert (written_out(typed_pieces), written_out(suffix_pieces)) == shown


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
@pytest.mark.parametrize("n_typed", [0, 4, 400])
def test_wherever_the_cursor_parts_a_name_and_its_secret_the_suffix_does_not_show_it(
    planted: Planted, n_typed: int
) -> None:
    text = f"import os\n\n{planted.lines}\nprint(os)\n"
    first = text.index(planted.secrets[0])
    for cursor in range(text.index(planted.lines), first + 1):
        at = max(cursor - n_typed, 0)
        shown = redact_around(text[:at], text[at:cursor], text[cursor:])
        for pieces in shown:
            assert not [s for s in planted.secrets if s in written_out(pieces)], text[:cursor]


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_a_snippet_that_begins_below_the_name_of_a_secret_does_not_show_it(
    planted: Planted,
) -> None:
    lines = f"import os\n{planted.lines}\nprint(os)".split("\n")
    for first in range(1, len(lines)):
        text = "\n".join(lines[first:]) + "\n"
        snippet = Snippet("a.py", first, text, "", "", leads=((first, lead_of(lines, first)),))
        elided = replace(
            snippet,
            start_line=0,
            text=f"import os\n...\n{text}",
            lines=(0, -1, *range(first, len(lines))),
        )
        for shown in map(written_out, map(redact_snippet, (snippet, elided))):
            assert not [secret for secret in planted.secrets if secret in shown]
            assert shown.endswith("print(os)\n")
        n_lines = [len(one.text.split("\n")) for one in (snippet, masked(snippet))]
        assert n_lines[0] == n_lines[1]
        assert not [secret for secret in planted.secrets if secret in masked(snippet).text]


def test_what_is_cut_from_a_text_is_redacted_as_the_whole_is() -> None:
    text = f'x = 1\npassword = (\n    "{SECRET}"\n)\ny = 2\n'
    place = text.index(SECRET)
    secrets = secrets_between(text, place - 1, len(text))
    assert written_out(cut(text, secrets, place - 1, len(text))) == '"<PASSWORD>"\n)\ny = 2\n'
    assert written_out(cut(text, secrets, place + 3, len(text))) == '<PASSWORD>"\n)\ny = 2\n'
    assert written_out(cut(text, secrets, 0, place)) == text[:place]


@pytest.mark.parametrize("planted", BLOCKS, ids=lambda planted: planted.name)
@pytest.mark.parametrize("n_before", range(2, 14))
def test_a_private_key_may_begin_in_one_part_and_end_in_the_next(
    planted: Planted, n_before: int
) -> None:
    breaks = [n for n, char in enumerate(planted.lines) if char == "\n"]
    cut = breaks[min(n_before, len(breaks) - 1)]
    typed, _ = redact_around("x = 1\n" + planted.lines[:cut], planted.lines[cut:] + "\ny", "")
    assert not [secret for secret in planted.secrets if secret in written_out(typed)]
    assert written_out(typed).endswith("\ny")


@pytest.mark.parametrize(
    ("text", "kept", "required"),
    [
        (f'k = "{TOKEN}"\nfo', ('k = "', KEY, '"\n'), "fo"),
        (f'k = "{TOKEN}"', ('k = "', KEY), '"'),
        (TOKEN, (KEY,), ""),
        ("fo", ("",), "fo"),
        ("x = fo", ("x =",), " fo"),
    ],
)
def test_healing_steps_back_to_a_placeholder_at_most(
    text: str, kept: tuple[str | int, ...], required: str
) -> None:
    assert heal_pieces(redact(text)) == (kept, required)


PARTS = st.lists(
    st.lists(st.text(max_size=3) | st.sampled_from([KEY, PASSWORD]), max_size=4).map(tuple),
    max_size=5,
)


@given(PARTS)
def test_the_tokens_of_parts_are_those_of_their_pieces_in_order(
    parts: list[tuple[str | int, ...]],
) -> None:
    tokens = [tuple(1000 + ord(char) for char in text) for text in texts_of(parts)]
    read_back = [
        "".join(chr(t - 1000) if t >= 1000 else SPECIAL_TOKENS[t] for t in part)
        for part in tokens_of(parts, tokens)
    ]
    assert read_back == [written_out(part) for part in parts]


LINES = [planted.lines for planted in PLANTED]


@given(st.lists(st.sampled_from([*LINES, "x", "\n", "password = "]), max_size=6))
def test_what_is_shown_stands_in_the_text_in_the_same_order(lines: list[str]) -> None:
    text = "".join(lines)
    reached = 0
    for piece in redact(text):
        if isinstance(piece, str):
            reached = text.index(piece, reached) + len(piece)


def test_the_path_of_a_file_is_part_of_its_first_piece() -> None:
    assert redact_file("a.py", f'p = "{TOKEN}"') == ('a.py\np = "', KEY, '"')
    assert redact_file("a.py", TOKEN) == ("a.py\n", KEY)
    assert redact_file("", TOKEN) == ("", KEY)
    assert redact_file("a.py", "") == ("a.py\n",)
    assert redact_file("a.py", f'"{SECRET}"', before="x = 1\npassword = ") == (
        'a.py\n"',
        PASSWORD,
        '"',
    )


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_what_does_not_change_while_somebody_types_stays_the_same(planted: Planted) -> None:
    prefix, typed = f"import os\n{planted.lines}\n", "for item in items:\n    print(item)\n"
    suffix = f"\n{planted.lines}\nprint(os)\n"
    shown = [redact_around(prefix, typed[:n], suffix) for n in range(len(typed) + 1)]
    assert len({behind for _, behind in shown}) == 1
    assert [written_out(before) for before, _ in shown] == [
        typed[:n] for n in range(len(typed) + 1)
    ]
