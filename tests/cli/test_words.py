"""Words for the numbers that mean something else than their size."""

from __future__ import annotations

import pytest

from mpt_studio.cli.words import spelled_out


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        (["--freeze", "always"], ["--freeze", "-1"]),
        (["--freeze=none", "--crop-padding", "auto"], ["--freeze=0", "--crop-padding", "-1"]),
        (["--freeze", "3"], ["--freeze", "3"]),
        (["--data", "all"], ["--data", "all"]),
        (["always"], ["always"]),
    ],
)
def test_that_a_word_stands_for_its_number_after_its_own_option_only(given: list[str], spelled: list[str]) -> None:
    assert spelled_out(given) == spelled
