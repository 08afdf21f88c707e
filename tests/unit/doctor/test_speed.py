from __future__ import annotations

from pathlib import Path

import pytest

from sc2_lsp.doctor.check import State
from sc2_lsp.doctor.probe import Probe
from sc2_lsp.doctor.speed import Speed, judged, speed
from tests.support.situations import BUILD, situation


@pytest.mark.parametrize(
    ("measured", "state", "words"),
    [
        (Speed(640.0, 12.0, ""), State.OK, "takes about 1.1 s"),
        (Speed(12.8, 4.0, ""), State.WARN, "takes about 8.0 s. `deadline_ms` allows 5 s."),
        (Speed(20.0, None, ""), State.WARN, "longer than 20 s"),
        (Speed(640.0, 12.0, "Nothing is on the GPU."), State.WARN, "Nothing is on the GPU."),
    ],
)
def test_what_speeds_mean(measured: Speed, state: State, words: str) -> None:
    check = judged(measured, 5.0)
    assert check.state is state
    assert words in check.found


@pytest.mark.parametrize("broken", [Probe(None, "SIGILL", None), Probe(BUILD, "", "It is none.")])
def test_a_model_that_cannot_be_loaded_is_not_measured(tmp_path: Path, broken: Probe) -> None:
    (check,) = speed(situation(tmp_path, probe=broken))
    assert (check.state, check.found) == (State.WARN, "It was not measured.")
