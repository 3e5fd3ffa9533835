"""What is left with a comparison: found once, anew where what it follows from is another, few of a kind."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mpt_studio.compare.blocks import Cancelled
from mpt_studio.compare.memo import Memo


def test_that_a_result_is_made_once_and_anew_since_something_else() -> None:
    memo, made = Memo(), iter(range(9))
    first, second = object(), object()
    assert [memo.once(("a",), lambda: next(made), since=since) for since in (first, first, second, second)] == [
        0, 0, 1, 1,
    ]  # fmt: skip


def test_that_only_the_last_few_of_a_kind_are_kept() -> None:
    memo = Memo()
    memo.once(("other",), lambda: 0)
    for name in ("a", "b", "a", "c", "d"):
        memo.once(("mask", name), lambda: 0, most=2)
    assert list(memo.kept) == [("other",), ("mask", "c"), ("mask", "d")]


def test_that_nothing_is_kept_of_work_that_was_cancelled() -> None:
    def cancelled() -> int:
        raise Cancelled

    memo = Memo()
    with pytest.raises(Cancelled):
        memo.once(("a",), cancelled)
    assert not memo.kept
    assert memo.once(("a",), lambda: 7) == 7


def test_that_who_asks_second_waits_for_the_first_and_others_do_not() -> None:
    memo, begun, go_on, made = Memo(), threading.Event(), threading.Event(), []

    def slow() -> int:
        begun.set()
        go_on.wait(10)
        made.append(1)
        return 1

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(memo.once, ("a",), slow)
        begun.wait(10)
        second = pool.submit(memo.once, ("a",), slow)
        assert memo.once(("b",), lambda: 2) == 2
        go_on.set()
        assert (first.result(10), second.result(10)) == (1, 1)
    assert made == [1]
