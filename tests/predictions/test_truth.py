"""True classes from the data, for predictions that do not tell them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mpt_studio.data.dataset import Dataset, Images, Indices
from mpt_studio.errors import UserError
from mpt_studio.predictions import Predictions, with_truth


class Few(Dataset):
    """Six samples without images worth looking at."""

    def image(self, index: int) -> Images:
        return np.zeros((2, 2, 3), np.uint8)

    def batch(self, indices: Sequence[int] | Indices, size: int, fit: object = None) -> Images:
        return np.zeros((len(indices), size, size, 3), np.uint8)


@pytest.fixture
def data() -> Few:
    ids = [f"{part}/{name}/{i}.png" for part in ("train", "test") for i, name in enumerate(("cat", "dog", "cow"))]
    few = Few()
    few.spec, few.class_names = "few", ("cat", "dog", "cow")
    few.sample_ids, few.labels = np.array(ids), np.array([0, 1, 2, 0, 1, 2])
    few.train, few.test, few.image_size = np.arange(3), np.arange(3, 6), 2
    return few


def answered(*ids: str, labels: Sequence[int] = (), names: tuple[str, ...] = ()) -> Predictions:
    n = len(ids)
    given = np.array(labels or [-1] * n)
    nothing = np.zeros((n, 0), np.float32)
    return Predictions(
        np.array(ids), given, names, nothing, ("cat", "dog"), version="v", scores="answers", answers=np.arange(n) % 2
    )


def test_that_the_data_tell_the_true_classes_by_id_in_any_order(data: Few) -> None:
    found = with_truth(answered("test/cow/2.png", "test/cat/0.png"), data)
    assert [found.label_names[i] for i in found.labels] == ["cow", "cat"]
    assert found.data_fingerprint == data.fingerprint
    assert found.notes == ("1 sample of the data's test part without an answer ('test/dog/1.png').",)


def test_that_longer_paths_and_file_names_find_their_samples(data: Few) -> None:
    found = with_truth(answered("/mnt/photos/test/dog/1.png", r"C:\photos\test\cat\0.png"), data)
    assert found.sample_ids.tolist() == ["test/dog/1.png", "test/cat/0.png"]
    assert [found.label_names[i] for i in found.labels] == ["dog", "cat"]
    with pytest.raises(UserError, match=r"v are of other data than few: no .* \('1\.png' against 'train/cat/0\.png'\)"):
        with_truth(answered("1.png"), data)  # two images are called so


def test_that_unknown_ids_are_left_out_counted_and_named(data: Few) -> None:
    found = with_truth(answered("test/cat/0.png", "what", "test/dog/1.png", "else"), data)
    assert found.sample_ids.tolist() == ["test/cat/0.png", "test/dog/1.png"]
    assert found.predicted.tolist() == [0, 0]
    assert "2 sample ids are not in the data and left out ('what', 'else')." in found.notes


def test_that_labels_of_its_own_stay_and_only_gaps_are_filled(data: Few) -> None:
    own = answered("test/cat/0.png", "test/cow/2.png", labels=[1, -1], names=("cat", "dog"))
    found = with_truth(own, data)
    assert [found.label_names[i] for i in found.labels] == ["dog", "cow"]
