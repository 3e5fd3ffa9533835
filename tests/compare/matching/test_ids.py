"""Ids are found in any case and any script, and by their place."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare.matching.ids import containing, lowered, rows_of


@settings(max_examples=100, deadline=None)
@given(
    ids=st.lists(st.text(min_size=1, max_size=6).filter(lambda t: "\0" not in t), min_size=1, unique=True),
    part=st.text(max_size=3).filter(lambda t: "\0" not in t),
)
def test_that_text_is_found_in_any_case_and_any_script(ids: list[str], part: str) -> None:
    texts = np.array(ids)
    assert containing(lowered(texts), part).tolist() == [part.lower() in name.lower() for name in ids]
    order = np.argsort(texts, kind="stable").astype(np.int32)
    assert rows_of(texts, order, [*ids, part]).tolist()[:-1] == list(range(len(ids)))
    assert rows_of(texts, order, [part]).tolist() == [ids.index(part) if part in ids else -1]
