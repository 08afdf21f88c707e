"""`sc2-lsp model pull` against a hub on this machine that speaks the real one's protocol."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sc2_lsp.models import BUNDLED_MODEL
from tests.support.command import Command
from tests.support.hub_server import COMMIT, Hub

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]

NAME = "starcoder2-3b-q4_0"
REPOSITORY = "second-state/StarCoder2-3B-GGUF"
FILE = "starcoder2-3b-Q4_0.gguf"
# Twice what the library reads at a time, so that an interruption leaves something.
CONTENT = BUNDLED_MODEL.read_bytes() + bytes(18 << 20)
PULL = ("model", "pull", NAME, "--accept-licence")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub({(REPOSITORY, FILE): CONTENT}) as hub:
        yield hub


@pytest.fixture
def command(tmp_path: Path, hub: Hub) -> Command:
    return Command(tmp_path, HF_ENDPOINT=hub.endpoint)


@pytest.fixture
def place(command: Command) -> Path:
    return command.models / NAME / FILE


def in_cache(home: Path) -> Path:
    """Puts the model where other programs keep what they fetched from the hub."""
    repository = home / "huggingface" / "hub" / f"models--{REPOSITORY.replace('/', '--')}"
    blob = repository / "blobs" / hashlib.sha256(CONTENT).hexdigest()
    pointer = repository / "snapshots" / COMMIT / FILE
    reference = repository / "refs" / "main"
    for path in (blob, pointer, reference):
        path.parent.mkdir(parents=True)
    blob.write_bytes(CONTENT)
    pointer.symlink_to(blob)
    reference.write_text(COMMIT)
    return blob


def test_a_model_comes_to_its_place_and_is_what_it_was(
    command: Command, hub: Hub, place: Path
) -> None:
    assert command.done(*PULL) == f"{place}\n"
    assert place.read_bytes() == CONTENT
    assert command.listed()[NAME]["path"] == str(place)
    assert command.listed()[NAME]["size_bytes"] == len(CONTENT)
    assert "as it was fetched" in command.done("model", "verify", NAME)
    n_requests = len(hub.requests)
    assert command.done(*PULL) == f"{place}\n"
    assert len(hub.requests) == n_requests
    # Nothing but the file was asked for, and nobody was told on what machine.
    assert {request.path.split("/")[-1] for request in hub.requests} == {FILE}
    assert not [r for r in hub.requests if "agent/" in r.headers.get("user-agent", "")]


def test_progress_for_editors(tmp_path: Path, hub: Hub, place: Path) -> None:
    command = Command(tmp_path, HF_ENDPOINT=hub.endpoint)
    command.is_whole = True
    lines = command.done(*PULL, "--progress", "json").splitlines()
    steps: list[dict[str, Any]] = [json.loads(line) for line in lines]
    assert steps.pop() == {"path": str(place)}
    assert all(set(step) == {"done_bytes", "total_bytes"} for step in steps)
    assert steps[0]["done_bytes"] == 0
    assert steps[-1] == {"done_bytes": len(CONTENT), "total_bytes": len(CONTENT)}
    assert len({step["done_bytes"] for step in steps}) > 3


def test_a_token_goes_to_the_hub_and_no_further(tmp_path: Path, hub: Hub) -> None:
    hub.token = "hf_0123"
    nobody = Command(tmp_path, HF_ENDPOINT=hub.endpoint)
    assert "(401); set HF_TOKEN" in nobody.refused(*PULL)
    somebody = Command(tmp_path, HF_ENDPOINT=hub.endpoint, HF_TOKEN="hf_0123")
    somebody.done(*PULL)
    assert not [r for r in hub.requests if "authorization" in r.headers and "/cdn/" in r.path]
    assert hub.asked("GET", "/cdn/")


def test_a_licence_is_accepted_once(command: Command) -> None:
    refused = command.refused("model", "pull", NAME)
    assert "BigCode OpenRAIL-M" in refused
    assert "https://" in refused
    assert "--accept-licence" in refused
    command.done(*PULL)
    command.done("model", "remove", NAME)
    command.done("model", "pull", NAME)


def test_a_broken_connection_is_gone_on_with(command: Command, hub: Hub, place: Path) -> None:
    hub.cut_at = [12 << 20]
    command.done(*PULL)
    assert place.read_bytes() == CONTENT
    first, second = hub.asked("GET", "/cdn/")
    assert "range" not in first.headers
    assert second.headers["range"] == f"bytes={10 << 20}-"


@POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_what_has_come_is_kept(
    command: Command, hub: Hub, place: Path, number: signal.Signals
) -> None:
    hub.stall_at = 12 << 20
    with command.start(*PULL, "--progress", "json") as process:
        assert process.stdout
        while json.loads(process.stdout.readline()).get("done_bytes", 0) < 10 << 20:
            pass
        assert "by another process" in command.refused(*PULL)
        process.send_signal(number)
        _, complaint = process.communicate()
    assert not place.exists()
    if number != signal.SIGKILL:
        assert process.returncode == 128 + number
        assert complaint == f"Cancelled; `sc2-lsp model pull {NAME}` goes on from here.\n"
    hub.resumed.set()
    command.done(*PULL)
    assert place.read_bytes() == CONTENT
    assert hub.asked("GET", "/cdn/")[-1].headers["range"] == f"bytes={10 << 20}-"
    assert sorted(path.name for path in place.parent.iterdir()) == [".lock", "source.json", FILE]


def nothing_is_there(place: Path) -> bool:
    return not [path for path in place.parent.rglob("*") if path.name != ".lock"]


def test_a_file_that_is_not_what_the_hub_said(command: Command, hub: Hub, place: Path) -> None:
    hub.digests[FILE] = "0" * 64
    assert "came damaged" in command.refused(*PULL)
    assert nothing_is_there(place)
    del hub.digests[FILE]
    command.done(*PULL)


def test_a_file_without_a_digest(command: Command, hub: Hub, place: Path) -> None:
    hub.digests[FILE] = "who-knows"
    assert "cannot be checked" in command.refused(*PULL)
    assert nothing_is_there(place)


def test_a_file_that_ends_too_soon(command: Command, hub: Hub, place: Path) -> None:
    hub.sizes[FILE] = len(CONTENT) + 1
    assert "came incomplete" in command.refused(*PULL)
    assert not place.exists()


def test_another_version_of_a_file_that_was_begun(command: Command, hub: Hub, place: Path) -> None:
    place.parent.mkdir(parents=True)
    (place.parent / f".{FILE}.0123456789abcdef.part").write_bytes(b"of yesterday")
    command.done(*PULL)
    assert place.read_bytes() == CONTENT
    assert sorted(path.name for path in place.parent.iterdir()) == [".lock", "source.json", FILE]


def test_a_file_of_another_kind(command: Command, hub: Hub, place: Path) -> None:
    hub.files[REPOSITORY, FILE] = b"<html>not what you look for</html>"
    assert "no readable GGUF file" in command.refused(*PULL)
    assert nothing_is_there(place)


def test_a_hash_that_the_catalogue_knows(command: Command, hub: Hub) -> None:
    repository = "lmstudio-community/starcoder2-15b-instruct-v0.1-GGUF"
    hub.files[repository, "starcoder2-15b-instruct-v0.1-Q4_K_M.gguf"] = CONTENT
    refused = command.refused("model", "pull", "starcoder2-15b-instruct-q4_k_m", "--accept-licence")
    assert "not the file that this version of sc2-lsp knows" in refused
    assert not hub.asked("GET", "/")


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "(401); set HF_TOKEN"),
        (403, "(403); set HF_TOKEN"),
        (404, "does not have"),
        (429, "too many requests"),
        (500, "answers 500"),
    ],
)
def test_a_hub_that_refuses(
    command: Command, hub: Hub, place: Path, status: int, says: str
) -> None:
    hub.status = status
    assert says in command.refused(*PULL)
    assert nothing_is_there(place)


def test_a_file_that_the_hub_does_not_have(command: Command, hub: Hub) -> None:
    hub.files = {(REPOSITORY, "README.md"): b""}
    assert f"does not have {FILE} of {REPOSITORY}" in command.refused(*PULL)
    hub.files = {}
    assert f"does not have {FILE} of {REPOSITORY}" in command.refused(*PULL)


def test_a_hub_that_is_away(tmp_path: Path) -> None:
    with Hub({}) as gone:
        endpoint = gone.endpoint
    refused = Command(tmp_path, HF_ENDPOINT=endpoint).refused(*PULL)
    assert f"{endpoint} cannot be reached" in refused


@POSIX
def test_a_full_disk(command: Command, hub: Hub, place: Path) -> None:
    def limit() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (15 << 20, 15 << 20))

    assert "The disk is full" in command.refused(*PULL, preexec_fn=limit)
    assert not place.exists()
    command.done(*PULL)
    assert place.read_bytes() == CONTENT
    assert hub.asked("GET", "/cdn/")[-1].headers["range"] == f"bytes={15 << 20}-"


def test_a_disk_that_is_too_small(command: Command, hub: Hub, place: Path) -> None:
    hub.sizes[FILE] = 1 << 60
    assert "make room" in command.refused(*PULL)
    assert nothing_is_there(place)
    assert not hub.asked("GET", "/")


def test_what_another_program_fetched_is_not_fetched_again(
    command: Command, hub: Hub, place: Path, tmp_path: Path
) -> None:
    blob = in_cache(tmp_path)
    command.done(*PULL)
    assert place.read_bytes() == CONTENT
    assert not hub.asked("GET", "/")
    command.done("model", "remove", NAME)
    assert blob.exists()
    # What is damaged there is no help.
    blob.write_bytes(b"x" + CONTENT[1:])
    command.done(*PULL)
    assert place.read_bytes() == CONTENT
    assert hub.asked("GET", "/cdn/")


def test_offline_the_cache_alone_counts(tmp_path: Path, hub: Hub) -> None:
    offline = Command(tmp_path, HF_ENDPOINT=hub.endpoint, HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE forbids" in offline.refused(*PULL)
    in_cache(tmp_path)
    offline.done(*PULL)
    assert not hub.requests


def test_a_checkpoint_is_a_folder(command: Command, hub: Hub) -> None:
    repository = "bigcode/starcoder2-7b"
    files = {
        "config.json": b"{}",
        "merges.txt": b"a b\n",
        "model-00001-of-00002.safetensors": b"one",
        "model-00002-of-00002.safetensors": b"two",
    }
    for name, content in {**files, "../evil.json": b"!", "onnx/x.json": b"!", "a.bin": b""}.items():
        hub.files[repository, name] = content
    pull = ("model", "pull", "starcoder2-7b", "--accept-licence")
    hub.digests["model-00002-of-00002.safetensors"] = "0" * 64
    assert "came damaged" in command.refused(*pull)
    folder = command.models / "starcoder2-7b" / "checkpoint"
    assert not folder.exists()
    hub.digests.clear()
    assert command.done(*pull) == f"{folder}\n"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    assert "as it was fetched" in command.done("model", "verify", "starcoder2-7b")
    assert "is a checkpoint" in command.refused("model", "use", "starcoder2-7b")
    (folder / "config.json").write_bytes(b"{} ")
    assert "config.json is damaged" in command.refused("model", "verify", "starcoder2-7b")


def test_what_is_removed_is_no_longer_used(command: Command, place: Path) -> None:
    command.done(*PULL)
    command.done("model", "use", NAME)
    assert command.done("model", "path") == f"{place}\n"
    assert NAME in command.done("model", "remove", NAME)
    assert not place.parent.exists()
    assert command.done("model", "path") == f"{BUNDLED_MODEL}\n"
    assert "Nothing of" in command.refused("model", "remove", NAME)
    assert "stays" in command.refused("model", "remove", "sc2-tiny")
    assert "no known model" in command.refused("model", "remove", "../..")
    assert "no known model" in command.refused("model", "pull", "second-state/x")


def test_damage_is_found(command: Command, place: Path) -> None:
    command.done(*PULL)
    command.done("model", "use", NAME)
    with place.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"x")
    assert f"{place} is damaged" in command.refused("model", "verify")
    (place.parent / "source.json").unlink()
    assert "Nothing says what" in command.refused("model", "verify", NAME)
    place.write_bytes(b"GGUF")
    assert "no readable GGUF file" in command.refused("model", "verify", NAME)
    assert "nothing says more" in command.done("model", "verify", str(BUNDLED_MODEL))


def test_nothing_is_fetched_but_by_pull(command: Command, hub: Hub) -> None:
    command.done("model", "list")
    command.done("model", "path")
    command.done("model", "verify")
    command.done("model", "use", "sc2-tiny")
    command.refused("model", "use", NAME)
    assert not hub.requests


def test_starting_the_server_imports_nothing_of_the_hub() -> None:
    program = (
        "import sys, sc2_lsp.cli; print([n for n in sys.modules if 'hub' in n or 'httpx' in n])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
