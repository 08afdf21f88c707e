from __future__ import annotations

from sc2_lsp.engine.process import child_environment


def test_openmp_does_not_spin_in_the_engine() -> None:
    assert child_environment({"PATH": "/bin"}) == {"PATH": "/bin", "OMP_WAIT_POLICY": "passive"}


def test_a_wait_policy_of_the_user_stands() -> None:
    assert child_environment({"OMP_WAIT_POLICY": "active"}) == {"OMP_WAIT_POLICY": "active"}
