"""The noise floor is counted on the same samples as the candidates' NFR, or nothing is said."""

from __future__ import annotations

from mpt_studio.compare import compare
from mpt_studio.compare.figures.noise_floor import noise_floor, noise_floors_of

from ..conftest import version

PLAIN = version([[1, 0], [1, 0], [0, 1], [0, 1]], "ab", "aabb", name="plain")  # right everywhere
OTHER = version([[1, 0], [0, 1], [1, 0], [1, 0]], "ab", "aabb", name="other seed")  # wrong on one of a and all of b


def test_that_its_old_classes_are_those_of_the_deployed_model() -> None:
    found = noise_floor(compare(PLAIN, OTHER), ["a"])
    counted = {each: (found[each]["negative_flips"], found[each]["samples"]) for each in ("all", "old_classes")}
    assert counted == {"all": (3, 4), "old_classes": (1, 2)}
    assert (found["new_classes"]["nfr"], found["old_classes"]["nfr"]) == (1.0, 0.5)


def test_that_a_floor_of_other_samples_than_the_candidates_is_not_told() -> None:
    candidate = {"all": {"samples": 4}, "old_classes": {"samples": 2}, "new_classes": {"samples": 2}}
    wrong = noise_floor(compare(PLAIN, OTHER), ["a", "b"])  # as updates once kept it
    assert list(noise_floors_of({"noise_floor": wrong, "candidates": [candidate]})) == ["all"]
    right = noise_floor(compare(PLAIN, OTHER), ["a"])
    found = noise_floors_of({"noise_floor": right, "candidates": [candidate]})
    assert list(found) == ["all", "old_classes", "new_classes"]
    assert noise_floors_of({"noise_floor": None, "candidates": [candidate]}) == {}
