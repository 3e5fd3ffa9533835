"""How a slice is named."""

from __future__ import annotations

import pytest

from mpt_studio.gui.decide.parts_form import where_of

pytestmark = pytest.mark.gui


@pytest.mark.parametrize(("column", "value", "where"), [("a", "b c", "a = b c"), ("a:b", "c", '"a:b":c')])
def test_that_a_column_that_would_be_misread_is_named_in_a_search_text(column: str, value: str, where: str) -> None:
    assert where_of(column, value) == where
