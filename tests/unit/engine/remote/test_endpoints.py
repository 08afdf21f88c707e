from __future__ import annotations

from pathlib import Path

import pytest

from sc2_lsp.domain import Access
from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.endpoints import Endpoint, endpoints_of
from sc2_lsp.launching import KEY_VARIABLE
from sc2_lsp.models import own
from sc2_lsp.ports import ModelError


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(own.CONFIG_VARIABLE, str(tmp_path))
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


ONE, TWO = Address("https://one.example.org"), Address("http://127.0.0.1:8080")


@pytest.mark.parametrize(
    ("setting", "means"),
    [
        ("", ()),
        (" ,\n", ()),
        (ONE.url, (Endpoint(ONE, ""),)),
        (f" {ONE.url}/ ,{TWO.url}#sc2:3b,\n", (Endpoint(ONE, ""), Endpoint(TWO, "sc2:3b"))),
        (f"{ONE.url} {ONE.url}", (Endpoint(ONE, ""),)),
        (f"{ONE.url}#bigcode/a,{ONE.url}#b", (Endpoint(ONE, "bigcode/a"), Endpoint(ONE, "b"))),
    ],
)
def test_what_the_setting_names(setting: str, means: tuple[Endpoint, ...]) -> None:
    assert endpoints_of(setting, Access()) == means


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        (f"{ONE.url}#", "name of a model is missing"),
        (f"{ONE.url},http://models.example.org", "without TLS"),
        (f"{ONE.url},nonsense", "needs the form"),
    ],
)
def test_one_that_may_not_be_asked_refuses_all(setting: str, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        endpoints_of(setting, Access())
