"""A teacher's answers are asked for once per epoch and update, and change nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch

from mpt_studio.engine.train import kept_answers, materials
from mpt_studio.engine.train.kept_answers import KeptAnswers
from mpt_studio.engine.train.materials import gather
from mpt_studio.engine.train.varied.augmentation import Augmentation
from mpt_studio.engine.train.varied.colours import Policy
from mpt_studio.engine.train.varied.mixing import Mix
from mpt_studio.engine.train.varied.places import Mirror, PadCrop
from mpt_studio.events import Note
from mpt_studio.methods import METHODS
from mpt_studio.recipe import Images


class Counting:
    """A teacher that counts how often it is asked; its answer is the images' mean, twice."""

    def __init__(self) -> None:
        self.asked = 0

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        self.asked += 1
        mean = images.float().mean(dim=(1, 2, 3))
        return torch.stack([mean, -mean], dim=1)


BATCHES = [torch.tensor([2, 0]), torch.tensor([1, 3])]
IMAGES = torch.arange(4 * 12, dtype=torch.uint8).reshape(4, 2, 2, 3)


def ask(kept: KeptAnswers, epoch: int = 0, first: int = 0) -> list[torch.Tensor]:
    kept.begin(epoch, first)
    found = [kept.logits(IMAGES[rows], rows) for rows in BATCHES[first:]]
    kept.end()
    return found


def remembering(teacher: Counting, folder, identity: str = "same", epochs: int = 2) -> KeptAnswers:
    return KeptAnswers(teacher, folder, (identity,), samples=4, asked=4, epochs=epochs)


def test_that_the_second_candidate_reads_what_the_first_one_asked(tmp_path):
    first, second = Counting(), Counting()
    asked, read = ask(remembering(first, tmp_path)), ask(remembering(second, tmp_path))
    assert (first.asked, second.asked) == (2, 0)
    assert all(torch.equal(a, b) for a, b in zip(asked, read, strict=True))


def test_that_another_epoch_and_another_identity_are_asked_again(tmp_path):
    ask(remembering(Counting(), tmp_path))
    other_epoch, other_identity = Counting(), Counting()
    ask(remembering(other_epoch, tmp_path), epoch=1)
    ask(remembering(other_identity, tmp_path, "other"))
    assert (other_epoch.asked, other_identity.asked) == (2, 2)


def test_that_a_folder_that_cannot_be_written_costs_the_answers_and_not_the_training(tmp_path):
    (tmp_path / "file").write_text("no folder")
    teacher = Counting()
    kept = remembering(teacher, tmp_path / "file" / "answers")
    assert [len(ask(kept, epoch)) for epoch in (0, 1)] == [2, 2]
    assert teacher.asked == 4


def test_that_an_epoch_entered_in_its_middle_is_not_written_but_can_be_read(tmp_path):
    ask(remembering(Counting(), tmp_path), first=1)
    whole, resumed = Counting(), Counting()
    ask(remembering(whole, tmp_path))
    ask(remembering(resumed, tmp_path), first=1)
    assert (whole.asked, resumed.asked) == (2, 0)


def test_that_an_epoch_that_was_left_early_is_not_written(tmp_path):
    kept = remembering(Counting(), tmp_path)
    kept.begin(0, 0)
    kept.logits(IMAGES[BATCHES[0]], BATCHES[0])
    kept.end()
    assert not list(tmp_path.rglob("*.safetensors"))


def torn(content: bytes) -> bytes:
    return content[:-3]


def flipped(content: bytes) -> bytes:
    """One bit of the last answer: no format notices that by itself."""
    return content[:-2] + bytes([content[-2] ^ 1]) + content[-1:]


@pytest.mark.parametrize("damage", [torn, flipped, lambda content: b"", lambda content: b"\x93NUMPY"])
def test_that_a_damaged_file_is_told_and_asked_again(damage, tmp_path):
    whole = ask(remembering(Counting(), tmp_path))
    file = next(tmp_path.rglob("*.safetensors"))
    file.write_bytes(damage(file.read_bytes()))
    again = Counting()
    kept = remembering(again, tmp_path)
    kept.begin(0, 0)
    found = [kept.logits(IMAGES[rows], rows) for rows in BATCHES]
    told = kept.end()
    assert all(torch.equal(a, b) for a, b in zip(whole, found, strict=True))
    assert told == f"A teacher's kept answers {file} are damaged; it was asked again, with the same result."
    ask(remembering(again, tmp_path))  # what was written anew is whole
    assert again.asked == 2


def test_that_a_training_says_which_answers_it_could_not_use(make, replaced, old, tmp_path):
    trainings = [make(replaced(method=METHODS["PCT_KL"]), old=old, answers=tmp_path) for _ in range(2)]
    list(trainings[0].fit())
    file = min(tmp_path.rglob("*.safetensors"))
    file.write_bytes(flipped(file.read_bytes()))
    told = [event.text for event in trainings[1].fit() if isinstance(event, Note)]
    assert [text for text in told if f"kept answers {file} are damaged" in text]
    expected, found = (trained.network.state_dict() for trained in trainings)
    assert all(torch.equal(value, found[key]) for key, value in expected.items())


def test_that_nothing_is_kept_beyond_the_limit_or_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_answers, "MOST_BYTES", 4 * 2 * 4 * 2 - 1)
    ask(remembering(Counting(), tmp_path))
    ask(remembering(Counting(), None))
    assert not list(tmp_path.rglob("*.safetensors"))


@dataclass(frozen=True)
class Brightened(PadCrop):
    """A crop with one more field."""

    by: int = 1


class Asked(KeptAnswers):
    """Whose files lie where is all that is asked."""

    @property
    def folder(self):
        return self._folder


def test_that_whatever_varies_the_images_decides_whose_answers_are_read(make, old, replaced, tmp_path, monkeypatch):
    monkeypatch.setattr(materials, "KeptAnswers", Asked)
    trainer = make(replaced(method=METHODS["PCT_KL"]), old=old, answers=tmp_path)
    parts, plan = trainer.parts, trainer.plan

    def folder(*steps, seed: int = 7):
        return gather(parts, replace(plan, augmentation=Augmentation(seed, steps)), trainer.preprocessing).old.folder

    crop, mirror = PadCrop(2), Mirror()
    assert folder(crop, mirror) == folder(PadCrop(2), Mirror())
    others = [folder(crop), folder(PadCrop(3), mirror), folder(mirror), folder(crop, mirror, seed=8)]
    others += [folder(Brightened(2), mirror), folder(Brightened(2, by=2), mirror), folder(mirror, crop)]
    others += [
        folder(*steps) for steps in ((Mix(0.2, 0.0),), (Mix(0.0, 0.2),), (Policy("rand"),), (Policy("trivial"),))
    ]
    assert len({folder(crop, mirror), *others}) == 12
    at_home = folder(crop)
    plan = replace(plan, held_size=0)
    assert folder(crop) != at_home


VARIED = Images(crop="resized", auto_augment="trivial", colour_jitter=0.4, erase=0.3, mixup=0.4, cutmix=1.0)


@pytest.mark.parametrize(("name", "images"), [("PCT_KL", Images()), ("MPT_LM", Images()), ("MPT_KL", VARIED)])
def test_that_a_candidate_ends_bit_equal_with_and_without_kept_answers(
    name, images, make, replaced, old, reference, tmp_path
):
    teachers = {"old": old, "reference": reference if METHODS[name].needs_reference else None}
    recipe = replaced(method=METHODS[name], images=images)
    alone, first, second = (make(recipe, **teachers, answers=a) for a in (None, tmp_path, tmp_path))
    for trainer in (alone, first, second):
        list(trainer.fit())
    assert list(tmp_path.rglob("*.safetensors"))
    for other in (first, second):
        expected, found = alone.network.state_dict(), other.network.state_dict()
        assert all(torch.equal(value, found[key]) for key, value in expected.items())
