"""What methods are called for people."""

from __future__ import annotations

import pytest

from mpt_studio.methods import BCWI, FIRST, METHODS, NAMINGS, label_of, methods_named, plain_name, shown, shown_in, told


def test_that_every_method_has_a_plain_name_a_sentence_and_a_short_name_of_its_own() -> None:
    assert list(NAMINGS) == [*METHODS, BCWI]
    assert len({naming.plain for naming in NAMINGS.values()}) == len(NAMINGS)
    assert len({shown(name) for name in NAMINGS}) == len(NAMINGS)
    assert all(len(shown(name)) <= 26 and naming.sentence.endswith(".") for name, naming in NAMINGS.items())
    assert FIRST in METHODS


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("No_Treatment", "Plain training"),
        ("MPT_KL", "Margin (MPT_KL)"),
        ("MPT_KL b=2 @old", "Margin (MPT_KL) b=2 @old"),
        ("BCWI of No_Treatment @old", "Mixture (BCWI) of Plain training @old"),
        ("#12 MPT_KL b=5.88 lr=0.0083, seed 3", "#12 Margin (MPT_KL) b=5.88 lr=0.0083, seed 3"),
        ("No_Treatment, seed 4", "Plain training, seed 4"),
        ("MPT_KL.onnx", "MPT_KL.onnx"),
        ("my model of 2024", "my model of 2024"),
        ("Old model", "Old model"),
        ("", ""),
    ],
)
def test_that_labels_are_shown_in_plain_words_with_the_published_name(label: str, text: str) -> None:
    assert shown(label) == text
    assert shown(shown(label)) == text


def test_that_a_sentence_about_trials_has_plain_names_and_is_else_as_it_is() -> None:
    said = "The best, #6 PCT_KL lr=0.07 with γ = 0.86, has 8.7 %; see PCT_KL.pt."
    assert shown_in(said) == said.replace("#6 PCT_KL", "#6 Keep close (PCT_KL)")
    assert shown_in(shown_in(said)) == shown_in(said)


def test_that_a_recipe_s_list_is_told_in_plain_words_and_what_is_no_method_as_it_was_written() -> None:
    assert told("none,pct_kl, mpt_kl@old,bcwi", 2.0) == (
        "Plain training, Keep close (PCT_KL), Margin (MPT_KL) b=2 @old, Mixture (BCWI)"
    )
    assert told("mpt_kl:1,auto,of a newer program") == "Margin (MPT_KL) b=1, auto, of a newer program"


def test_that_labels_and_so_what_machines_read_keep_published_names() -> None:
    assert [label_of(m) for m in methods_named("none,mpt_kl:2@old,bcwi")] == [
        "No_Treatment",
        "MPT_KL b=2 @old",
        "BCWI of MPT_KL b=2 @old",
    ]


def test_that_the_plain_name_has_the_published_one_beside() -> None:
    assert plain_name("PCT_KL") == "Keep close to the old model (PCT_KL)"
    assert plain_name("resnet18") == "resnet18"
