"""Tokens are characters here."""

from __future__ import annotations

from sc2_lsp.completion.anchors import Anchors
from sc2_lsp.completion.assemble import assemble
from sc2_lsp.completion.context import context_at
from sc2_lsp.completion.means import Means
from sc2_lsp.domain import ModelInfo, Snippet
from sc2_lsp.settings import Settings
from tests.support.fake_engine import FakeEngine
from tests.support.snapshots import snapshot

MODEL = ModelInfo("", "", "", 0, n_ctx=4096, n_ctx_train=4096)
BEST = Snippet("z.py", 4, "def z(): ...\n", "definitions", "z is called here")
OTHER = Snippet("a.py", 0, "A = 1\n", "similar", "like the code here")
HERE = snapshot("x = <CURSOR>\n")


def means(*snippets: Snippet, **settings: object) -> Means:
    given = Settings(**settings)  # type: ignore[arg-type]
    return Means(given, MODEL, FakeEngine(), lambda _: snippets)


async def test_snippets_are_shown_with_their_price() -> None:
    context = await context_at(HERE, Anchors(), means(BEST, OTHER, context_tokens=100), None)
    assert context.to_json() == {
        "snippets": [
            {
                "path": "a.py",
                "start_line": 1,
                "text": "A = 1\n",
                "source": "similar",
                "reason": "like the code here",
                "n_tokens": len("<a.py\nA = 1\n"),
            },
            {
                "path": "z.py",
                "start_line": 5,
                "text": "def z(): ...\n",
                "source": "definitions",
                "reason": "z is called here",
                "n_tokens": len("<z.py\ndef z(): ...\n"),
            },
        ],
        "n_tokens": len("<a.py\nA = 1\n<z.py\ndef z(): ...\n"),
        "budget": 100,
    }


async def test_no_more_is_shown_than_a_budget_allows() -> None:
    price = len("<z.py\ndef z(): ...\n")
    for budget, paths in ((price, ["z.py"]), (price - 1, ["a.py"]), (5000, ["a.py", "z.py"])):
        context = await context_at(HERE, Anchors(), means(BEST, OTHER), budget)
        assert [shown.snippet.path for shown in context.snippets] == paths
        assert context.n_tokens <= context.budget == budget


async def test_it_is_what_the_prompt_at_this_place_has() -> None:
    anchors = Anchors()
    prompt = await assemble(HERE, anchors, means(OTHER))
    context = await context_at(HERE, anchors, means(BEST, OTHER), None)
    assert [shown.snippet for shown in context.snippets] == [OTHER]
    # One more separator stands before the current file.
    assert context.n_tokens == prompt.n_context - 1


async def test_a_prompt_that_is_only_looked_at_changes_nothing() -> None:
    anchors = Anchors()
    await context_at(HERE, anchors, means(BEST), 1000)
    assert anchors.shown_last(HERE) == ()
