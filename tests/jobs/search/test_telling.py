"""What is said of a search so far."""

from __future__ import annotations

from mpt_studio.jobs.search.telling import around, decided, found, of_test, ranked
from mpt_studio.store import Trial


def trial(number: int, nfr: float, accuracy: float, shortfall: float = -1.0, **more: str) -> Trial:
    front = ((nfr, accuracy, 0.0, 0.0),)
    return Trial(
        number=number, run="r", label=f"#{number} MPT_KL", method="mpt_kl", outcome=more.get("outcome", "done"),
        nfr=nfr, accuracy=accuracy, shortfall=shortfall, frontier=front,
    )  # type: ignore[arg-type]  # fmt: skip


def test_that_trials_are_ranked_by_nfr_then_accuracy_and_only_those_within_the_limits() -> None:
    trials = [trial(1, 0.2, 0.9), trial(2, 0.1, 0.8), trial(3, 0.1, 0.9), trial(4, 0.0, 0.9, shortfall=0.5)]
    assert [each.number for each in ranked(trials)] == [3, 2, 1]


def test_that_the_envelope_names_the_trial_of_each_point_and_the_sentence_the_best() -> None:
    told = found([trial(0, 0.2, 0.9), trial(1, 0.1, 0.95), trial(2, 0.05, 0.5, shortfall=3.0)], {})
    assert told["envelope"] == [[0.05, 0.5, 0.0, 0.0, 2.0], [0.1, 0.95, 0.0, 0.0, 1.0]]
    assert told["best"] == 1
    assert told["sentence"] == (
        "After 2 trials the lowest NFR (old classes) within the limits is 10.0 %, of #1 MPT_KL, at an accuracy (all) "
        "of 95.0 % on the validation part."
    )


def test_that_the_nearest_is_named_where_nothing_meets_the_limits() -> None:
    told = found([trial(0, 0.2, 0.9, shortfall=2.0), trial(1, 0.1, 0.95, shortfall=0.5)], {})
    assert told["best"] is None
    assert told["sentence"].endswith("nothing meets the limits. The nearest is #1 MPT_KL, 0.5 points short.")


def test_that_what_was_decided_is_short_and_nothing_as_trained() -> None:
    assert decided(0.0, 0.0) == ""
    assert decided(-1.234, 0.4) == " with γ = −1.2 and α = 0.4"


def test_that_the_test_part_is_told_against_plain_training_and_how_often_it_was_looked_at() -> None:
    apart = {"nfr_difference": -0.02, "mcnemar_p": 0.4}
    assert of_test({"best": {"number": 1}, "against_plain": apart}) == [
        "Against plain training with its offset: −2.0 points of NFR (McNemar p = 0.400)."
    ]
    (looks,) = of_test({"best": {"number": 0}, "against_plain": apart, "test_looks": 2})
    assert looks == "The test part was looked at 2 times in this search: it is no longer untouched."


def test_that_noise_control_and_fusion_are_told_where_they_are_known() -> None:
    assert around({}) == []
    floor, control = {"old_classes": {"nfr": 0.04}}, {"sentence": "#1 MPT_KL keeps no more."}
    assert around({"noise_floor": floor, "control": control, "fusion": {"nfr_old_classes": 0.025}}) == [
        "Noise floor: two plain trainings that differ in the seed have an NFR of 4.0 % between them.",
        "#1 Margin (MPT_KL) keeps no more.",
        "Serving old and new together (fusion) would have an NFR of 2.5 % on the validation part; never chosen.",
    ]
