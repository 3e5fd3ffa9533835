"""Who wins, and whether that is more than chance."""

from __future__ import annotations

from mpt_studio.compare.figures.within import Point
from mpt_studio.jobs.search.finals import Finalist, beats, control, finalist, sentence, winner
from mpt_studio.store import Trial


def made(number: int, *nfr: float, short: float = -0.01, seeds: int = 0) -> Finalist:
    trial = Trial(number=number, run=f"r{number}", label=f"#{number}", method="mpt_kl", offset=1.234)
    points = [(f"r{number}", Point(value, 0.9, None, 0.0, 0.0, short, float("-inf"))) for value in nfr]
    return finalist(trial, points, seeds or len(nfr))


def test_that_the_lowest_mean_wins_not_the_lowest_value() -> None:
    lucky, steady = made(1, 0.01, 0.05, 0.06), made(2, 0.02, 0.02, 0.02)
    assert winner([made(0, 0.05, 0.05), lucky, steady]) == steady


def test_that_only_those_win_whose_mean_meets_the_limits() -> None:
    plain = made(0, 0.05, 0.05)
    assert winner([plain, made(1, 0.01, 0.01, short=0.002)]) == plain
    assert winner([made(1, 0.01, short=0.002)]) is None
    assert winner([plain, made(1, 0.01, seeds=2)]) == plain  # with another seed it could not be trained


def test_that_of_equals_plain_training_wins() -> None:
    assert winner([made(0, 0.02, 0.02), made(1, 0.02, 0.02)]) == made(0, 0.02, 0.02)


def test_that_better_means_by_more_than_both_spreads() -> None:
    plain = made(0, 0.05, 0.06)
    assert beats(made(1, 0.02, 0.03), plain)
    assert not beats(made(1, 0.04, 0.05), plain)
    assert not beats(plain, plain)
    assert not beats(made(1, 0.02), made(0, 0.05))  # one seed, and no images to test on


def test_that_the_sentence_says_plainly_whether_anything_beats_plain_training() -> None:
    best = Trial(number=1, run="r", label="#1 MPT_KL", method="mpt_kl", offset=1.234)
    plain, won = made(0, 0.05, 0.06), made(1, 0.02, 0.03)
    assert sentence(best, won, plain, True, "old classes, n=9") == (
        "#1 MPT_KL with γ = 1.2 keeps more than plain training with a logit offset does: 2.5 % ± 0.7 over 2 seeds "
        "against 5.5 % ± 0.7 over 2 seeds with plain training and a logit offset (NFR, old classes, n=9)."
    )
    assert sentence(best, won, plain, False, "all, n=9").startswith("Nothing clearly beats plain training")
    assert sentence(best, plain, plain, False, "all, n=9").startswith("Nothing beats plain training")


def test_that_where_plain_training_misses_the_limits_whoever_meets_them_is_better_and_the_sentence_says_why() -> None:
    best = Trial(number=1, run="r", label="#1 MPT_KL", method="mpt_kl")
    plain, won = made(0, 0.05, 0.06, short=0.01), made(1, 0.07, 0.08)
    assert winner([plain, won]) == won
    assert beats(won, plain)
    assert sentence(best, won, plain, True, "old classes, n=9") == (
        "#1 MPT_KL meets the limits, as plain training does at no logit offset: NFR 7.5 % ± 0.7 over 2 seeds "
        "(old classes, n=9)."
    )


def test_that_a_control_says_whether_correctness_matters() -> None:
    row = Trial(number=1, run="r", label="#1 MPT_KL", method="mpt_kl", nfr=0.02)

    def told(nfr: float, p: float, short: float = -0.01) -> str:
        return str(control(row, "c", Point(nfr, 0.9, None, 0.0, 0.0, short, float("-inf")), p)["sentence"])

    shuffled = "its control, with its teachers' correctness shuffled among images"
    assert told(0.05, 0.01) == f"Correctness matters: #1 MPT_KL has an NFR of 2.0 % against 5.0 % of {shuffled}."
    assert told(0.01, 0.5, short=0.02).startswith("Correctness matters: #1 MPT_KL meets the limits; ")
    for chance in (told(0.05, 0.2), told(0.01, 0.01)):
        assert chance.startswith("It is not shown that correctness matters: #1 MPT_KL has an NFR of 2.0 %, ")
