"""Scores are told by their numbers: every unit in which people write them, and what can be none."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mpt_studio.errors import UserError
from mpt_studio.predictions import Predictions, Scale, UnclearScores, read_predictions
from mpt_studio.predictions.scores import doubt_about

from .conftest import write
from .test_csv_file import HEADER

NAMES = ("ant", "bee", "cat", "dog", "elk")
TRUTH = np.random.default_rng(3).integers(0, 5, 60)


def logits(seed: int = 1, share: float = 0.7) -> Any:
    """(60, 5) of a version that is right in about this share."""
    chance = np.random.default_rng(seed)
    made = chance.normal(0, 1, (60, 5))
    for row, label in zip(made, TRUTH, strict=True):
        if chance.random() < share:
            row[label] = row.max() + chance.uniform(0.5, 3)
    return made


Z = logits()
P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)


def table(path: Path, scores: Any, names: tuple[str, ...] = NAMES, form: str = "{:.6f}") -> Path:
    rows = [(f"{i}.jpg", NAMES[TRUTH[i]], *map(form.format, row)) for i, row in enumerate(scores.tolist())]
    return write(path, [("id", "label", *names), *rows])


def margins(found: Predictions) -> Any:
    ranked = np.sort(np.asarray(found.logits, np.float64), axis=1)
    return ranked[:, -1] - ranked[:, -2]


def real() -> Any:
    ranked = np.sort(Z, axis=1)
    return ranked[:, -1] - ranked[:, -2]


@pytest.mark.parametrize(
    ("scores", "kind", "note"),
    [
        (Z, "logits", ""),
        (P, "probabilities", "The scores are probabilities;"),
        (100 * P, "probabilities", "The scores are probabilities in percent;"),
        (500 * P, "probabilities", "The scores are probabilities times 500;"),
        (np.log(P), "probabilities", "logarithms of probabilities; they"),
        (np.log10(P), "probabilities", "logarithms of probabilities to the base 10; they"),
        (-np.log(P), "probabilities", "negative logarithms of probabilities, the smallest"),
        (-np.log2(P), "probabilities", "negative logarithms of probabilities to the base 2, the smallest"),
        (1 / (1 + np.exp(-Z)), "logits", "of each class by itself (sigmoids)"),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "npz", "parquet"])
def test_that_every_unit_gives_the_same_margins_and_answers(
    tmp_path: Path, scores: Any, kind: str, note: str, suffix: str
) -> None:
    path = tmp_path / f"v.{suffix}"
    if suffix == "csv":
        table(path, scores, form="{!r}")
    elif suffix == "npz":
        np.savez(path, ids=np.arange(60), labels=TRUTH, scores=scores, class_names=NAMES)
    else:
        pa = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        columns = {"id": list(map(str, range(60))), "label": [NAMES[i] for i in TRUTH]}
        parquet.write_table(pa.table(columns | dict(zip(NAMES, scores.T, strict=True))), path)
    found = read_predictions(path)
    assert found.scores == kind
    assert note in " ".join(found.notes)
    assert np.allclose(margins(found), real(), atol=1e-4)
    assert np.array_equal(found.predicted, Z.argmax(axis=1))


@pytest.mark.parametrize("names", [NAMES, tuple(f"p_{name}" for name in NAMES), tuple(f"logit_{n}" for n in NAMES)])
def test_that_probabilities_of_two_decimals_are_probabilities_whatever_the_name(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    found = read_predictions(table(tmp_path / "v.csv", P, names, "{:.2f}"))
    assert found.scores == "probabilities"
    assert "rounded to 0.01" in found.notes[0]
    sure = P.min(axis=1) > 0.02
    assert np.abs(margins(found) - real())[sure].max() < 0.4


def test_that_the_best_answers_in_order_are_no_columns_of_classes(tmp_path: Path) -> None:
    order = np.argsort(-P, axis=1)
    ranked = np.take_along_axis(P, order, axis=1)
    places, scores = [f"index_{i}" for i in range(5)], [f"prob_{i}" for i in range(5)]
    rows = [(f"{i}", *order[i], *ranked[i], TRUTH[i]) for i in range(60)]
    found = read_predictions(write(tmp_path / "v.csv", [("filename", *places, *scores, "label"), *rows]))
    assert found.scores == "answers"
    assert [found.class_names[i] for i in found.predicted] == [str(i) for i in order[:, 0]]
    assert "the first, 'index_0', was taken" in " ".join(found.notes)
    for names in (tuple(scores), NAMES, tuple(f"logit_{i}" for i in range(5))):
        with pytest.raises(UserError, match="fall from the first column to the last, so they are the best ones"):
            read_predictions(table(tmp_path / "w.csv", ranked, names))
    with pytest.raises(UserError, match="rise from the first column"):
        read_predictions(table(tmp_path / "w.csv", ranked[:, ::-1], NAMES))


def test_that_two_best_answers_are_told_from_a_version_that_always_says_the_first_class(tmp_path: Path) -> None:
    two = np.sort(P, axis=1)[:, [4, 3]]
    np.savez(tmp_path / "v.npz", ids=np.arange(60), scores=two)
    with pytest.raises(UserError, match="so they are the best ones in order"):
        read_predictions(tmp_path / "v.npz")
    np.savez(tmp_path / "w.npz", ids=np.arange(60), logits=two - 5, class_names=["cat", "dog"])
    assert not read_predictions(tmp_path / "w.npz").predicted.any()
    same = np.tile([3.0, 2, -1], (60, 1))  # a network that sees nothing
    np.savez(tmp_path / "x.npz", ids=np.arange(60), logits=same)
    assert len(read_predictions(tmp_path / "x.npz")) == 60


@pytest.mark.parametrize(
    ("scores", "says", "fits"),
    [
        (np.abs(Z - Z.max()), r"the scores go from 0 to .* add up to nothing", "distances"),
        (np.exp(Z), "add up to nothing", "logits"),
        (P[:, :4], r"the scores of '\d+\.jpg' add up to 0\.\d+, not 1", "probabilities"),
        (5 - 2 * Z - Z.mean(), r"the smallest score is right in \d+ of 60 samples, the largest in", "distances"),
    ],
)
def test_that_what_may_be_several_things_is_asked(tmp_path: Path, scores: Any, says: str, fits: Scale) -> None:
    path = table(tmp_path / "v.csv", scores, NAMES[: scores.shape[1]])
    with pytest.raises(UnclearScores, match=says) as asked:
        read_predictions(path)
    assert fits in asked.value.fits
    assert f"say what they are with --scores {asked.value.fits[0]} or " in str(asked.value)


def test_that_what_was_said_is_kept_for_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))
    path = table(tmp_path / "v.csv", Z.max() - Z)
    with pytest.raises(UserError, match="which are no probabilities; say otherwise"):
        read_predictions(path, scores="probabilities")
    found = read_predictions(path, scores="distances")
    assert "negated" in found.notes[0]
    assert np.array_equal(found.predicted, Z.argmax(axis=1))
    (tmp_path / "w.csv").write_bytes(path.read_bytes())
    assert np.array_equal(read_predictions(tmp_path / "w.csv").logits, found.logits)


@pytest.mark.parametrize(
    ("said", "scores"),
    [
        ("logits", np.exp(Z)),
        ("percent", 100 * P),
        ("sigmoid", 100 / (1 + np.exp(-Z))),
        ("log_probabilities", np.log(P)),
        ("negative_log", -np.log(P)),
        ("distances", -Z),
    ],
)
def test_that_every_scale_can_be_said(tmp_path: Path, said: Scale, scores: Any) -> None:
    found = read_predictions(table(tmp_path / "v.csv", scores), scores=said)
    assert np.array_equal(found.predicted, Z.argmax(axis=1))
    assert said == "logits" or np.allclose(margins(found), real(), atol=1e-3)


def test_that_probabilities_become_logarithms_and_margins_are_exact(tmp_path: Path) -> None:
    rows = [("a", "x", 0.7, 0.2, 0.1), ("b", "y", 0.0, 1e-9, 1 - 1e-9), ("c", "z", 0.25, 0.25, 0.5)]
    found = read_predictions(write(tmp_path / "v.csv", [("id", "label", "x", "y", "z"), *rows]))
    assert found.scores == "probabilities"
    assert float(found.logits[0, 0] - found.logits[0, 1]) == pytest.approx(math.log(0.7 / 0.2), abs=1e-6)
    assert float(found.logits[1, 0]) < float(found.logits[1, 1])  # 0 stays below every other probability
    assert "1 probability of 0 was taken as 5e-10." in found.notes


def test_that_scores_of_0_and_1_alone_are_answers(tmp_path: Path) -> None:
    found = read_predictions(write(tmp_path / "v.csv", [HEADER, ("1", "cat", 1, 0), ("2", "cat", 0, 1)]))
    assert (found.scores, found.open_ended, found.class_names) == ("answers", False, ("cat", "dog"))
    assert found.predicted.tolist() == [0, 1]
    with pytest.raises(UserError, match="not a single 1 for '2'"):
        read_predictions(write(tmp_path / "w.csv", [HEADER, ("1", "cat", 1, 0), ("2", "cat", 0, 0)]))


def test_that_a_single_column_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", ids=["a", "b"], probabilities=[[0.2], [0.7]])
    with pytest.raises(UserError, match="has one column of scores; write one for each class"):
        read_predictions(tmp_path / "w.npz")


def test_that_a_network_s_outputs_are_doubted_by_the_same_rule() -> None:
    assert doubt_about(Z.astype(np.float32)) == ""
    assert "look like probabilities;" in doubt_about(P.astype(np.float32))
    assert "by itself" in doubt_about((1 / (1 + np.exp(-Z))).astype(np.float32))
    assert "below 0" in doubt_about(np.exp(Z).astype(np.float32))
