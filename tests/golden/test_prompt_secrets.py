"""Prompts of the bundled model's own tokenizer, around secrets."""

from __future__ import annotations

from sc2_lsp.completion.anchors import Anchors
from sc2_lsp.completion.assemble import assemble
from sc2_lsp.completion.means import Means
from sc2_lsp.domain import ModelInfo, Snippet
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.secrets import lead_of
from sc2_lsp.settings import Settings
from sc2_lsp.vocabulary import EMAIL, KEY, PASSWORD
from tests.support.planted_secrets import PLANTED
from tests.support.snapshots import snapshot

MODEL = ModelInfo("", "", "", 0, n_ctx=4096, n_ctx_train=4096)


async def test_no_planted_secret_is_read_back_from_a_prompt(engine: EngineClient) -> None:
    for planted in PLANTED:
        snippet = Snippet("config.py", 0, f"{planted.lines}\n", "test", "")
        means = Means(Settings(layout="anchored"), MODEL, engine, lambda _, s=snippet: (s,))
        at = snapshot(f"import os\n{planted.lines}\nx = <CURSOR>\n{planted.lines}\n")
        prompt = await assemble(at, Anchors(), means)
        for tokens in (prompt.tokens, *prompt.cheaper):
            assert any(token in (EMAIL, KEY, PASSWORD) for token in tokens)
            shown = await engine.detokenize(tokens)
            assert not [secret for secret in planted.secrets if secret in shown], planted.name


async def test_no_planted_secret_behind_the_cursor_is_read_back_from_a_prompt(
    engine: EngineClient,
) -> None:
    for number, planted in enumerate(PLANTED):
        first = min(planted.lines.index(secret) for secret in planted.secrets)
        for n in {0, number % (first + 1), first}:
            marked = f"import os\n{planted.lines[:n]}<CURSOR>{planted.lines[n:]}\nprint(os)\n"
            lines = f"import os\n{planted.lines}\n".split("\n")
            snippet = Snippet(
                "config.py",
                len(lines) - 2,
                "\n".join(lines[-2:]),
                "test",
                "",
                leads=((len(lines) - 2, lead_of(lines, len(lines) - 2)),),
            )
            means = Means(Settings(layout="anchored"), MODEL, engine, lambda _, s=snippet: (s,))
            prompt = await assemble(snapshot(marked), Anchors(), means)
            for tokens in (prompt.tokens, *prompt.cheaper):
                shown = await engine.detokenize(tokens)
                assert not [secret for secret in planted.secrets if secret in shown], marked


async def test_a_placeholder_reads_as_in_the_training_data(engine: EngineClient) -> None:
    secret = "hunt" + "er2"
    means = Means(Settings(layout="anchored"), MODEL, engine, lambda _: ())
    at = snapshot(f"a = 1\n\n\n\npassword = '{secret}'\nlogin<CURSOR>\nb = '{secret}'\n")
    prompt = await assemble(at, Anchors(), means)
    assert await engine.detokenize(prompt.tokens) == (
        "<file_sep><fim_prefix>pkg/main.py\na = 1<fim_suffix>\nb = '" + secret + "'\n<fim_middle>"
        "\n\n\n\npassword = '<PASSWORD>'\n"
    )
    assert prompt.required == b"login"
