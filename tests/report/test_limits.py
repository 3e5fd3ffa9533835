from __future__ import annotations

from typing import Any

from mpt_studio.report.limits import sentences


def test_that_what_could_not_be_had_is_a_limit(plain: dict[str, Any]) -> None:
    told = sentences(plain)
    assert "No images." in told
    assert any(sentence.startswith("There is no noise floor") for sentence in told)
    assert any(sentence.startswith("4 classes have fewer than 30 images") for sentence in told)


def test_that_several_candidates_an_offset_and_wrong_labels_are_told(plain: dict[str, Any]) -> None:
    record = {**plain, "candidates": [{}, {}], "offset": 1.25, "interpolation": 0.4, "adjusted": {"all": {}}}
    told = " ".join(sentences(record))
    assert "2 candidates were compared on these images" in told
    assert "The update is judged at γ = 1.25 and α = 0.4; as trained it answers otherwise." in told
    assert "marked as wrong" in told
