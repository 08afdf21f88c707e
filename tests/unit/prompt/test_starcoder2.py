from __future__ import annotations

from dataclasses import replace

import pytest

from sc2_lsp.prompt.starcoder2 import (
    ANCHORED,
    N_CONTROL_TOKENS,
    PSM,
    SPM,
    Layout,
    Parts,
    anchored,
    file_text,
    layout_of,
    psm,
    spm,
)

REPOSITORY = (100, 101)
FILES = ((110, 111), (120,))
PARTS = Parts(REPOSITORY, FILES, prefix=(130, 131), typed=(135,), suffix=(140,))


def test_psm_puts_the_path_line_inside_the_prefix_and_a_separator_before_it() -> None:
    assert psm(PARTS) == (
        *(5, 100, 101),
        *(6, 110, 111),
        *(6, 120),
        6,
        *(1, 130, 131, 135),
        *(3, 140),
        2,
    )


def test_an_anchored_middle_is_psm_whose_middle_has_begun() -> None:
    untyped = replace(PARTS, typed=())
    assert anchored(PARTS) == (*psm(untyped), 135)
    assert anchored(untyped) == psm(untyped)


def test_spm_ends_with_the_prefix() -> None:
    assert spm(PARTS) == (5, 100, 101, 6, 110, 111, 6, 120, 6, 1, 3, 140, 2, 130, 131, 135)


@pytest.mark.parametrize("layout", [psm, anchored, spm])
def test_a_prompt_without_repository_starts_with_a_separator(layout: object) -> None:
    bare = Parts((), (), (130,), (), ())
    assert layout(bare)[:2] == (6, 1)  # type: ignore[operator]


@pytest.mark.parametrize("layout", [psm, anchored, spm])
def test_every_layout_has_the_control_tokens_that_the_budget_counts(layout: object) -> None:
    parts = Parts((100,), (), (130,), (), (140,))
    assert len(layout(parts)) == 3 + N_CONTROL_TOKENS  # type: ignore[operator]


def test_a_file_without_a_path_is_its_code_alone() -> None:
    assert file_text("a.py", "x = 1\n") == "a.py\nx = 1\n"
    assert file_text("", "x = 1\n") == "x = 1\n"


@pytest.mark.parametrize(
    ("chosen", "asked_for", "layout"),
    [
        ("auto", "", ANCHORED),
        ("auto", "spm", SPM),
        ("auto", "from a newer version", ANCHORED),
        ("psm", "spm", PSM),
        ("spm", "psm", SPM),
    ],
)
def test_the_user_chooses_before_the_model_file(
    chosen: str, asked_for: str, layout: Layout
) -> None:
    assert layout_of(chosen, asked_for) is layout
