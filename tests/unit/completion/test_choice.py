"""Tokens are characters here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.completion.choice import choose, is_stale
from sc2_lsp.completion.means import Gone, Means
from sc2_lsp.domain import ModelInfo, Snapshot, Snippet
from sc2_lsp.settings import Settings
from tests.support.fake_engine import FakeEngine
from tests.support.snapshots import snapshot

MODEL = ModelInfo("", "", "", 0, n_ctx=4096, n_ctx_train=4096)
HERE = snapshot("x = <CURSOR>\n")
PLENTY = 1000


def piece(path: str, line: int, text: str | None = None) -> Snippet:
    return Snippet(path, line, text or f"def {path}{line}(): ...\n", "test", f"line {line}")


def means(*best_first: Snippet) -> Means:
    return Means(Settings(), MODEL, FakeEngine(), lambda _: best_first)


def gone(*lines: tuple[str, int]) -> Gone:
    """Lines by their files and numbers that are not there any more."""

    def look(_: Snapshot, snippets: Sequence[Snippet]) -> list[frozenset[int]]:
        return [frozenset(n for path, n in lines if path == one.path) for one in snippets]

    return look


def price(snippets: Sequence[Snippet]) -> int:
    return sum(len(f"<{snippet.path}\n{snippet.text}") for snippet in snippets)


A1, A9, B2, C3, D4 = piece("a", 1), piece("a", 9), piece("b", 2), piece("c", 3), piece("d", 4)


async def test_a_file_is_one_text_with_its_lines_in_order() -> None:
    (shown,) = await choose(HERE, PLENTY, means(A9, A1))
    assert shown.text == "def a1(): ...\ndef a9(): ...\n"


async def test_what_was_shown_keeps_its_place_and_what_is_new_comes_behind() -> None:
    held = await choose(HERE, PLENTY, means(B2, C3, D4))
    assert [snippet.path for snippet in held] == ["b", "c", "d"]
    assert await choose(HERE, PLENTY, means(A1, D4, C3, B2), held) == (*held, A1)


async def test_what_is_of_no_use_any_more_stays_while_there_is_room() -> None:
    held = await choose(HERE, PLENTY, means(B2, C3))
    assert await choose(HERE, PLENTY, means(A1, C3), held) == (B2, C3, A1)
    assert await choose(HERE, price((A1, C3)), means(A1, C3), held) == (C3, A1)


async def test_code_that_was_changed_is_shown_as_it_is_now() -> None:
    held = await choose(HERE, PLENTY, means(B2, C3))
    changed = piece("b", 2, "def b2(x): ...\n")
    assert await choose(HERE, PLENTY, means(changed, C3), held) == (C3, changed)
    assert await is_stale(HERE, PLENTY, means(changed, C3), held)


async def test_code_that_only_moved_stays_as_it_was_shown() -> None:
    lines = "class A:\n    def f(self): ...\n"
    held = await choose(HERE, PLENTY, means(piece("a", 4, lines), B2))
    moved = piece("a", 5, lines)
    assert await choose(HERE, PLENTY, means(moved, B2), held) == held
    assert not await is_stale(HERE, PLENTY, means(moved, B2), held)
    elsewhere = replace(piece("a", 9, lines), lines=(9, 12))
    assert len(await choose(HERE, PLENTY, means(elsewhere, B2), held)) == 3


async def test_what_is_gone_from_its_file_is_left_out_and_the_rest_stays_in_place() -> None:
    held = await choose(HERE, PLENTY, means(A1, B2, C3))
    now = replace(means(A1, C3), gone=gone(("b", 2)))
    assert await choose(HERE, PLENTY, now, held) == (A1, C3)
    assert await is_stale(HERE, PLENTY, now, held)
    now = replace(means(D4, C3), gone=gone())
    assert await choose(HERE, PLENTY, now, held) == (A1, B2, C3, D4)


async def test_what_is_found_all_the_same_is_not_moved() -> None:
    held = await choose(HERE, PLENTY, means(A1, B2, C3))
    now = replace(means(C3, B2), gone=gone(("b", 2)))
    assert await choose(HERE, PLENTY, now, held) == held
    assert not await is_stale(HERE, PLENTY, now, held)


async def test_a_file_that_holds_secrets_is_left_out_though_it_was_shown() -> None:
    secret = piece("prod/.env", 0)
    assert await choose(HERE, PLENTY, means(B2), (secret, B2)) == (B2,)
    assert await is_stale(HERE, PLENTY, means(B2), (secret, B2))


async def test_files_of_the_same_name_are_shown_apart() -> None:
    here = replace(HERE, path="views.py", root="/w/app", file="/w/app/views.py")
    app, other, library, views = (
        replace(piece("x", 1), path=file.rpartition("/")[2], file=file)
        for file in (
            "/w/app/models.py",
            "/w/other/models.py",
            "/usr/lib/models.py",
            "/usr/lib/views.py",
        )
    )
    shown = await choose(here, PLENTY, means(library, other, views, app))
    assert [(one.path, one.file) for one in shown] == [
        ("lib/models.py", library.file),
        ("lib/views.py", views.file),
        ("models.py", app.file),
        ("other/models.py", other.file),
    ]
    held = await choose(here, PLENTY, means(library))
    assert [one.path for one in held] == ["models.py"]
    shown = await choose(here, PLENTY, means(library, app), held)
    assert [one.path for one in shown] == ["models.py", "app/models.py"]


async def test_it_is_stale_when_much_of_the_best_is_missing() -> None:
    held = await choose(HERE, PLENTY, means(A1, B2, C3))
    assert not await is_stale(HERE, PLENTY, means(A1, B2, C3), held)
    assert not await is_stale(HERE, PLENTY, means(D4, A1, B2), held)
    assert await is_stale(HERE, PLENTY, means(D4, A9, B2), held)
    assert not await is_stale(HERE, PLENTY, means(), held)


pieces = st.lists(st.builds(piece, st.sampled_from("abcdef"), st.integers(0, 20)), max_size=12).map(
    tuple
)


@given(pieces, pieces, st.integers(0, 400), st.integers(0, 400))
async def test_no_more_is_shown_than_fits(
    before: tuple[Snippet, ...], now: tuple[Snippet, ...], n_before: int, n_tokens: int
) -> None:
    held = await choose(HERE, n_before, means(*before))
    chosen = await choose(HERE, n_tokens, means(*now), held)
    assert price(held) <= n_before
    assert price(chosen) <= n_tokens
