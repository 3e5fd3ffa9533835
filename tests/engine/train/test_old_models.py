"""An old model teaches alike whether it is asked or its answers are given, but for what is done to the images."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mpt_studio.engine.evaluate import evaluate
from mpt_studio.engine.images import ImageFeed
from mpt_studio.engine.machine.ranks import ALONE
from mpt_studio.engine.train.kept_answers import Fixed
from mpt_studio.engine.train.materials import _answers
from mpt_studio.engine.train.old_models import GivenOldModel, old_model
from mpt_studio.errors import UserError
from mpt_studio.predictions import Predictions
from mpt_studio.predictions.given import Given

CPU = torch.device("cpu")
NO_IMAGES = torch.empty(0)


@pytest.fixture(scope="module")
def asked(old, squares) -> Predictions:
    return evaluate(old, squares, np.arange(len(squares))[::-1], device="cpu")


@pytest.fixture
def given(asked, squares) -> Given:
    rows = np.arange(len(squares))[::-1].copy()
    return Given("deployed.npz", asked.class_names, asked, rows)


def never_asked(version):
    raise AssertionError("there is nobody to ask")


def teacher_of(given: Given, squares) -> Fixed:
    made = GivenOldModel(given, CPU).teacher(squares.train, never_asked)
    assert isinstance(made, Fixed)
    return made


def images(squares, indices) -> ImageFeed:
    return ImageFeed(squares, indices, squares.image_size, CPU, on_device=True)


def test_that_given_answers_are_those_that_it_would_give_to_validation_images(old, given, squares) -> None:
    of_weights, of_answers = old_model(old, CPU), old_model(given, CPU)
    assert of_weights is not None
    assert of_answers is not None
    feed = images(squares, squares.test)
    said = of_weights.answers(squares.test, lambda version: _answers(feed, version.logits, ALONE))
    assert of_answers.answers(squares.test, never_asked) == said
    assert old_model(None, CPU) is None


def test_that_an_answer_stays_the_same_whatever_is_done_to_the_image(given, asked, squares) -> None:
    teacher = teacher_of(given, squares)
    rows = torch.tensor([5, 0, 5])
    teacher.begin(3, 0)
    found = teacher.logits(NO_IMAGES, rows)
    teacher.end()
    position = {name: i for i, name in enumerate(asked.sample_ids.tolist())}
    wanted = [position[squares.sample_ids[squares.train[row]]] for row in rows]
    assert np.array_equal(found.numpy(), asked.logits[wanted])
    assert torch.equal(teacher.logits(torch.ones(3, 2, 2, 3), rows), found)


def test_that_without_scores_the_answered_class_is_the_largest_and_nothing_else_is_said(given, asked, squares) -> None:
    said = Predictions(
        sample_ids=asked.sample_ids, labels=asked.labels, label_names=asked.label_names, class_names=asked.class_names,
        logits=np.zeros((len(asked), 0), np.float32), scores="answers", answers=asked.predicted,
    )  # fmt: skip
    only = Given("answers.csv", given.class_names, said, given.rows)
    rows = torch.arange(len(squares.train))
    found = teacher_of(only, squares).logits(NO_IMAGES, rows)
    assert found.sum(dim=1).tolist() == [1.0] * len(rows)
    assert torch.equal(found.argmax(dim=1), teacher_of(given, squares).logits(NO_IMAGES, rows).argmax(1))


def test_that_asking_about_the_validation_part_can_be_given_up_between_two_batches(squares) -> None:
    class Left(Exception):  # noqa: N818
        pass

    def leave(sentence: str, fraction: float) -> None:
        if fraction > 0:
            raise Left

    asked: list[int] = []

    def answer(batch: torch.Tensor) -> torch.Tensor:
        asked.append(len(batch))
        return batch.float().mean(dim=(1, 2))

    every = np.tile(np.arange(len(squares)), 2)
    with pytest.raises(Left):
        _answers(images(squares, every), answer, ALONE, leave)
    assert asked == [128]
    assert len(_answers(images(squares, every), answer, ALONE)) == len(every)


def test_that_a_gap_in_the_data_is_refused_with_its_part(given, squares) -> None:
    given.refuse_gaps(squares)
    rows = given.rows.copy()
    rows[squares.test[2]] = -1
    name = str(squares.sample_ids[squares.test[2]])
    with pytest.raises(UserError, match=f"has no answer for 1 of the 24 images of the test part .*{name}"):
        Given(given.name, given.class_names, given.answers, rows).refuse_gaps(squares)
