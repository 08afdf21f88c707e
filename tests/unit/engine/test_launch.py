from __future__ import annotations

import pytest

from sc2_lsp.engine.launch import engine_environment


def test_openmp_does_not_spin_for_long_in_the_engine() -> None:
    assert engine_environment({"PATH": "/bin"}) == {"PATH": "/bin", "GOMP_SPINCOUNT": "3000"}


@pytest.mark.parametrize("name", ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"])
def test_a_choice_of_the_user_stands(name: str) -> None:
    assert engine_environment({name: "active"}) == {name: "active"}
