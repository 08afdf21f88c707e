"""`sc2-quantize verify`: figures against known ones, the reports, and the exit code."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from quantize.divergence import Divergence
from sc2_lsp.models import BUNDLED_MODEL
from tests.quantize.conftest import ROOT, Command, Tool
from tests.quantize.random_models import write_random

SOURCES = ROOT / "sc2_lsp" / "prompt"
FAST = ("--threads", 1)


@pytest.fixture(scope="module")
def smaller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model, which has learned something, in a type that loses something."""
    from typer.testing import CliRunner

    from quantize.cli import app

    path = tmp_path_factory.mktemp("smaller") / "tiny-q4_0.gguf"
    options = ["--type", "Q4_0", "--requantize"]
    done = CliRunner().invoke(app, ["quantize", str(BUNDLED_MODEL), str(path), *options])
    assert done.exit_code == 0, done.output
    return path


def test_divergence_of_known_distributions() -> None:
    a, b = (
        np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]),
        np.array([[0.25, 0.5, 0.25], [0.1, 0.8, 0.1]]),
    )
    divergence = Divergence()
    # Logits may have any offset.
    divergence.add(np.log(a).astype(np.float32) + 7, np.log(b).astype(np.float32) - 3, [0, 1])
    figures = divergence.figures()
    kl = 0.5 * np.log(2) - 0.25 * np.log(2)
    assert figures["kl_mean"] == pytest.approx(kl / 2, rel=1e-5)
    assert figures["kl_max"] == pytest.approx(kl, rel=1e-5)
    assert figures["perplexity_a"] == pytest.approx(np.exp(-np.log(0.5 * 0.8) / 2), rel=1e-5)
    assert figures["perplexity_b"] == pytest.approx(np.exp(-np.log(0.25 * 0.8) / 2), rel=1e-5)
    assert figures["same_top"] == 0.5


def test_a_file_compared_with_itself_lost_nothing(command: Command) -> None:
    done = command(
        *("verify", BUNDLED_MODEL, BUNDLED_MODEL, "--corpus", SOURCES, "--chunks", 1, "--json"),
        *("--completions", 2, "--max-kl", 0, "--min-same-top", 1, *FAST),
    )
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)["figures"]
    assert (figures["kl_mean"], figures["same_top"], figures["fim_b_as_a"]) == (0, 1, 2)
    assert figures["perplexity_a"] == figures["perplexity_b"]


def test_a_smaller_file_is_told_from_its_source(
    smaller: Path, tmp_path: Path, command: Command
) -> None:
    page, picture = tmp_path / "page.html", tmp_path / "picture.png"
    done = command(
        *("verify", BUNDLED_MODEL, smaller, "--corpus", SOURCES, "--chunks", 3, "--json", *FAST),
        *("--completions", 4, "--html", page, "--png", picture, "--max-kl", 0.001),
        *("--min-same-top", 0.5),
    )
    assert done.exit_code == 1, done.output
    assert re.search(r"The mean KL divergence 0\.0\d+ is above 0\.001\.", done.stderr)
    comparison = json.loads(done.stdout)
    figures = comparison["figures"]
    assert (comparison["a"], comparison["b"]) == ("sc2-tiny.gguf", "tiny-q4_0.gguf")
    assert figures["n_tokens"] == 3 * 255
    assert 0.005 < figures["kl_mean"] < 0.1
    assert figures["kl_median"] < figures["kl_p99"] < figures["kl_max"]
    assert 0.8 < figures["same_top"] < 1
    assert 5 < figures["perplexity_a"] < figures["perplexity_b"] < 100
    assert 0 <= figures["fim_b_as_a"] <= figures["n_fims"] == 4
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    check_page(page.read_text(encoding="utf-8"), figures)


def check_page(page: str, figures: dict[str, float]) -> None:
    tags: list[str] = []
    links: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            tags.append(tag)
            links.extend(name for name, _ in attributes if name in ("src", "href", "srcset"))

    Reader().feed(page)
    assert {"table", "svg", "polyline"} <= set(tags)
    assert not {"script", "link", "img", "iframe"} & set(tags)
    assert not links
    assert f"{figures['kl_mean']:.5f}" in page
    curve = re.search(r'points="([^"]*)"', page)
    assert curve
    heights = [float(point.split(",")[1]) for point in curve[1].split()]
    assert len(heights) == 101
    assert heights == sorted(heights, reverse=True)


def test_the_table_says_what_was_lost(smaller: Path, command: Command) -> None:
    done = command(
        *("verify", BUNDLED_MODEL, smaller, "--corpus", SOURCES, "--chunks", 1),
        *("--completions", 1, *FAST),
    )
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert re.fullmatch(
        r"\| perplexity +\| \d+\.\d{3} +\| \d+\.\d{3} \([+-]\d+\.\d\d%\) +\|", lines[4]
    )
    assert re.fullmatch(r"\| completed exactly as A does +\| +\| [01] of 1 +\|", lines[9])
    assert lines[-1] == "255 tokens of 1 chunks were compared."


def test_what_cannot_be_compared_is_one_sentence(
    model: Path, tmp_path: Path, command: Command
) -> None:
    other = tmp_path / "other.gguf"
    write_random(other, without=("tokenizer.ggml.merges",))
    text = tmp_path / "text.gguf"
    text.write_text("no model")
    small = tmp_path / "small"
    small.mkdir()
    (small / "a.py").write_text("x = 1\n")
    for b, options, complaint in (
        (text, ["--corpus", SOURCES], "text.gguf is no usable GGUF file"),
        (tmp_path / "none.gguf", ["--corpus", SOURCES], "none.gguf cannot be read"),
        (other, ["--corpus", SOURCES], "other.gguf cannot be loaded"),
        (model, ["--corpus", small], "512 are the least"),
        (model, ["--corpus", SOURCES, "--html", tmp_path / "no" / "x.html"], "does not exist"),
    ):
        done = command("verify", model, b, *options, *FAST)
        assert (done.exit_code, complaint in done.output) == (2, True), done.output
        assert len(done.output.strip().splitlines()) == 1


@pytest.mark.reference
def test_figures_are_those_of_llama_perplexity(
    smaller: Path, tmp_path: Path, command: Command, tool: Tool
) -> None:
    """Their base file rounds logarithms of probabilities to 16 bits, hence the tolerance."""
    text, base = tmp_path / "code.txt", tmp_path / "base.kld"
    code = (path.read_text(encoding="utf-8") for path in sorted((ROOT / "quantize").glob("*.py")))
    text.write_text("".join(code), encoding="utf-8")
    common = ("-f", text, "-c", 512, "--chunks", 12, "--kl-divergence-base", base)
    tool("llama-perplexity", "-m", BUNDLED_MODEL, *common)
    said = tool("llama-perplexity", "-m", smaller, *common, "--kl-divergence")
    done = command(
        "verify", BUNDLED_MODEL, smaller, "--text", text, "--chunks", 12, "--json", *FAST
    )
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)["figures"]

    def theirs(name: str) -> float:
        found = re.search(rf"{re.escape(name)} *: *([\d.]+)", said)
        assert found, said
        return float(found[1])

    assert figures["perplexity_a"] == pytest.approx(theirs("Mean PPL(base)"), rel=1e-3)
    assert figures["perplexity_b"] == pytest.approx(theirs("Mean PPL(Q)"), rel=1e-3)
    assert figures["kl_mean"] == pytest.approx(theirs("Mean    KLD"), rel=0.02)
    assert figures["kl_median"] == pytest.approx(theirs("Median  KLD"), rel=0.02)
    assert figures["kl_p99"] == pytest.approx(theirs("99.0%   KLD"), rel=0.02)
    assert 100 * figures["same_top"] == pytest.approx(theirs("Same top p"), abs=0.2)
