from __future__ import annotations

from mpt_studio.report import broken

from .conftest import handover, made_of_names

FOUND = handover(made_of_names(("a", "b", "c", "d"), each=90))


def test_that_causes_sum_to_all_negative_flips_and_the_largest_drop_is_first() -> None:
    told = broken.by_cause(FOUND)
    assert sum(each["count"] for each in told) == len(FOUND.comparison.negative_flips) == 90
    assert [each["count"] for each in told] == sorted((each["count"] for each in told), reverse=True)
    for each in told:
        drops = [sample["margin_drop"] for sample in each["samples"]]
        assert drops == sorted(drops, reverse=True)
        assert len(drops) <= broken.SHOWN_OF_CAUSE


def test_that_no_more_than_200_images_are_shown_at_any_size() -> None:
    assert len(broken.by_cause(FOUND)) * broken.SHOWN_OF_CAUSE + broken.SHOWN_OF_SETS <= 200


def test_that_each_listed_id_has_its_outcome() -> None:
    (listed,) = broken.must_not_flip(FOUND)
    outcomes = {each["id"]: each["outcome"] for each in listed["ids"]}
    flipped = set(FOUND.comparison.sample_ids[FOUND.comparison.negative_flips].tolist())
    assert outcomes.pop("nowhere") == "unknown"
    assert {name for name, outcome in outcomes.items() if outcome == "fail"} == flipped & outcomes.keys()
    assert listed["broken"] == len(flipped & outcomes.keys()) == len(listed["samples"])


def test_that_marks_and_notes_of_these_samples_alone_are_told_blockers_first() -> None:
    told = broken.judgements(FOUND)
    assert told["counts"] == {"acceptable": 0, "blocker": 1, "label wrong": 0}
    assert [(each["mark"], each["note"]) for each in told["first"]] == [("blocker", "b"), ("", "only a note")]
    assert told["total"] == 2


def test_that_a_sample_tells_its_mark_and_note() -> None:
    (listed,) = broken.must_not_flip(FOUND)
    assert (listed["samples"][0]["mark"], listed["samples"][0]["note"]) == ("blocker", "b")
