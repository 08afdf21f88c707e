from __future__ import annotations

import pytest

from sc2_lsp.index.memory import Known


def test_what_was_asked_for_last_is_kept_and_no_more_than_allowed() -> None:
    asked: list[list[int]] = []

    def read(keys: list[int]) -> list[tuple[int, str]]:
        asked.append(keys)
        return [(key, str(key)) for key in keys if key < 10]

    known = Known(3, read, "none")
    known.learn([1, 2, 2, 3])
    assert (known[1], known[3], known[11]) == ("1", "3", "none")
    assert (known[1], known[3], known[11]) == ("1", "3", "none")
    assert asked == [[1, 2, 3], [11]]
    assert known[2] == "2"
    assert asked[2:] == [[2]]


def test_more_than_is_kept_can_be_asked_for_at_once() -> None:
    known = Known(2, lambda keys: [(key, key) for key in keys], 0)
    known.learn(range(5))
    assert [known[key] for key in range(5)] == list(range(5))


def test_what_could_not_be_read_is_read_the_next_time() -> None:
    answers = iter((None, [(1, "one")]))

    def read(keys: list[int]) -> list[tuple[int, str]]:
        answer = next(answers)
        if answer is None:
            raise LookupError
        return answer

    known = Known(3, read, "none")
    with pytest.raises(LookupError):
        known.learn([1])
    assert known[1] == "one"
