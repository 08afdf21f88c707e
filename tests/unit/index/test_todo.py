from __future__ import annotations

from sc2_lsp.index.todo import BATCH_BYTES, BATCH_FILES, Todo, Wanted


def wanted(path: str, *, size: int = 1, mtime_ns: int = 0) -> Wanted:
    return Wanted(path, size, mtime_ns)


def test_code_comes_before_other_text_and_late_changes_before_early_ones() -> None:
    todo = Todo()
    todo.add([wanted("a.txt", mtime_ns=9), wanted("old.py", mtime_ns=1)])
    todo.add([wanted("new.py", mtime_ns=2)])
    assert todo.take() == ["new.py", "old.py", "a.txt"]
    assert todo.take() == []


def test_what_lies_beside_a_file_in_focus_comes_first() -> None:
    todo = Todo()
    todo.add([wanted("a/new.py", mtime_ns=9), wanted("b/old.py"), wanted("b/c/deep.py")])
    todo.focus(["b/open.py"])
    assert todo.take() == ["b/old.py", "a/new.py", "b/c/deep.py"]


def test_a_batch_is_bounded_in_files_and_bytes() -> None:
    todo = Todo()
    todo.add(wanted(f"{number:03}.py") for number in range(BATCH_FILES + 1))
    assert len(todo.take()) == BATCH_FILES
    assert len(todo) == 1
    todo.add(wanted(f"{name}.py", size=BATCH_BYTES) for name in "abc")
    assert sorted(map(len, iter(todo.take, []))) == [1, 1, 2]


def test_a_cleared_list_has_nothing() -> None:
    todo = Todo()
    todo.add([wanted("a.py")])
    todo.clear()
    assert len(todo) == 0
    assert todo.take() == []
