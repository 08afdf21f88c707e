"""Tokens are characters here, so that a prompt can be read; control tokens are their ids."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sc2_lsp.completion.anchors import Anchors
from sc2_lsp.completion.assemble import Means, assemble, new_anchor, opening
from sc2_lsp.domain import ModelInfo, Snippet, Tokens
from sc2_lsp.settings import Settings
from tests.support.fake_engine import FakeEngine
from tests.support.snapshots import snapshot

MODEL = ModelInfo("", "", "", 0, n_ctx=4096, n_ctx_train=4096)
ASKED = """\
import os


def load(path):
    a = 1
    b = 2
    c = 3
    x = <CURSOR>


def save():
    pass
"""
LINES_ABOVE = "\n    a = 1\n    b = 2\n    c = 3"
B = Snippet("b.py", 0, "B = 1\n", "test", "")
C = Snippet("c.py", 0, "C = 1\n", "test", "")


def means(
    layout: str = "anchored", snippets: tuple[Snippet, ...] = (), **settings: object
) -> Means:
    given = Settings(layout=layout, **settings)  # type: ignore[arg-type]
    return Means(given, MODEL, FakeEngine(), lambda _: snippets)


def chars(tokens: Tokens) -> str:
    return "".join(chr(token) if token >= 9 else f"<{token}>" for token in tokens)


def common(left: Tokens, right: Tokens) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(left), len(right)))


@pytest.mark.parametrize(
    ("layout", "expected", "required"),
    [
        (
            "anchored",
            "<6><1>pkg/main.py\nimport os\n\n\ndef load(path):<3>"
            "\n\n\ndef save():\n    pass\n<2>" + LINES_ABOVE + "\n    x =",
            " ",
        ),
        (
            "psm",
            "<6><1>pkg/main.py\nimport os\n\n\ndef load(path):" + LINES_ABOVE + "\n    x = <3>"
            "\n\n\ndef save():\n    pass\n<2>",
            "",
        ),
        (
            "spm",
            "<6><1><3>\n\n\ndef save():\n    pass\n<2>"
            "pkg/main.py\nimport os\n\n\ndef load(path):" + LINES_ABOVE + "\n    x =",
            " ",
        ),
    ],
)
async def test_the_order_of_the_parts(layout: str, expected: str, required: str) -> None:
    prompt = await assemble(snapshot(ASKED), Anchors(), means(layout))
    assert chars(prompt.tokens) == expected
    assert prompt.required == required.encode()


async def test_without_healing_all_that_was_typed_is_shown() -> None:
    prompt = await assemble(snapshot(ASKED), Anchors(), means(token_healing=False))
    assert chars(prompt.tokens).endswith("<2>" + LINES_ABOVE + "\n    x = ")
    assert prompt.required == b""


@pytest.mark.parametrize("layout", ["anchored", "spm"])
async def test_typing_changes_nothing_before_the_typed_text(layout: str) -> None:
    anchors, by = Anchors(), means(layout, (B, C))
    typed = "[os.path.join(path, name)\n         for name in names]\n    return x\n"
    before = await assemble(snapshot(ASKED), anchors, by)
    for n in range(len(typed) + 1):
        now = ASKED.replace("<CURSOR>", typed[:n] + "<CURSOR>")
        after = await assemble(snapshot(now), anchors, by)
        shared = common(before.tokens, after.tokens)
        assert len(after.tokens) - shared <= 32
        assert len(before.tokens) - shared <= 32
        before = after


async def test_snippets_keep_place_and_bytes_while_the_window_stays() -> None:
    anchors = Anchors()
    first = await assemble(snapshot(ASKED), anchors, means(snippets=(B, C)))
    changed = Snippet("b.py", 0, "B = 222\n", "test", "")
    elsewhere = ASKED.replace("<CURSOR>", "").replace("    pass", "    pa<CURSOR>")
    second = await assemble(snapshot(elsewhere), anchors, means(snippets=(C, changed)))
    shown = chars(second.tokens)
    assert "b.py\nB = 1\n" in shown
    assert shown.startswith(chars(first.tokens)[: shown.index("<3>") - 60])


async def test_what_is_gone_from_its_file_goes_though_the_window_stays() -> None:
    anchors, by = Anchors(), means(snippets=(B, C))
    await assemble(snapshot(ASKED), anchors, by)
    elsewhere = snapshot(ASKED.replace("<CURSOR>", "").replace("    pass", "    pa<CURSOR>"))
    by = replace(
        by,
        gather=lambda _: (C,),
        gone=lambda _, shown: [range(one == B) for one in shown],
    )
    assert "B = 1" not in chars((await assemble(elsewhere, anchors, by)).tokens)


async def test_a_line_put_at_the_top_of_the_document_is_shown() -> None:
    anchors, by = Anchors(), means()
    await assemble(snapshot(ASKED), anchors, by)
    prompt = await assemble(snapshot("import sys\n" + ASKED), anchors, by)
    assert "main.py\nimport sys\nimport os" in chars(prompt.tokens)


async def test_renewed_snippets_are_taken_as_they_are_now() -> None:
    anchors, at = Anchors(), snapshot(ASKED)
    await assemble(at, anchors, means(snippets=(B,)))
    anchor = await new_anchor(at, anchors, means(snippets=(B, C)), renew=True)
    assert anchor.snippets == (B, C)


async def test_too_much_typed_text_drops_anchor_anew() -> None:
    anchors, by = Anchors(), means()
    await assemble(snapshot(ASKED), anchors, by)
    typed = "".join(f"y{number} = {number}\n    " for number in range(60))
    prompt = await assemble(snapshot(ASKED.replace("<CURSOR>", typed + "<CURSOR>")), anchors, by)
    after = chars(prompt.tokens).partition("<2>")[2]
    assert 0 < len(after) < 200
    assert "y50 = 50" in chars(prompt.tokens).partition("<3>")[0]


async def test_cheaper_prompts_show_the_same_cursor_and_less_around_it() -> None:
    long = "".join(f"line{number} = {number}\n" for number in range(200))
    by = means(snippets=(B,))
    prompt = await assemble(snapshot(long + "x = <CURSOR>\n" + long), Anchors(), by)
    sizes = [len(tokens) for tokens in (prompt.tokens, *prompt.cheaper)]
    assert sizes == sorted(sizes, reverse=True)
    short_suffix, alone = map(chars, prompt.cheaper)
    typed = chars(prompt.tokens).partition("<2>")[2]
    assert short_suffix.endswith("<2>" + typed)
    assert alone.endswith("<2>" + typed)
    assert common(prompt.tokens, prompt.cheaper[0]) > len(prompt.cheaper[0]) - 180
    assert "b.py" not in alone
    assert alone.startswith("<6><1>pkg/main.py\nline")
    assert sizes[2] < 900


@pytest.mark.parametrize("layout", ["anchored", "psm", "spm"])
async def test_every_prompt_of_a_document_begins_like_its_opening(layout: str) -> None:
    anchors, by = Anchors(), means(layout, (B,))
    tokens = await opening(snapshot("<CURSOR>" + ASKED.replace("<CURSOR>", "")), anchors, by)
    prompt = await assemble(snapshot(ASKED), anchors, by)
    shared = common(tokens, prompt.tokens)
    assert chars(tokens).startswith("<6>b.py\nB = 1\n<6><1>")
    if layout == "spm":
        assert shared == len(tokens)
    else:
        assert "def load(path):" in chars(tokens[:shared])


async def test_a_second_file_shares_the_repository_and_the_files_that_came_first() -> None:
    anchors = Anchors()
    by = means(snippets=(B, C))
    first = await assemble(snapshot(ASKED, repository="acme"), anchors, by)
    other = snapshot("y = <CURSOR>\n", path="pkg/other.py", repository="acme")
    second = await assemble(other, anchors, by)
    shared = chars(second.tokens[: common(first.tokens, second.tokens)])
    assert shared == "<5>acme<6>b.py\nB = 1\n<6>c.py\nC = 1\n<6><1>pkg/"
