"""Trials in words."""

from __future__ import annotations

from mpt_studio.gui.search import words

from .conftest import PLAIN, trial


def test_that_a_trial_has_its_methods_plain_name_and_says_where_it_began() -> None:
    assert words.name_of(trial(3)) == "Margin (MPT_KL)"
    assert words.name_of(trial(3, parameters={"method": "mpt_kl", "start": "old"})) == "Margin (MPT_KL) @old"
    assert words.name_of(PLAIN) == "Plain training"


def test_that_parameters_are_short_and_words_among_them_are_told_elsewhere() -> None:
    assert words.parameters(trial(3)) == "lr 0.02, b 2"


def test_that_every_outcome_is_a_sentence_with_a_sign() -> None:
    stopped = trial(
        2, None, None, outcome="stopped", message="Stopped at epoch 3: 6.1 points below plain training there."
    )
    missed = trial(2, shortfall=1.3, message="1.3 points below the limits at best.")
    assert words.outcome(trial(1))[0] == "✓ Within the limits"
    assert words.outcome(stopped)[0].startswith("■ Stopped at epoch 3")
    assert words.outcome(missed)[0].startswith("○ 1.3 points")
    assert words.outcome(trial(2, None, None, outcome="failed", message="No room."))[0] == "✗ Failed: No room."


def test_that_the_read_out_names_the_subset_of_each_figure_and_what_was_decided() -> None:
    told = words.sentence(trial(4, offset=1.5, interpolation=0.4))
    assert "NFR (old classes) 5.0 %, accuracy (all) 80.0 % on the validation part" in told
    assert "γ = 1.50, α = 0.4" in told
