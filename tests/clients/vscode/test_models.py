"""A model is chosen in VS Code: listed, fetched from a hub on this machine, stopped, and used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sc2_lsp.models import BUNDLED_MODEL
from tests.clients.vscode.conftest import Open, begin, code_until
from tests.support.hub_server import Hub

pytestmark = [pytest.mark.editor, pytest.mark.timeout(900)]

TITLE = "StarCoder2-3B, Q4_0"
NAME = "starcoder2-3b-q4_0"
FILE = "starcoder2-3b-Q4_0.gguf"
# The model that is bundled, with so much behind it that a download can be stopped on its way.
CONTENT = BUNDLED_MODEL.read_bytes() + bytes(18 << 20)
SPOT = "return self.line_starts["


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub({("second-state/StarCoder2-3B-GGUF", FILE): CONTENT}) as hub:
        yield hub


def test_a_model_is_downloaded_and_used(open_: Open, hub: Hub, tmp_path: Path) -> None:
    models = tmp_path / "models"
    window = open_(
        environment={
            "HF_ENDPOINT": hub.endpoint,
            "HF_HOME": str(tmp_path / "hub"),
            "SC2_LSP_MODELS_DIR": str(models),
            "SC2_LSP_CONFIG_DIR": str(tmp_path / "config"),
        }
    )

    def choose() -> None:
        window("clickStatus")
        window("pick", label="Choose a model…")
        window("pick", label=TITLE)

    window("clickStatus")
    window("pick", label="Choose a model…")
    window("appears", selector=".quick-input-list .monaco-list-row", text=TITLE)
    first, *rows = window("entries")
    assert "sc2-tiny" in first
    assert "not downloaded" not in first
    (row,) = (row for row in rows if TITLE in row)
    assert "1.7 GB" in row
    assert "tokens/s" in row
    assert "not downloaded" in row
    window("press", key="Escape")

    hub.stall_at = 11 << 20
    choose()
    window("appears", selector=".monaco-dialog-box", text="bigcode-openrail-m")
    window("click", selector=".monaco-dialog-box .monaco-button", text="Accept and Download")
    assert hub.stalled.wait(60)
    window("notification", text=f"Downloading {TITLE}", button="Cancel")
    window("status", text="StarCoder2: ready")
    hub.stall_at = None
    hub.resumed.set()
    assert not (models / NAME / FILE).exists()

    choose()
    window("click", selector=".monaco-dialog-box .monaco-button", text="Accept and Download")
    window("status", text=f"{FILE} is ready")
    assert (models / NAME / FILE).read_bytes() == CONTENT
    assert begin(window, "used.py", code_until(SPOT), f"        {SPOT}")


def test_a_download_that_fails_says_why(open_: Open, hub: Hub, tmp_path: Path) -> None:
    hub.status = 404
    window = open_(
        environment={
            "HF_ENDPOINT": hub.endpoint,
            "HF_HOME": str(tmp_path / "hub"),
            "SC2_LSP_MODELS_DIR": str(tmp_path / "models"),
            "SC2_LSP_CONFIG_DIR": str(tmp_path / "config"),
        }
    )
    window("clickStatus")
    window("pick", label="Choose a model…")
    window("pick", label=TITLE)
    window("click", selector=".monaco-dialog-box .monaco-button", text="Accept and Download")
    window("notification", text=f"{TITLE} was not downloaded: ", button="Open Log")
    window("appears", selector=".panel .output-view .view-line", text="(404)")
