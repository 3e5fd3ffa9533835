"""Search text cut into terms, and values written so that they are read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpt_studio.compare.finding.query import QueryError
from mpt_studio.compare.finding.tokens import Value, quoted, terms


def test_that_a_text_is_cut_into_keys_signs_and_values_with_their_places() -> None:
    first, second, word = terms('truth:a,"b ""c""" margin_drop>=2  free', QueryError)
    assert (first.key, first.operator, first.start, first.end) == ("truth", ":", 0, 17)
    assert first.values == (Value("a", 6, 7), Value('b "c"', 8, 17))
    assert (second.key, second.operator, second.values) == ("margin_drop", ">=", (Value("2", 31, 32),))
    assert (word.key, word.operator, word.values[0].text) == ("", "", "free")
    assert terms("  ", QueryError) == []


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_that_a_quoted_text_is_read_back_as_one_value(text: str) -> None:
    (term,) = terms(f"key:{quoted(text)}", QueryError)
    assert [value.text for value in term.values] == [text]


@pytest.mark.parametrize(("text", "sentence"), [('a:"b', "not closed"), (":b", "missing before"), ("a:", "after a:")])
def test_that_an_unfinished_term_is_told(text: str, sentence: str) -> None:
    with pytest.raises(QueryError, match=sentence):
        terms(text, QueryError)
