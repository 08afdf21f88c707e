from __future__ import annotations

from typing import Any

import pytest

from sc2_lsp.server.options import given_settings


@pytest.mark.parametrize(
    ("payload", "values"),
    [
        (None, {}),
        ({}, {}),
        ({"model": "m", "automatic": None}, {"model": "m"}),
        ({"sc2": {"model": "m", "n_ctx": None}}, {"model": "m"}),
        ({"sc2-lsp": {"model": "m"}}, {"model": "m"}),
        ({"sc2": {"model": "m"}, "python": {"path": "p"}, "other": 1}, {"model": "m"}),
        ({"sc2": {}}, {}),
        ({"sc2": None}, {}),
        ({"python": {"path": "p"}}, {}),
        ({"sc2.model": "m"}, {"model": "m"}),
        ([1], None),
        ("x", None),
        (True, None),
    ],
)
def test_values_are_found_in_every_shape(payload: Any, values: dict[str, Any] | None) -> None:
    assert given_settings(payload) == values
