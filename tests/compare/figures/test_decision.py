"""How a decision is told: to people, in a file's name, in its header."""

from __future__ import annotations

from mpt_studio.compare import Decision


def test_that_a_version_as_trained_has_nothing_to_tell() -> None:
    plain = Decision("v.pth")
    assert (plain.words(), plain.suffix(), plain.record()) == ("", "", {})


def test_that_both_parts_are_told_and_a_rounded_name_does_not_round_the_record() -> None:
    made = Decision("v.pth", alpha=0.4, gamma=-1.1934567)
    assert made.words() == "γ = -1.19346 and α = 0.4"
    assert made.suffix() == "_gamma-1.193_alpha0.4"
    assert made.record() == {"logit_offset": -1.1934567, "interpolation": 0.4}
