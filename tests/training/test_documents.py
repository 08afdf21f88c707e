"""The training documents have StarCoder2's layout, and a cut loses nothing."""

from __future__ import annotations

import random

import pytest

from sc2_lsp.vocabulary import (
    ENDOFTEXT,
    FILE_SEP,
    FIM_MIDDLE,
    FIM_PREFIX,
    FIM_SUFFIX,
    REPO_NAME,
    SPECIAL_TOKENS,
)
from training.corpus import SourceFile
from training.documents import (
    Cut,
    Mix,
    Related,
    chunks,
    document,
    fim,
    names_in,
    package_documents,
    random_cut,
    short_middle,
)

TEXT = "import os\n\n\ndef f(x):\n    y = x + 1\n    return y\n"


def file(path: str, text: str = TEXT) -> SourceFile:
    return SourceFile("pkg", path, text, held_out=False)


def mix(**shares: float) -> Mix:
    return Mix(
        length=64, target_chars=(20, 60), document_chars=400, snippet_chars=(10, 80), **shares
    )


def test_the_control_tokens_have_starcoder2s_ids() -> None:
    ids = [SPECIAL_TOKENS.index(f"<{name}>") for name in ("fim_prefix", "fim_middle", "file_sep")]
    assert len(SPECIAL_TOKENS) == 38
    assert ids == [FIM_PREFIX, FIM_MIDDLE, FILE_SEP] == [1, 2, 6]


def test_a_plain_document_names_repository_and_paths() -> None:
    plain = mix(metadata_share=1.0, target_fim_share=0.0, snippet_fim_share=0.0)
    files = [file("a.py", "A\n"), file("b.py", "B\n")]
    got = document("pkg", files, plain, random.Random(1))
    assert got == (REPO_NAME, "pkg", FILE_SEP, "a.py\nA\n", FILE_SEP, "b.py\nB\n", ENDOFTEXT)


def test_without_metadata_names_and_paths_are_left_out() -> None:
    plain = mix(metadata_share=0.0, target_fim_share=0.0, snippet_fim_share=0.0)
    files = [file("a.py", "A\n"), file("b.py", "B\n")]
    got = document("pkg", files, plain, random.Random(1))
    assert got == (FILE_SEP, "A\n", FILE_SEP, "B\n", ENDOFTEXT)


def test_the_path_line_stands_inside_the_prefix() -> None:
    cut = Cut("pre", "mid", "suf")
    psm = [FIM_PREFIX, "a.py\npre", FIM_SUFFIX, "suf", FIM_MIDDLE, "mid"]
    spm = [FIM_PREFIX, FIM_SUFFIX, "suf", FIM_MIDDLE, "a.py\npre", "mid"]
    assert fim(cut, "a.py\n", spm=False) == psm
    assert fim(cut, "a.py\n", spm=True) == spm


@pytest.mark.parametrize("seed", range(50))
def test_a_cut_loses_nothing(seed: int) -> None:
    cut = random_cut(TEXT, mix(), random.Random(seed))
    assert cut.prefix + cut.middle + cut.suffix == TEXT


@pytest.mark.parametrize("seed", range(50))
def test_a_short_middle_starts_behind_the_indentation_and_ends_with_a_line(seed: int) -> None:
    start, end = short_middle(TEXT, random.Random(seed), one_line_share=0.5)
    line_start = TEXT.rfind("\n", 0, start) + 1
    indentation = len(TEXT[line_start:]) - len(TEXT[line_start:].lstrip(" "))
    assert start >= line_start + indentation
    assert end == len(TEXT) or TEXT[end] == "\n"


def test_broken_text_is_the_same_text_and_a_middle_stays_whole() -> None:
    plain = mix(metadata_share=0.0, target_fim_share=1.0, break_share=1.0, break_gap=3.0)
    got = document("pkg", [file("a.py")], plain, random.Random(5))
    assert len([s for s in got if isinstance(s, str)]) > 5
    assert sorted("".join(s for s in got if isinstance(s, str))) == sorted(TEXT)


def test_chunks_cover_a_text() -> None:
    text = TEXT * 20
    got = list(chunks(text, (50, 200), random.Random(3)))
    assert "".join(got) == text
    assert all(chunk.endswith("\n") for chunk in got)


def test_the_parts_of_a_data_set_share_no_target() -> None:
    plain = mix(context_share=0.0, target_fim_share=0.0, metadata_share=0.0)
    files = [file("a.py", "".join(f"line_{i} = {i}\n" for i in range(200)))]
    parts = [
        {segment for d in package_documents(files, plain, "s", part, 3) for segment in d}
        for part in range(3)
    ]
    texts = [{s for s in part if isinstance(s, str)} for part in parts]
    assert not texts[0] & texts[1] | texts[1] & texts[2]
    whole = "".join(sorted("".join(t) for part in texts for t in part))
    assert len(whole) == len(files[0].text)


def test_imported_files_come_before_neighbours() -> None:
    importer = file("pkg/a.py", "from .b import thing\nimport pkg.sub.c\nfrom pkg import d\n")
    others = [file(f"pkg/{name}.py") for name in ("b", "d", "e")] + [file("pkg/sub/c.py")]
    related = Related([importer, *others])
    assert {f.path for f in related.imports(importer)} == {"pkg/b.py", "pkg/sub/c.py", "pkg/d.py"}
    order = [f.path for f in related.of(importer, random.Random(1))]
    assert order[-1] == "pkg/e.py"
    assert importer.path not in order


def test_the_excerpt_is_the_window_that_shares_most_names() -> None:
    lines = [f"filler_{i} = {i}\n" for i in range(120)]
    lines[70] = "wanted_name = other_name\n"
    other = file("pkg/b.py", "".join(lines))
    score, first = Related([other]).best_window(other, names_in("wanted_name other_name"))
    assert first <= 70 < first + 30
    assert score > 0
