"""`sc2-quantize convert` with the name of a repository: against a hub on this machine."""

from __future__ import annotations

from pathlib import Path

from quantize.gguf_header import read_header
from tests.support.checkpoints import Recipe, make_checkpoint
from tests.support.command import Command
from tests.support.hub_server import COMMIT, Hub

REPOSITORY = "someone/my-fine-tune"


class Quantize(Command):
    program = ("-m", "quantize")


def checkpoint(folder: Path) -> dict[tuple[str, str], bytes]:
    made = make_checkpoint(folder, Recipe("model", n_files=2))
    (made / "pytorch_model.bin").write_bytes(b"may run code")
    return {(REPOSITORY, path.name): path.read_bytes() for path in made.iterdir()}


def test_a_repository_is_fetched_once_and_converted(tmp_path: Path) -> None:
    target = tmp_path / "out.gguf"
    with Hub(checkpoint(tmp_path / "made")) as hub:
        user = Quantize(tmp_path / "home", HF_ENDPOINT=hub.endpoint)
        user.done("convert", REPOSITORY, str(target))
        found = read_header(target).metadata
        assert found["sc2.source.revision"] == COMMIT
        assert found["general.source.repo_url"] == f"https://huggingface.co/{REPOSITORY}"
        assert found["general.name"] == "My Fine Tune"
        others = ("/cdn/", f"/{REPOSITORY}/resolve/", f"/api/models/{REPOSITORY}/")
        assert not [r.path for r in hub.requests if not r.path.startswith(others)]
        assert not [r.path for r in hub.requests if r.path.endswith(".bin")]
    offline = Quantize(tmp_path / "home", HF_ENDPOINT=hub.endpoint, HF_HUB_OFFLINE="1")
    offline.done("convert", REPOSITORY, str(tmp_path / "again.gguf"))
    assert (tmp_path / "again.gguf").read_bytes() == target.read_bytes()


def test_what_the_hub_refuses_is_one_sentence(tmp_path: Path) -> None:
    with Hub(checkpoint(tmp_path / "made")) as hub:
        user = Quantize(tmp_path / "home", HF_ENDPOINT=hub.endpoint)
        target = str(tmp_path / "out.gguf")
        assert "no such repository" in user.refused("convert", "no/such", target)
        hub.status = 403
        assert "answers 403" in user.refused("convert", REPOSITORY, target)
        hub.status = 500
        user.environment["HF_HUB_DOWNLOAD_TIMEOUT"] = "1"
        said = user.refused("convert", REPOSITORY, target)
        assert "answers 500" in said or "cannot be reached" in said
    assert "cannot be reached" in user.refused("convert", REPOSITORY, target)
    user.environment["HF_HUB_OFFLINE"] = "1"
    assert "HF_HUB_OFFLINE" in user.refused("convert", REPOSITORY, target)
    assert not Path(target).exists()


def test_a_path_with_a_slip_is_no_question_to_the_hub(tmp_path: Path) -> None:
    with Hub({}) as hub:
        user = Quantize(tmp_path / "home", HF_ENDPOINT=hub.endpoint)
        said = user.refused("convert", "tests/checkpiont", str(tmp_path / "out.gguf"))
        assert "tests/checkpiont does not exist" in said
        assert hub.requests == []


def test_a_folder_has_no_revision(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "model", Recipe("model"))
    user = Quantize(tmp_path / "home")
    said = user.refused("convert", str(folder), str(tmp_path / "o"), "--revision", "main")
    assert "has no --revision" in said
