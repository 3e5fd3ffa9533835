"""What cannot be trained is refused before anything is read."""

from __future__ import annotations

import pytest

from mpt_studio.errors import UserError
from mpt_studio.methods import METHODS


@pytest.mark.parametrize(
    ("method", "needs"), [("PCT_KL", "the old model"), ("MPT_LM", "the reference model"), ("ELODI", "an ensemble")]
)
def test_that_missing_teachers_are_a_sentence(method, needs, make, replaced, old):
    with pytest.raises(UserError, match=needs):
        make(replaced(method=METHODS[method]), old=None if method == "PCT_KL" else old)
