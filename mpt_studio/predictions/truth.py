"""True classes for predictions that do not tell them: from the data, by sample id."""

from __future__ import annotations

import dataclasses
import posixpath

import numpy as np

from mpt_studio.data.dataset import Dataset
from mpt_studio.errors import UserError, quoted
from mpt_studio.predictions.answers import Ints, Predictions
from mpt_studio.units import count


def with_truth(version: Predictions, dataset: Dataset) -> Predictions:
    """The same predictions with ids, true classes and fingerprint of the data.

    Ids are the data's, or paths that end like one of them alone ("/photos/test/cat/1.png" for "test/cat/1.png"), or
    file names that tell the samples apart. Where predictions have labels of their own, these stay, to be compared.
    Samples that the data do not have are left out; they and the data's samples without an answer are counted and
    named in the notes. Raises ``UserError`` where no id fits.
    """
    index, renamed = _indices(version, dataset)
    kept = np.flatnonzero(index >= 0)
    if not len(kept):
        raise UserError(
            f"The predictions {version.version} are of other data than {dataset.spec}: no sample id fits "
            f"({quoted(version.sample_ids[:1].tolist())} against {quoted(dataset.sample_ids[:1].tolist())})."
        )
    notes = [*version.notes, *_counted(version, dataset, index)]
    every = len(kept) == len(version)
    own = np.asarray(version.labels)[kept]
    names = version.label_names if version.has_truth else dataset.class_names
    labels = own if version.has_truth else dataset.labels[index[kept]].astype(np.int64)
    if version.has_truth and (own < 0).any():
        names, labels = _filled(version, own, dataset, index[kept])
    return dataclasses.replace(
        version,
        sample_ids=np.asarray(dataset.sample_ids)[index[kept]] if renamed or not every else version.sample_ids,
        labels=labels,
        label_names=names,
        logits=version.logits if every else np.asarray(version.logits)[kept],
        answers=version.answers if every or version.answers is None else version.answers[kept],
        data=version.data or dataset.spec,
        data_fingerprint=version.data_fingerprint or dataset.fingerprint,
        notes=tuple(notes),
    )


def on_test_part(version: Predictions, dataset: Dataset) -> Predictions:
    """Answers to the data's test part alone, where there are others too; what lies outside of it is counted.

    An old model's table may tell what it answers to the training images as well, from which an update learns.
    """
    index = np.array([dataset.index_of.get(name, -1) for name in version.sample_ids.tolist()], dtype=np.int64)
    kept = np.flatnonzero(np.isin(index, dataset.test))
    if not len(kept) or len(kept) == len(version):
        return version
    left = count(len(version) - len(kept), "sample is", "samples are")
    return dataclasses.replace(
        version,
        sample_ids=version.sample_ids[kept],
        labels=version.labels[kept],
        logits=np.asarray(version.logits)[kept],
        answers=None if version.answers is None else version.answers[kept],
        notes=(*version.notes, f"{left} of other parts of the data than the test part, and left out."),
    )


def _indices(version: Predictions, dataset: Dataset) -> tuple[Ints, bool]:
    """(N,) index of each sample in the data, −1 where it is not there; whether ids had to be shortened."""
    ids = version.sample_ids.tolist()
    exact = np.array([dataset.index_of.get(name, -1) for name in ids], dtype=np.int64)
    if (exact >= 0).any():
        return exact, False
    by_end = _by_end(dataset)
    found = np.array([_ending(name, by_end) for name in ids], dtype=np.int64)
    hits = found[found >= 0]
    return (found, True) if len(hits) and len(np.unique(hits)) == len(hits) else (exact, False)


def _by_end(dataset: Dataset) -> dict[str, int]:
    """Every ending of an id at a slash, with the file's ending and without → its index; −1 where several end so."""
    found: dict[str, int] = {}
    for i, name in enumerate(dataset.sample_ids.tolist()):
        parts = name.split("/")
        for start in range(len(parts)):
            end = "/".join(parts[start:])
            for text in dict.fromkeys((end, posixpath.splitext(end)[0])):
                found[text] = -1 if text in found else i
    return found


def _ending(name: str, by_end: dict[str, int]) -> int:
    """The longest ending of a path that the data know."""
    parts = name.replace("\\", "/").split("/")
    for start in range(len(parts)):
        end = "/".join(parts[start:])
        if end in by_end:
            return by_end[end]
    return -1


def _counted(version: Predictions, dataset: Dataset, index: Ints) -> list[str]:
    unknown = version.sample_ids[index < 0].tolist()
    answered = np.zeros(len(dataset), dtype=bool)
    answered[index[index >= 0]] = True
    missing = dataset.test[~answered[dataset.test]]
    found = []
    if unknown:
        ids = count(len(unknown), "sample id is", "sample ids are")
        found.append(f"{ids} not in the data and left out ({quoted(unknown, 3)}).")
    if len(missing):
        names = np.asarray(dataset.sample_ids)[missing[:3]].tolist()
        samples = count(len(missing), "sample")
        found.append(f"{samples} of the data's test part without an answer ({quoted(names)}).")
    return found


def _filled(version: Predictions, own: Ints, dataset: Dataset, index: Ints) -> tuple[tuple[str, ...], Ints]:
    """The version's labels, and the data's where it has none."""
    names = tuple(dict.fromkeys([*version.label_names, *dataset.class_names]))
    position = {name: i for i, name in enumerate(names)}
    lookup = np.array([position[name] for name in dataset.class_names], dtype=np.int64)
    return names, np.where(own < 0, lookup[dataset.labels[index]], own)
