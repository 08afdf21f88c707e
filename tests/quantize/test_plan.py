"""`sc2-quantize plan`: sizes against real files, and what is recommended on which machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from quantize import layouts, planning, quantizing, surveying
from quantize.jobs import survey as survey_job
from quantize.layouts import SHAPES, Layout
from quantize.planning import TYPES, Gpu, Machine
from tests.quantize.conftest import Command
from tests.support.checkpoints import Recipe, make_checkpoint

GB = 10**9
BITS = {"Q8_0": 8.5, "Q6_K": 6.6, "Q5_K_M": 5.7, "Q4_K_M": 4.9, "IQ4_XS": 4.4, "Q4_0": 4.6}
BITS["Q3_K_M"] = 4.0


def machine(memory_gb: float, *gpus: Gpu, free_gb: float | None = None) -> Machine:
    free = memory_gb if free_gb is None else free_gb
    return Machine(round(memory_gb * GB), round(free * GB), 8, ("AVX2",), gpus)


def survey(bytes_per_s: float | None) -> dict[str, Any]:
    """As if every type reached the same number of bytes in a second."""
    sizes = {}
    for name, layout in SHAPES.items():
        n_weights = sum(n * m for _, n, m in layout.matrices())
        sizes[name] = {
            kind: {"file": round(n_weights * bits / 8), "read": round(n_weights * bits / 8)}
            for kind, bits in BITS.items()
        }
    speed = {"bytes_per_s": bytes_per_s, "weights_per_s": 1e12, "n_layers": 4}
    return {"sizes": sizes, "speeds": dict.fromkeys(TYPES, speed) if bytes_per_s else {}}


def choice(where: Machine, bytes_per_s: float | None) -> tuple[str | None, str]:
    result = planning.plan(list(SHAPES.values()), where, survey(bytes_per_s))
    named = f"{result.choice.layout} {result.choice.type}" if result.choice else None
    return named, result.reason


@pytest.mark.parametrize(
    ("where", "gb_per_s", "expected", "why"),
    [
        (machine(16), 20, "3b Q4_K_M", "writes about 11 tokens/s, at least 10"),
        (machine(16), 25, "3b Q6_K", "writes about 10 tokens/s"),
        (machine(16), 36, "3b Q8_0", "writes about 11 tokens/s"),
        (machine(64), 60, "7b Q6_K", "writes about 10 tokens/s"),
        (machine(64), 300, "15b Q8_0", "writes about"),
        (machine(8), 300, "7b Q5_K_M", "the best that fits into memory"),
        (machine(16), 5, "3b Q3_K_M", "is the quickest that fits, at about 3"),
        (machine(2), 300, None, "None fits: even 3b in Q3_K_M takes"),
        (machine(16, free_gb=2), 36, "3b Q8_0", "close something first"),
        (machine(4, Gpu("G", 24 * GB, 24 * GB, True)), 900, "15b Q8_0", "into the GPU's memory"),
        (machine(16), None, "3b Q8_0", "not timed"),
    ],
)
def test_one_choice_with_its_reason(
    where: Machine, gb_per_s: float | None, expected: str | None, why: str
) -> None:
    named, reason = choice(where, gb_per_s * GB if gb_per_s else None)
    assert named == expected
    assert why in reason


def test_speeds_of_a_gpu_are_not_taken_for_what_does_not_fit_into_it() -> None:
    where = machine(64, Gpu("G", 8 * GB, 8 * GB, True))
    result = planning.plan(list(SHAPES.values()), where, survey(300 * GB))
    unknown = {row.layout for row in result.rows if row.generated_per_s is None}
    assert unknown == {"7b", "15b"}
    assert result.choice is not None
    assert (result.choice.layout, result.choice.fits_gpu) == ("7b", True)


def test_layouts_have_the_known_sizes() -> None:
    n_weights = {
        name: sum(n * m for _, n, m in layout.matrices()) + sum(n for _, n in layout.vectors())
        for name, layout in SHAPES.items()
    }
    assert n_weights["3b"] == pytest.approx(3.03e9, rel=0.01)
    assert n_weights["7b"] == pytest.approx(7.17e9, rel=0.01)
    assert n_weights["15b"] == pytest.approx(15.96e9, rel=0.01)
    # 31 kB a token, as measured with the engine.
    assert SHAPES["3b"].kv_bytes(1) == 30_720


def test_sizes_are_those_of_real_files(model: Path) -> None:
    layout = layouts.of_model(model)
    assert layout == Layout("random", 2, 256, 512, 4, 2, 8192, True)
    found = surveying.survey([layout], None, 1, lambda *_: None).found["sizes"]["random"]
    for kind in ("Q8_0", "Q4_K_M"):
        expected = quantizing.outlook(quantizing.Wish(model, kind, 1))
        assert found[kind]["file"] == sum(tensor.bytes_after for tensor in expected.tensors)


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_timed_is_made_like_the_model(name: str) -> None:
    """Layers and output, which has another type, are the same parts of it."""
    whole = SHAPES[name]
    shares = []
    for layout in (whole, survey_job.shortened(whole, 7)):
        sizes = {name: n_rows * n_columns for name, n_rows, n_columns in layout.matrices()}
        layers = sum(size for name, size in sizes.items() if name.startswith("blk."))
        shares.append(layers / sum(sizes.values()))
    assert shares[1] == pytest.approx(shares[0], rel=1e-3)


@pytest.mark.timeout(600)
def test_a_model_is_timed_in_each_type(model: Path, command: Command) -> None:
    done = command("plan", model, "--threads", 1, "--json")
    assert done.exit_code == 0, done.output
    plan = json.loads(done.stdout)
    assert [row["type"] for row in plan["rows"]] == list(TYPES)
    assert all(row["generated_per_s"] > 1 and row["prompt_per_s"] > 1 for row in plan["rows"])
    assert plan["choice"]["type"] == "Q8_0"
    assert plan["machine"]["memory"] > plan["machine"]["available"] > 0
    assert "measured on 2 to 2 layers" in plan["speeds"]


def test_a_checkpoint_is_known_by_its_config(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "small", Recipe("small", n_embd=256, is_tied=False))
    assert layouts.of_model(folder) == Layout("small", 2, 256, 160, 4, 2, 378, False)


def test_a_size_without_a_model(command: Command) -> None:
    done = command("plan", "--shape", "3b", "--estimate")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Memory: ")
    row = next(line for line in lines if " Q4_K_M " in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:6] == ["3b", "Q4_K_M", "1.89 GB", "31 MB", "126 MB", "503 MB"]
    assert cells[-1] == "?"
    assert "Speeds are estimated from how fast this machine copies memory" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["README.md"], "README.md"), (["none.gguf"], "none.gguf")],
)
def test_what_is_no_model_is_one_sentence(
    arguments: list[str], complaint: str, command: Command
) -> None:
    done = command("plan", *arguments)
    assert (done.exit_code, complaint in done.output) == (2, True), done.output
    assert len(done.output.strip().splitlines()) == 1
