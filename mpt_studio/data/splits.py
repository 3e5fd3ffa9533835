"""Which training samples are trained on and which are kept for validation: a pure function, nothing to save."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from mpt_studio.data.dataset import Dataset, Indices
from mpt_studio.errors import UserError, one_sentence


def training_split(
    dataset: Dataset, *, classes: tuple[str, ...], seed: int, validation_fraction: float, limit: int
) -> tuple[Indices, Indices]:
    """Split the training part into what is trained on and what is kept for validation.

    Every sample belongs for good to one side, by a hash of its id and the seed within its class; ``classes`` and
    ``limit`` only choose among them. So a sample that validates the old model never trains an update with the same
    seed and fraction, and the old model sees the same images of its classes as the update does.

    Data with a validation part of their own (a val folder beside train and test) keep that one: nothing is taken from
    the training part, and nothing is validated where ``validation_fraction`` is 0.

    Args:
        dataset: the data; its test part is not looked at.
        classes: names of the classes to take.
        seed: the recipe's seed.
        validation_fraction: share kept for validation, of each class; 0 keeps none.
        limit: samples to take from the whole training part, train and validation together, in the proportions of
            *all* its classes; 0 takes all.

    Returns:
        (train, validation): ascending sample indices.
    """
    wanted = _class_indices(dataset, classes)
    check_trainable(dataset)
    members = [dataset.train[dataset.labels[dataset.train] == c] for c in range(len(dataset.class_names))]
    if len(dataset.validation):
        return _with_own_validation(dataset, members, wanted, seed, validation_fraction > 0, limit)
    quotas = spread(limit, [len(m) for m in members])
    train: list[Indices] = [np.empty(0, np.int64)]
    validation: list[Indices] = [np.empty(0, np.int64)]
    for c in wanted:
        shuffled = members[c][np.argsort(_hashes(dataset.sample_ids[members[c]], seed), kind="stable")]
        kept = validation_count(len(shuffled), validation_fraction)
        chosen = min(validation_count(quotas[c], validation_fraction), kept)
        validation.append(shuffled[:chosen])
        train.append(shuffled[kept : kept + quotas[c] - chosen])
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(validation))


def check_trainable(dataset: Dataset) -> None:
    """Raise ``UserError`` for data without a training part."""
    if not len(dataset.train):
        raise UserError(
            f"The data {one_sentence(dataset.spec)} have no training part; versions can only be evaluated on them."
        )


def _with_own_validation(
    dataset: Dataset, members: list[Indices], wanted: list[int], seed: int, validates: bool, limit: int
) -> tuple[Indices, Indices]:
    """A limit is shared out between the two parts of each class in proportion."""
    own = [dataset.validation[dataset.labels[dataset.validation] == c] for c in range(len(dataset.class_names))]
    if not validates:
        own = [np.empty(0, np.int64) for _ in own]
    quotas = spread(limit, [len(m) + len(v) for m, v in zip(members, own, strict=True)])
    train: list[Indices] = [np.empty(0, np.int64)]
    validation: list[Indices] = [np.empty(0, np.int64)]
    for c in wanted:
        together = len(members[c]) + len(own[c])
        kept = quotas[c] * len(own[c]) // together if together else 0
        for chosen, part, count in ((train, members[c], quotas[c] - kept), (validation, own[c], kept)):
            order = np.argsort(_hashes(dataset.sample_ids[part], seed), kind="stable")
            chosen.append(part[order[:count]])
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(validation))


def validation_count(samples: int, fraction: float) -> int:
    """Samples of a class that are kept for validation: at least one of two, and never all."""
    if fraction <= 0 or samples < 2:
        return 0
    return min(max(1, round(samples * fraction)), samples - 1)


def spread(limit: int, sizes: list[int]) -> list[int]:
    """Samples per class that add up to ``limit``, in proportion to the sizes (largest remainders), each at least 1.

    Below one per class, the first of the largest classes get one. A limit of 0, or above the total, is the sizes.
    """
    total = sum(sizes)
    if limit <= 0 or limit >= total:
        return sizes
    if limit < sum(size > 0 for size in sizes):
        largest = sorted(range(len(sizes)), key=lambda c: -sizes[c])[:limit]
        return [int(c in largest) for c in range(len(sizes))]
    quotas = [max(limit * size // total, min(size, 1)) for size in sizes]
    remainders = {c: limit * size % total for c, size in enumerate(sizes) if limit * size >= total}
    for c in sorted(remainders, key=lambda c: -remainders[c])[: max(0, limit - sum(quotas))]:
        quotas[c] += 1
    while sum(quotas) > limit:  # classes lifted to 1 are paid for by the largest
        quotas[quotas.index(max(quotas))] -= 1
    return quotas


def _class_indices(dataset: Dataset, classes: tuple[str, ...]) -> list[int]:
    unknown = [name for name in classes if name not in dataset.class_names]
    if unknown:
        raise UserError(f"The data have no class {unknown[0]!r}.")
    return sorted({dataset.class_names.index(name) for name in classes})


def _hashes(sample_ids: npt.NDArray[np.str_], seed: int) -> npt.NDArray[np.uint64]:
    start = hashlib.blake2b(f"split {seed}\n".encode(), digest_size=8)
    return np.array([_continued(start, name) for name in sample_ids.tolist()], dtype=np.uint64)


def _continued(start: hashlib.blake2b, text: str) -> int:
    digest = start.copy()
    digest.update(text.encode())
    return int.from_bytes(digest.digest(), "little")
