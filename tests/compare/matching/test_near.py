from __future__ import annotations

import random
import string
import time

import pytest

from mpt_studio.compare.matching.near import nearest


@pytest.mark.parametrize(
    ("name", "within", "near"),
    [
        ("sport car", ["bus", "sports car"], "sports car"),
        ("Aeroplane", ["boat", "airplane"], "airplane"),
        ("T-shirts", ["shoe", "t shirt"], "t shirt"),
        ("boat", ["car", "motor boat"], "motor boat"),  # a whole word
        ("motor boat", ["car", "Boat"], "Boat"),
        ("貨物自動車", ["乗用車", "貨物自動二輪車"], "貨物自動二輪車"),
        ("cat", ["dog", "whale"], None),
        ("", ["dog"], None),
        ("cat", [], None),
    ],
)
def test_that_a_name_comes_near_by_a_word_or_by_its_letters(name: str, within: list[str], near: str | None) -> None:
    assert nearest([name], within).get(name) == near


def typed(made: random.Random, name: str) -> str:
    """With one letter wrong."""
    at = made.randrange(len(name))
    return f"{name[:at]}%{name[at + 1 :]}"


def test_that_among_thousands_the_nearest_are_found_in_less_than_a_glance() -> None:
    made = random.Random(0)
    names = ["".join(made.choices(string.ascii_lowercase, k=made.randint(6, 40))) for _ in range(2000)]
    wrong = {typed(made, name): name for name in names[:200]}
    began = time.thread_time()
    assert nearest(list(wrong), names) == wrong
    assert time.thread_time() - began < 1.0  # 0.1 where it was measured, most of it outside the interpreter


def test_that_long_names_take_no_longer() -> None:
    names = [f"{'ab' * 50_000}{i}" for i in range(50)]
    began = time.thread_time()
    nearest([name[1:] for name in names], names)
    assert time.thread_time() - began < 1.0
