"""What an image costs: what is timed for an estimate."""

from __future__ import annotations

import dataclasses

import pytest

from mpt_studio.engine.train import start as starts
from mpt_studio.engine.train.cost import READ, measure
from mpt_studio.engine.train.student import Student
from mpt_studio.recipe import Images, Model, Start


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def learning(monkeypatch) -> list[tuple[int, int]]:
    """Of each step: its epoch, and how many parameters learn."""
    seen: list[tuple[int, int]] = []
    step = Student.step

    def noting(self, materials, batch, epoch, number):
        seen.append((epoch, sum(p.requires_grad for p in self.network.parameters())))
        step(self, materials, batch, epoch, number)

    monkeypatch.setattr(Student, "step", noting)
    return seen


@pytest.mark.parametrize(("freeze", "epochs"), [(0, {0}), (1, {0, 1}), (2, {0}), (-1, {0})])
def test_that_frozen_epochs_are_timed_with_the_head_alone_and_the_others_with_all(
    freeze, epochs, make, replaced, learning
):
    cost = measure(make(replaced({"epochs": 2}, start=Start(start="scratch", freeze=freeze))).parts)
    assert {epoch for epoch, _ in learning} == epochs
    assert all((count == 2) == (freeze != 0 and epoch == 0) for epoch, count in learning)
    assert cost.head_only == (freeze < 0)
    assert (cost.learn == cost.learn_head) == (freeze != 1)


def test_that_reading_is_timed_as_training_reads(make, replaced, squares, monkeypatch):
    """Pictures of several sizes are cut from whole ones, which is more to decode than a square is."""
    asked: list[tuple[int, int]] = []
    wholes = type(squares).wholes

    def noting(self, indices, shorter):
        asked.append((len(indices), shorter))
        return wholes(self, indices, shorter)

    monkeypatch.setattr(type(squares), "wholes", noting)
    monkeypatch.setattr(squares, "image_size", 0)
    measure(make(replaced({"epochs": 1}, images=Images(crop="resized"), model=Model(image_size=16))).parts)
    assert (READ, round(16 * 1.15)) in asked


def test_that_the_starts_weights_are_read_once(make, replaced, reference, monkeypatch):
    read: list[str] = []
    load = starts.load_tensors
    monkeypatch.setattr(starts, "load_tensors", lambda path, *more: read.append(path) or load(path, *more))
    recipe = replaced({"epochs": 1}, start=Start(start=reference.path, freeze=-1))
    parts = dataclasses.replace(make(recipe, start=reference).parts)
    read.clear()
    assert measure(parts).head_only
    assert len(read) == 1
