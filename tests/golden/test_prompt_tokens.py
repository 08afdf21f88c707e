"""Token ids of whole prompts from the bundled model's own tokenizer, derived by hand.

A byte-level vocabulary begins, behind the 38 special tokens, with one token a byte, ordered as
GPT-2's byte alphabet writes them: `!` is the first, so a digit d is 38 + (0x30 - 0x21) + d. The 188
printable bytes come first, then the others from byte 0 on, so a line feed is 38 + 188 + 10. Digits
are never merged, which makes a text of single digits derivable without the merges.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from sc2_lsp.completion.anchors import Anchors
from sc2_lsp.completion.assemble import assemble
from sc2_lsp.completion.means import Means
from sc2_lsp.domain import ModelInfo, Prompt, Snapshot, Snippet
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.settings import Settings
from sc2_lsp.vocabulary import SPECIAL_TOKENS
from tests.support.snapshots import snapshot

LINE_FEED = 38 + 188 + 10
MODEL = ModelInfo("", "", "", 0, n_ctx=4096, n_ctx_train=4096)


def digit(value: int) -> int:
    return 38 + 0x30 - 0x21 + value


REPOSITORY = (5, digit(7))
FIRST_FILE = (6, digit(1), LINE_FEED, digit(2))
SECOND_FILE = (6, digit(3), LINE_FEED, digit(4), digit(0))
PATH = (digit(5), LINE_FEED)
PREFIX = (*PATH, digit(6))
SUFFIX = (digit(8), digit(9))

PLAIN = Settings(layout="psm")
SNIPPETS = (Snippet("1", 0, "2", "test", ""), Snippet("3", 0, "40", "test", ""))


async def prompt_at(
    at: Snapshot,
    engine: EngineClient,
    snippets: tuple[Snippet, ...] = (),
    model: ModelInfo = MODEL,
    settings: Settings = PLAIN,
) -> Prompt:
    return await assemble(at, Anchors(), Means(settings, model, engine, lambda _: snippets))


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("psm", (*REPOSITORY, *FIRST_FILE, *SECOND_FILE, 6, 1, *PREFIX, 3, *SUFFIX, 2)),
        (
            "anchored",
            (*REPOSITORY, *FIRST_FILE, *SECOND_FILE, 6, 1, *PATH, 3, *SUFFIX, 2, digit(6)),
        ),
        ("spm", (*REPOSITORY, *FIRST_FILE, *SECOND_FILE, 6, 1, 3, *SUFFIX, 2, *PREFIX)),
    ],
)
async def test_a_repository_prompt_has_the_ids_derived_by_hand(
    engine: EngineClient, layout: str, expected: tuple[int, ...]
) -> None:
    at = snapshot("6<CURSOR>89", path="5", repository="7")
    prompt = await prompt_at(at, engine, SNIPPETS, settings=Settings(layout=layout))
    assert prompt.tokens == expected
    assert (prompt.n_prefix, prompt.n_suffix) == (3, 2)


async def test_a_prompt_without_repository_or_files(engine: EngineClient) -> None:
    prompt = await prompt_at(snapshot("6<CURSOR>89", path="5"), engine)
    assert prompt.tokens == (6, 1, *PREFIX, 3, *SUFFIX, 2)


@pytest.mark.parametrize("special", SPECIAL_TOKENS)
async def test_special_tokens_in_a_users_file_stay_text(engine: EngineClient, special: str) -> None:
    at = snapshot(f"a = '{special}'\n<CURSOR>\nb = '{special}'\n", path=f"{special}.py")
    prompt = await prompt_at(at, engine)
    assert [token for token in prompt.tokens if token < 38] == [6, 1, 3, 2]
    assert (await engine.detokenize(prompt.tokens)).count(special) >= 3


async def test_a_prompt_reads_back_as_the_format_of_the_paper(engine: EngineClient) -> None:
    at = snapshot("def f():\n    <CURSOR>\n\nend\n", path="src/a.py", repository="acme/tool")
    other = Snippet("src/b.py", 0, "B = '😀'\n", "test", "")
    prompt = await prompt_at(at, engine, (other,))
    assert await engine.detokenize(prompt.tokens) == (
        "<repo_name>acme/tool<file_sep>src/b.py\nB = '😀'\n<file_sep>"
        "<fim_prefix>src/a.py\ndef f():\n    <fim_suffix>\n\nend\n<fim_middle>"
    )


async def test_a_file_that_is_far_too_large_gives_a_prompt_that_fits(engine: EngineClient) -> None:
    body = "".join(f"value_{number} = {number}  # ünïcödé 😀\n" for number in range(20_000))
    settings = Settings(n_ctx=2048, layout="psm")
    at = snapshot(body + "x = <CURSOR>\n" + body)
    prompt = await prompt_at(at, engine, (), replace(MODEL, n_ctx=2048), settings)
    assert len(prompt.tokens) + settings.max_tokens <= 2048
    shown = await engine.detokenize(prompt.tokens)
    assert shown.startswith("<file_sep><fim_prefix>pkg/main.py\nvalue_")
    assert "x = <fim_suffix>\nvalue_0 = 0" in shown
    assert shown.endswith("😀\n<fim_middle>")


async def test_a_line_without_end_gives_a_prompt_that_fits(engine: EngineClient) -> None:
    at = snapshot("x" * 3_000_000 + "<CURSOR>" + "\x00é😀" * 500_000)
    prompt = await prompt_at(at, engine)
    assert 0 < prompt.n_prefix <= Settings().prefix_tokens + 384
    assert 0 < prompt.n_suffix <= Settings().suffix_tokens
