"""The user's code: what of it is taken, in which order, in which format."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from quantize import corpus
from quantize.corpus import Specials
from quantize.failures import BadInput


def written(folder: Path, **texts: str | bytes) -> Path:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_only_code_without_secrets_is_taken(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        **{
            "app/main.py": "print(1)\r\n",
            "app/util.go": "package util\n",
            ".env": "KEY=1",
            "app/.env.local": "KEY=1",
            "app/prod.env.sh": "export KEY=1",
            "app/secrets.py": "KEY = 1",
            "app/my_credentials.yaml": "a: 1",
            "app/key.py": "K = '''-----BEGIN RSA PRIVATE KEY-----'''",
            "app/aws.py": "K = 'AKIAABCDEFGHIJKLMNOP'",
            "app/photo.png": b"\x89PNG",
            "app/binary.py": b"a\0b",
            "app/latin.py": b"# \xe9\n",
            "app/empty.py": "",
            "app/huge.py": "#" * 600_000,
            "node_modules/x/index.js": "x()",
            ".venv/lib.py": "x",
            "build/lib.py": "x",
        },
    )
    (folder / "app" / "link.py").symlink_to(folder / "app" / "main.py")
    (folder / "linked").symlink_to(folder / "app")
    found = {file.path: file.text for file in corpus.files(folder)}
    assert found == {"app/main.py": "print(1)\n", "app/util.go": "package util\n"}


def test_each_git_folder_is_a_repository_and_stays_together(tmp_path: Path) -> None:
    names = [f"{repository}/f{i}.py" for repository in ("one", "two") for i in range(5)]
    folder = written(tmp_path / "all", **dict.fromkeys([*names, "top.py"], "x = 1\n"))
    for repository in ("one", "two"):
        (folder / repository / ".git").mkdir()
    found = [(file.repository, file.path) for file in corpus.files(folder)]
    assert sorted(found) == sorted(
        [(r, f"f{i}.py") for r in ("one", "two") for i in range(5)] + [("all", "top.py")]
    )
    order = [repository for repository, _ in found]
    assert sum(a != b for a, b in pairwise(order)) == 2
    assert found == [(file.repository, file.path) for file in corpus.files(folder)]


def test_halves_share_no_file_and_leave_none_out(tmp_path: Path) -> None:
    folder = written(tmp_path, **{f"f{i}.py": "x = 1\n" for i in range(9)})
    halves = [{file.path for file in corpus.files(folder, half)} for half in (0, 1)]
    assert not halves[0] & halves[1]
    assert halves[0] | halves[1] == {f"f{i}.py" for i in range(9)}
    assert {len(half) for half in halves} == {4, 5}


def test_the_stream_is_in_the_format_of_starcoder2() -> None:
    def tokenize(text: bytes) -> list[int]:
        return [100 + byte for byte in text]

    def shown(tokens: list[int]) -> str:
        names = {0: "<|endoftext|>", 5: "<repo_name>", 6: "<file_sep>"}
        return "".join(names[token] if token < 100 else chr(token - 100) for token in tokens)

    files = [
        corpus.File("one", "a.py", "A\n"),
        corpus.File("one", "b.py", "<file_sep>"),
        corpus.File("two", "c.py", "C"),
    ]
    expected = (
        "<repo_name>one<file_sep>a.py\nA\n<file_sep>b.py\n<file_sep><|endoftext|>"
        "<repo_name>two<file_sep>c.py\nC<|endoftext|>"
    )
    tokens = corpus.stream(files, tokenize, Specials(5, 6, 0), 1000)
    assert shown(tokens) == expected
    # What the file says itself is text, not a control token.
    assert tokens.count(6) == 3
    assert corpus.stream(files, tokenize, Specials(5, 6, 0), 7) == tokens[:7]


def test_a_folder_without_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no code"):
        corpus.files(tmp_path)
    with pytest.raises(BadInput, match="is no folder"):
        corpus.files(tmp_path / "none")
    written(tmp_path, **{"a.py": "x"})
    with pytest.raises(BadInput, match="holds too little code"):
        corpus.files(tmp_path, half=1)
