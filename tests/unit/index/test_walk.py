from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc2_lsp.index.limits import Limits, Reason
from sc2_lsp.index.walk import Found, Skipped, folders, reason_against, walk

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")

FOLDER_NAMES = ["a", "b", "build", "src", "x.d"]
FILE_NAMES = ["a", "b.py", "c.log", "build", "keep.py", "x.d"]
LINES = [
    "*.log", "!keep.py", "build", "build/", "/a", "/a/*", "!/a/b", "src/**", "!src/**/", "**/x.d",
    "*", "!*/", "!*.py", "a/b", "b.py", "!b.py", "x.d/", "/src/a/", "!build", "# no", "[ab]",
]  # fmt: skip

folder_paths = st.lists(st.sampled_from(FOLDER_NAMES), max_size=3).map("/".join)
rule_files = st.dictionaries(folder_paths, st.lists(st.sampled_from(LINES), max_size=4))


@dataclass(frozen=True)
class Tree:
    """Files by folder and name, and the lines of rules: by folder, and the repository's own."""

    files: list[tuple[str, str]]
    rules: dict[str, list[str]]
    own: dict[str, list[str]]
    exclude: list[str]
    user: list[str]


trees = st.builds(
    Tree,
    files=st.lists(st.tuples(folder_paths, st.sampled_from(FILE_NAMES)), max_size=25),
    rules=rule_files,
    own=rule_files,
    exclude=st.lists(st.sampled_from(LINES), max_size=2),
    user=st.lists(st.sampled_from(LINES), max_size=2),
)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A user of git, for git and for us."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", folder)
        patch.setenv("USERPROFILE", folder)
        patch.setenv("XDG_CONFIG_HOME", str(Path(folder) / "settings"))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        (Path(folder) / "settings" / "git").mkdir(parents=True)
        yield Path(folder)


@pytest.fixture(autouse=True)
def nobody(home: Path) -> None:
    for path in ("settings/git/ignore", "settings/git/config", ".gitconfig"):
        (home / path).unlink(missing_ok=True)


def grow(root: Path, tree: Tree) -> None:
    """Make the files of `tree`, so far as none stands where another one needs a folder."""
    for folder, name in tree.files:
        write(root, f"{folder}/{name}" if folder else name)


def write(root: Path, path: str, content: str = "x\n") -> None:
    try:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, encoding="utf-8")
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        pass


def write_rules(root: Path, name: str, rules: dict[str, list[str]]) -> None:
    for folder, lines in rules.items():
        write(root, f"{folder}/{name}" if folder else name, "\n".join(lines) + "\n")


def git(root: Path, *arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)
    return sorted(done.stdout.decode().split("\0")[:-1])


def found(root: Path, below: str = "") -> list[str]:
    return sorted(at.path for at in everything(root, below) if isinstance(at, Found))


def skipped(root: Path, below: str = "") -> dict[str, Reason]:
    return {at.path: at.reason for at in everything(root, below) if isinstance(at, Skipped)}


def everything(root: Path, below: str = "") -> list[Found | Skipped]:
    return list(walk(str(root), below=below))


@settings(max_examples=60, deadline=None)
@given(tree=trees)
def test_a_walk_finds_what_git_would_add(home: Path, tree: Tree) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        git(root, "init", "-q")
        grow(root, tree)
        write_rules(root, ".gitignore", tree.rules)
        write(root, ".git/info/exclude", "\n".join(tree.exclude))
        write(home, "settings/git/ignore", "\n".join(tree.user))
        assert found(root) == git(root, "ls-files", "-z", "-co", "--exclude-standard")


@settings(max_examples=60, deadline=None)
@given(tree=trees, version=st.sampled_from(["2", "4"]), data=st.data())
def test_what_git_tracks_is_not_ignored(
    home: Path, tree: Tree, version: str, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        git(root, "init", "-q")
        grow(root, tree)
        write_rules(root, ".gitignore", tree.rules)
        every = [
            path.relative_to(root).as_posix()
            for path in sorted(root.rglob("*"))
            if path.is_file() and ".git" not in path.relative_to(root).parts[:1]
        ]
        tracked, promised = (data.draw(st.sets(st.sampled_from(every or [""]))) for _ in range(2))
        git(root, "add", "-f", "--", *filter(None, tracked))
        git(root, "add", "-f", "-N", "--", *filter(None, promised))  # Has flags of its own.
        git(root, "update-index", "--index-version", version)
        if data.draw(st.booleans()):
            git(root, "update-index", "--split-index")
        assert found(root) == git(root, "ls-files", "-z", "-co", "--exclude-standard")
        for path in every:
            assert (reason_against(str(root), path) is None) == (path in found(root)), path


@settings(max_examples=60, deadline=None)
@given(tree=trees)
def test_one_path_is_judged_as_the_walk_judges_it(home: Path, tree: Tree) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        grow(root, tree)
        write_rules(root, ".gitignore", tree.rules)
        write_rules(root, ".sc2ignore", tree.own)
        write(root, "a/.venv/pyvenv.cfg")
        write(root, "a/.venv/b.py")
        write(root, "node_modules/b.py")
        write(root, "key.pem")
        write(root, "none.py", "")
        write(root, "Cargo.lock")
        files = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
        outcome = {at.path: at for at in everything(root)}
        for path in files:
            above = [path, *(str(folder) for folder in Path(path).parents)]
            told = next(outcome[at] for at in above if at in outcome)
            reason = told.reason if isinstance(told, Skipped) else None
            assert reason_against(str(root), path) == reason, path
            assert everything(root, path) == [told]
        entered = {folder.path for folder in folders(str(root))}
        assert {path.rpartition("/")[0] for path in found(root)} <= entered
        assert entered.isdisjoint(skipped(root))


@pytest.mark.parametrize("below", ["src", "src/a", "src/build", "none", "src/b.py", "src/c.log"])
def test_a_walk_below_is_a_part_of_the_whole(tmp_path: Path, below: str) -> None:
    for path in ("src/a/b.py", "src/b.py", "src/c.log", "src/build/a.py", "srcs/a.py"):
        write(tmp_path, path)
    write(tmp_path, ".gitignore", "*.log\n")
    write(tmp_path, "src/.gitignore", "/build/\n")
    whole = [at for at in everything(tmp_path) if f"{at.path}/".startswith(f"{below}/")]
    assert everything(tmp_path, below) == whole


def test_a_walk_keeps_an_order(tmp_path: Path) -> None:
    for path in ("b/c.py", "a.py", "b/a/x.py", "c.py", "b.py", "a/z.py"):
        write(tmp_path, path)
    order = ["a.py", "b.py", "c.py", "a/z.py", "b/c.py", "b/a/x.py"]
    assert [at.path for at in everything(tmp_path)] == order


def test_what_a_walk_tells_of_a_file(tmp_path: Path) -> None:
    write(tmp_path, "a/é 😀.py", "x = 'é'\r\n")
    status = (tmp_path / "a" / "é 😀.py").stat()
    assert everything(tmp_path) == [Found("a/é 😀.py", status.st_size, status.st_mtime_ns)]


def test_an_sc2ignore_comes_before_everything_that_git_says(tmp_path: Path) -> None:
    for path in ("out/a.py", "gen/a.py", "gen/keep.py", "node_modules/p/a.js", "uv.lock"):
        write(tmp_path, path)
    write(tmp_path, "node_modules/p/.git/HEAD")
    write(tmp_path, "out/key.pem")
    write(tmp_path, ".gitignore", "out/\n!gen/\n")
    assert found(tmp_path) == [".gitignore", "gen/a.py", "gen/keep.py"]
    write(tmp_path, ".sc2ignore", "!out/\ngen/*\n!keep.py\n!node_modules\n!uv.lock\n.*ignore\n")
    brought_back = ["gen/keep.py", "node_modules/p/a.js", "out/a.py", "uv.lock"]
    assert found(tmp_path) == brought_back
    assert skipped(tmp_path)["out/key.pem"] is Reason.SECRET
    assert skipped(tmp_path)["node_modules/p/.git"] is Reason.TOOL_FOLDER


def test_a_root_inside_a_repository_obeys_the_rules_above_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, ".gitignore", "*.log\n/pkg/one/x.py\n/one\nout/\n")
    write(tmp_path, "pkg/.gitignore", "/one/y.py\n")
    for name in ("a.log", "x.py", "y.py", "z.py", "one/a.py"):
        write(tmp_path, f"pkg/one/{name}")
    assert found(tmp_path / "pkg" / "one") == ["one/a.py", "z.py"]
    link = tmp_path.parent / f"{tmp_path.name}-link"
    link.symlink_to(tmp_path / "pkg" / "one", target_is_directory=True)
    assert found(link) == ["one/a.py", "z.py"]


def test_who_opens_an_ignored_folder_with_tracked_files_means_all_of_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, ".gitignore", "out/\n")
    write(tmp_path, "out/kept.py")
    write(tmp_path, "out/made.py")
    git(tmp_path, "add", "-f", "out/kept.py")
    assert found(tmp_path) == [".gitignore", "out/kept.py"]
    assert found(tmp_path / "out") == ["kept.py", "made.py"]


def test_own_rules_and_secrets_count_for_tracked_files_too(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, ".gitignore", "*\n")
    write(tmp_path, ".sc2ignore", "own.py\n")
    for path in ("a.py", "own.py", "key.pem", "node_modules/b.py"):
        write(tmp_path, path)
    git(tmp_path, "add", "-f", ".")
    assert found(tmp_path) == [".gitignore", ".sc2ignore", "a.py"]


def test_a_folder_of_secrets_holds_them_though_it_is_the_root_itself(tmp_path: Path) -> None:
    for root in (tmp_path / ".aws", tmp_path / ".ssh" / "inner"):
        write(root, "config")
        assert found(root) == []
        assert reason_against(str(root), "config") is Reason.SECRET
    write(tmp_path, "config")
    assert found(tmp_path) == ["config"]


def test_a_further_worktree_tracks_files_of_its_own(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    git(first, "init", "-q")
    write(first, ".gitignore", "*.log\n")
    git(first, "add", ".gitignore")
    name = ("-c", "user.name=n", "-c", "user.email=e@x")
    git(first, *name, "commit", "-q", "-m", "first")
    git(first, "worktree", "add", "-q", str(second))
    for root in (first, second):
        write(root, "a.log")
    git(second, "add", "-f", "a.log")
    assert found(first) == [".gitignore"]
    assert found(second) == [".gitignore", "a.log"]


def test_who_opens_an_ignored_folder_means_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, ".gitignore", ".venv/\n*.py\n")
    write(tmp_path, ".venv/lib/a.py")
    write(tmp_path, ".venv/lib/.gitignore", "/b.py\n")
    write(tmp_path, ".venv/lib/b.py")
    assert found(tmp_path / ".venv" / "lib") == [".gitignore", "a.py"]


def test_a_repository_inside_another_has_rules_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, ".gitignore", "*.log\n")
    write(tmp_path, "inner/a.log")
    write(tmp_path, "inner/b.py")
    git(tmp_path / "inner", "init", "-q")
    write(tmp_path, "inner/.git/info/exclude", "/b.py\n")
    assert found(tmp_path) == [".gitignore", "inner/a.log"]


def test_another_worktree_shares_the_excludes(tmp_path: Path) -> None:
    main = tmp_path / "main"
    main.mkdir()
    git(main, "init", "-q")
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    git(main, *author, "commit", "-q", "--allow-empty", "-m", "a")
    git(main, "worktree", "add", "-q", str(tmp_path / "other"))
    write(main, ".git/info/exclude", "*.log\n")
    write(tmp_path / "other", "a.log")
    write(tmp_path / "other", "a.py")
    assert found(tmp_path / "other") == ["a.py"]
    assert skipped(tmp_path / "other")[".git"] is Reason.TOOL_FOLDER


NAMED = {  # Where each of these files says that the user's excludes are.
    "nowhere": {},
    "the first": {"~/.gitconfig": '[core]\n\texcludesFile = "~/one" ; mine\n'},
    "the last": {"~/.gitconfig": "[core]\nexcludesfile=~/two\n[CORE] ExcludesFile = ~/one\r\n"},
    "not core": {
        "~/.gitconfig": '[core "x"]\nexcludesFile = ~/one\n[other]\nexcludesFile = ~/one\n'
    },
    "a comment": {"~/.gitconfig": "[core]\n#excludesFile = ~/one\nautocrlf = false\n"},
    "none": {"~/.gitconfig": "[core]\nexcludesFile =\n"},
    "settings": {"~/settings/git/config": "[core]\nexcludesFile = ~/one\n"},
    "both": {
        "~/settings/git/config": "[core]\nexcludesFile = ~/two\n",
        "~/.gitconfig": "[core]\nexcludesFile = ~/one\n",
    },
    "repository": {
        ".git/config": "[core]\nexcludesFile = ~/one\n",
        "~/.gitconfig": "[core]\nexcludesFile = ~/two\n",
    },
    "relative": {".git/config": "[core]\nexcludesFile = sub/rules\n"},
}


@pytest.mark.parametrize("files", NAMED.values(), ids=NAMED.keys())
def test_the_users_own_excludes_may_stand_elsewhere(
    tmp_path: Path, home: Path, files: dict[str, str]
) -> None:
    git(tmp_path, "init", "-q")
    for path, rules in (("one", "*.one\n"), ("two", "*.two\n"), ("settings/git/ignore", "*.own\n")):
        write(home, path, rules)
    write(tmp_path, "sub/rules", "*.rel\n")
    for name in ("a.py", "a.one", "a.two", "a.own", "a.rel"):
        write(tmp_path, name)
    for path, content in files.items():
        place = home if path.startswith("~/") else tmp_path
        with (place / path.removeprefix("~/")).open("a", encoding="utf-8") as file:
            file.write(content)
    assert found(tmp_path) == git(tmp_path, "ls-files", "-z", "-co", "--exclude-standard")
    assert len(found(tmp_path)) == (6 if files == NAMED["none"] else 5)


def test_the_users_own_excludes_count_without_a_repository(tmp_path: Path, home: Path) -> None:
    write(home, ".gitconfig", '[core]\n\texcludesFile = "~/mine"\n')
    write(home, "mine", "*.tmp\n")
    write(tmp_path, "a.tmp")
    write(tmp_path, "a.py")
    assert found(tmp_path) == ["a.py"]


@posix_only
def test_the_users_own_excludes_may_be_links(tmp_path: Path, home: Path) -> None:
    write(home, "kept/config", "[core]\nexcludesFile = ~/mine\n")
    write(home, "kept/rules", "*.tmp\n")
    (home / ".gitconfig").symlink_to("kept/config")
    (home / "mine").unlink(missing_ok=True)
    (home / "mine").symlink_to("kept/rules")
    write(tmp_path, "a.tmp")
    write(tmp_path, "a.py")
    assert found(tmp_path) == ["a.py"]
    (home / "mine").unlink()


def test_what_tools_keep_is_not_entered(tmp_path: Path) -> None:
    write(tmp_path, "env/pyvenv.cfg")
    write(tmp_path, "env/lib/a.py")
    write(tmp_path, "target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n#\n")
    write(tmp_path, "target/a.rs")
    write(tmp_path, "other/CACHEDIR.TAG", "nothing\n")
    write(tmp_path, "__pycache__/a.py")
    write(tmp_path, "src/node_modules/a.js")
    folders_left_out = {"env", "target", "__pycache__", "src/node_modules"}
    assert found(tmp_path) == ["other/CACHEDIR.TAG"]
    assert skipped(tmp_path) == dict.fromkeys(folders_left_out, Reason.TOOL_FOLDER)
    assert found(tmp_path / "env") == ["lib/a.py", "pyvenv.cfg"]


def test_a_repository_without_a_checkout_is_not_entered(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    git(tmp_path, "init", "-q", "--separate-git-dir", str(tmp_path / "kept"), "checkout")
    write(tmp_path, "checkout/a.py")
    write(tmp_path, "detached/HEAD", "0" * 40 + "\n")
    for folder in ("bare.git", "kept", "detached"):
        for inner in ("objects", "refs"):
            write(tmp_path, f"{folder}/{inner}/x.py")
        write(tmp_path, f"{folder}/hooks/a.py")
    left_out = {"bare.git", "kept", "detached", "checkout/.git"}
    assert found(tmp_path) == ["checkout/a.py"]
    assert skipped(tmp_path) == dict.fromkeys(left_out, Reason.TOOL_FOLDER)
    assert reason_against(str(tmp_path), "bare.git/hooks/a.py") is Reason.TOOL_FOLDER
    assert "hooks/a.py" in found(tmp_path / "bare.git")  # Who opens it means it.


@pytest.mark.parametrize(
    "files",
    [
        {"HEAD": "ref: refs/heads/main\n", "objects/a.py": "x"},
        {"HEAD": "ref: refs/heads/main\n", "refs/a.py": "x"},
        {"objects/a.py": "x", "refs/a.py": "x"},
        {"HEAD": "the head of something\n", "objects/a.py": "x", "refs/a.py": "x"},
        {"HEAD": "ref: refs/heads/main\n", "objects": "x", "refs/a.py": "x"},
    ],
)
def test_a_folder_that_looks_like_gits_by_half_is_entered(
    tmp_path: Path, files: dict[str, str]
) -> None:
    for path, content in files.items():
        write(tmp_path, f"a/{path}", content)
    assert found(tmp_path) == sorted(f"a/{path}" for path in files)


@posix_only
def test_a_head_that_is_a_link_is_gits_too(tmp_path: Path) -> None:
    for path in ("objects/a.py", "refs/a.py", "b.py"):
        write(tmp_path, f"a/{path}")
    (tmp_path / "a" / "HEAD").symlink_to("refs/heads/main")
    assert skipped(tmp_path) == {"a": Reason.TOOL_FOLDER}
    (tmp_path / "a" / "HEAD").unlink()
    (tmp_path / "a" / "HEAD").symlink_to("b.py")
    assert found(tmp_path) == ["a/b.py", "a/objects/a.py", "a/refs/a.py"]


def test_names_and_sizes_that_tell_enough(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "")
    write(tmp_path, "b.py", "x" * 101)
    write(tmp_path, "c.py", "x" * 100)
    write(tmp_path, "package-lock.json")
    write(tmp_path, "lib.min.js")
    write(tmp_path, "logo.PNG")
    write(tmp_path, "png")
    write(tmp_path, "id.pem")
    told = {at.path: at for at in walk(str(tmp_path), limits=Limits(max_bytes=100))}
    assert [path for path, at in told.items() if isinstance(at, Found)] == ["c.py", "png"]
    assert {path: at.reason for path, at in told.items() if isinstance(at, Skipped)} == {
        "a.py": Reason.EMPTY,
        "b.py": Reason.TOO_LARGE,
        "package-lock.json": Reason.LOCK_FILE,
        "lib.min.js": Reason.MINIFIED,
        "logo.PNG": Reason.BINARY,
        "id.pem": Reason.SECRET,
    }


@posix_only
def test_no_link_is_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(tmp_path, "outside/a.py")
    write(root, "a/b.py")
    (root / "a" / "loop").symlink_to(root, target_is_directory=True)
    (root / "c.py").symlink_to("a/b.py")
    (root / "d.py").symlink_to("../outside/a.py")
    (root / "e").symlink_to("../outside", target_is_directory=True)
    (root / "f.py").symlink_to("nowhere")
    (root / "g").symlink_to("g")
    assert found(root) == ["a/b.py"]
    links = {"a/loop", "c.py", "d.py", "e", "f.py", "g"}
    assert skipped(root) == dict.fromkeys(links, Reason.LINK)
    for path in (*links, "e/a.py", "a/loop/a/b.py"):
        assert reason_against(str(root), path) is Reason.LINK


@posix_only
@pytest.mark.timeout(20)
def test_what_is_no_plain_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    os.mkfifo(tmp_path / ".gitignore")
    os.mkfifo(tmp_path / ".git")
    os.mkfifo(tmp_path / "CACHEDIR.TAG")
    with socket.socket(socket.AF_UNIX) as listener, pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        listener.bind("socket.py")
        assert set(skipped(tmp_path).values()) == {Reason.NOT_A_FILE}
        assert len(skipped(tmp_path)) == 5
        assert reason_against(str(tmp_path), "pipe.py") is Reason.NOT_A_FILE


@posix_only
def test_rules_behind_a_link_do_not_count(tmp_path: Path) -> None:
    write(tmp_path, "rules", "*.py\n")
    write(tmp_path, "a.py")
    (tmp_path / ".gitignore").symlink_to("rules")
    assert found(tmp_path) == ["a.py", "rules"]


@posix_only
def test_names_that_no_prompt_can_hold(tmp_path: Path) -> None:
    names = [b"a\nb.py", b"\xff.py", "c\u2028d.py".encode(), b"dir\x1b"]
    (tmp_path / os.fsdecode(names.pop())).mkdir()
    for name in names:
        (tmp_path / os.fsdecode(name)).write_text("x")
    write(tmp_path, "全角\u3000 \u00a0😀.py")
    assert found(tmp_path) == ["全角\u3000 \u00a0😀.py"]
    assert list(skipped(tmp_path).values()) == [Reason.BAD_NAME] * 4
    assert reason_against(str(tmp_path), os.fsdecode(b"\xff.py")) is Reason.BAD_NAME


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="nothing is forbidden to this user"
)
def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    write(tmp_path, "closed/a.py")
    write(tmp_path, "open.py")
    (tmp_path / "closed").chmod(0)
    try:
        assert everything(tmp_path)[-1] == Skipped("closed", Reason.UNREADABLE)
        assert found(tmp_path) == ["open.py"]
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_what_is_not_there_is_no_failure(tmp_path: Path) -> None:
    assert everything(tmp_path) == []
    assert everything(tmp_path / "gone") == [Skipped("", Reason.UNREADABLE)]
    assert everything(tmp_path, "gone/a.py") == []
    assert reason_against(str(tmp_path), "gone/a.py") is Reason.GONE
    write(tmp_path, "a.py")
    assert reason_against(str(tmp_path), "a.py/b.py") is Reason.GONE
    assert reason_against(str(tmp_path), "") is Reason.NOT_A_FILE


@pytest.mark.parametrize("path", ["../a.py", "a/../../a.py", "./a.py", "a//b.py", "/etc/passwd"])
def test_no_path_leads_out_of_the_root(tmp_path: Path, path: str) -> None:
    write(tmp_path, "a.py")
    (tmp_path / "a").mkdir()
    assert reason_against(str(tmp_path / "a"), path) is Reason.BAD_NAME


@pytest.mark.timeout(30)
def test_a_deep_tree_needs_no_recursion(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(1100):
        deep = deep / "d"
        deep.mkdir()
    write(deep, "a.py")
    assert found(tmp_path) == ["d/" * 1100 + "a.py"]
    (deep / "a.py").unlink()
    while deep != tmp_path:  # What pytest would remove it with does recurse.
        deep.rmdir()
        deep = deep.parent
