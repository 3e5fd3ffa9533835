"""What images show, whole and in parts."""

from __future__ import annotations

import torch

from mpt_studio.engine.train.varied.batch import Batch, Targets, as_targets

A, B = torch.tensor([0, 1, 2, 3, 4]), torch.tensor([4, 3, 2, 1, 0])


def test_that_labels_alone_are_targets_into_which_nothing_was_mixed():
    targets = as_targets(A)
    assert targets.main_B is A
    assert targets.averaged(lambda labels: labels) is A
    assert as_targets(targets) is targets


def test_that_what_depends_on_a_class_is_averaged_by_the_shares():
    found = Targets(A, B, 0.75).averaged(lambda labels: labels.double())
    assert found.tolist() == [1.0, 1.5, 2.0, 2.5, 3.0]


def test_that_a_right_answer_is_counted_against_the_larger_part():
    assert Targets(A, B, 0.5).main_B is A
    assert Targets(A, B, 0.49).main_B is B


def test_that_parts_of_a_batch_keep_what_belongs_together():
    images, rows = torch.arange(5)[:, None, None, None].expand(5, 2, 2, 3), torch.arange(10, 15)
    parts = Batch(images, Targets(A, B, 0.3), rows, 7).parts(2)
    assert [len(part.targets) for part in parts] == [3, 2]
    assert [part.rows_B.tolist() for part in parts] == [[10, 11, 12], [13, 14]]
    assert [part.targets.others_B.tolist() for part in parts] == [[4, 3, 2], [1, 0]]
    assert {(part.targets.share, part.step) for part in parts} == {(0.3, 7)}
    assert all(torch.equal(part.images_BSS3[:, 0, 0, 0], part.targets.labels_B) for part in parts)


def test_that_no_part_is_a_single_image():
    batch = Batch(torch.zeros(5, 2, 2, 3), Targets(A), torch.arange(5), 0)
    assert [len(part.targets) for part in batch.parts(4)] == [3, 2]
    assert batch.parts(1) == [batch]
