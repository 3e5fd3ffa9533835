"""Errors: exit codes, and foreign text made fit to be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpt_studio.errors import Interrupted, UsageError, UserError, a_few, one_sentence, quoted


def test_that_each_way_to_fail_has_its_exit_code() -> None:
    assert (UserError.exit_code, UsageError.exit_code, Interrupted.exit_code) == (1, 2, 130)
    assert issubclass(UsageError, UserError)
    assert not issubclass(Interrupted, UserError)  # an outcome, which "except UserError" must not swallow


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("right\u202eleft", "right left"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_that_control_characters_and_line_breaks_are_gone(text: str, shown: str) -> None:
    assert one_sentence(text) == shown


@given(text=st.text(), limit=st.integers(1, 50))
def test_that_any_text_becomes_one_short_printable_line(text: str, limit: int) -> None:
    shown = one_sentence(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()


@pytest.mark.parametrize(
    ("names", "plain", "in_quotes"),
    [
        (["a"], "a", "'a'"),
        (["a", "b\nc"], "a, b c", "'a', 'b c'"),
        (["long name", "b", "c", "d"], "long …, b and 2 more", "'long …', 'b' and 2 more"),
    ],
)
def test_that_the_first_of_many_names_are_written_and_the_others_counted(
    names: list[str], plain: str, in_quotes: str
) -> None:
    assert a_few(names, 2, limit=6) == plain
    assert quoted(names, 2, limit=6) == in_quotes
