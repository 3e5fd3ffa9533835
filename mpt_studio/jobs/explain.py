"""Why versions answer as they do: saliency, nearest training images, a map of the features.

Results are small JSON values and paths of arrays. All are kept in the store beside the version's predictions, under the
hashes of weights and data, and are read from there the next time; torch is imported only where something is computed.
An exception raised from the session's progress cancels and leaves no half-written file.

Shape letters: D features, N samples of a part, S side of a version's input in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.lib.format import open_memmap

from mpt_studio import paths
from mpt_studio.data import Dataset
from mpt_studio.data.dataset import Indices, Part
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.plain import json_in
from mpt_studio.jobs.session import Session
from mpt_studio.jobs.subject import Array, Subject, read_array, subjects_of, write_array, write_json
from mpt_studio.jobs.warm import Warm
from mpt_studio.store.disk import written_to

Method = Literal["pca", "umap"]
NEIGHBOURS = 8


def load(
    session: Session, checkpoints: Sequence[Path], spec: str, *, device: str = "auto", warm: Warm
) -> dict[str, Any]:
    """Open data and networks ahead of the first question, which then need not wait for them (and for torch)."""
    subjects = subjects_of(session, checkpoints, spec, device, warm)
    for subject in subjects:
        warm.probe(subject.checkpoint, device)
    return {"versions": [subject.describe() for subject in subjects]}


def saliency(
    session: Session,
    checkpoints: Sequence[Path],
    spec: str,
    sample: str,
    *,
    classes: Sequence[str] = (),
    device: str = "auto",
    warm: Warm | None = None,
) -> dict[str, Any]:
    """Where versions look on one sample: for the class that each answers, the true class, and ``classes``.

    Returns {"sample", "truth", "versions": [{"checkpoint", "sha256", "answer", "input_size", "image_box", "maps":
    [{"class", "logit", "probability", "is_empty", "path"}]}]}. A path is an (S, S) float16 .npy in 0…1; it covers the
    part ``image_box`` = [left, top, right, bottom] of the image, in fractions. A class that a version does not know has
    no map. Raises ``UserError``.
    """
    subjects = subjects_of(session, checkpoints, spec, device, warm)
    data = subjects[0].dataset
    index = _index(data, sample)
    truth = data.class_names[data.labels[index]]
    versions = [_saliency_of(subject, index, [truth, *classes]) for subject in subjects]
    return {"sample": sample, "truth": truth, "versions": versions}


def neighbours(
    session: Session,
    checkpoints: Sequence[Path],
    spec: str,
    samples: Sequence[str],
    *,
    k: int = NEIGHBOURS,
    all_classes: bool = False,
    device: str = "auto",
    warm: Warm | None = None,
) -> dict[str, Any]:
    """The training images closest to samples under each version's own features, by cosine, without the sample itself.

    Only images of classes that the version knows are looked at, unless ``all_classes``. Returns {"versions":
    [{"checkpoint", "sha256", "neighbours": {sample: [{"sample", "label", "similarity"}]}}]}. The first call for a
    version reads the features of the whole training part. Raises ``UserError``.
    """
    subjects = subjects_of(session, checkpoints, spec, device, warm)
    indices = {sample: _index(subjects[0].dataset, sample) for sample in samples}
    if k < 1:
        raise UserError("At least one neighbour has to be asked for.")
    found = [_neighbours_of(subject, list(indices.values()), k, all_classes) for subject in subjects]
    return {
        "versions": [
            {**subject.describe(), "neighbours": {sample: of[i] for sample, i in indices.items()}}
            for subject, of in zip(subjects, found, strict=True)
        ]
    }


def features_map(
    session: Session,
    checkpoint: Path,
    spec: str,
    *,
    part: Part = "test",
    method: Method = "pca",
    device: str = "auto",
    warm: Warm | None = None,
) -> dict[str, Any]:
    """A part of the data on a plane, by a version's features; rows are in the order of the part's predictions.

    Returns {"points": path of an (N, 2) float32 .npy, "features": path of the (N, D) features, "samples": N,
    "explained": shares of the variance along both axes or null, "method", "part"}. Raises ``UserError``.
    """
    (subject,) = subjects_of(session, [checkpoint], spec, device, warm)
    if method not in ("pca", "umap"):
        raise UserError(f"There is no map {one_sentence(str(method), 40)!r}; use pca or umap.")
    path = subject.folder / f"map_{part}_{method}.npy"
    explained = json_in(path.with_suffix(".json"))
    if not explained or read_array(path, len(subject.dataset.part(part))) is None:
        explained = {"explained": _write_map(subject, part, method, path)}
        write_json(path.with_suffix(".json"), explained)
    common = {"samples": len(subject.dataset.part(part)), "method": method, "part": part}
    return {"points": str(path), "features": str(_features_path(subject, part)), **explained, **common}


def _index(dataset: Dataset, sample: str) -> int:
    index = dataset.index_of.get(sample)
    if index is None:
        raise UserError(f"The data {dataset.spec} have no sample {one_sentence(sample, 80)!r}.")
    return index


def _saliency_of(subject: Subject, index: int, classes: Sequence[str]) -> dict[str, Any]:
    folder = subject.folder / "saliency"
    record = json_in(folder / f"{index}.json")
    known = set(subject.checkpoint.class_names)
    wanted = {name for name in classes if name in known}
    if not record or not _has_maps(subject, index, record, wanted):
        record = _look(subject, index, wanted, folder)
    maps = [
        {"class": name, **entry, "path": str(folder / _map_name(subject, index, name))}
        for name, entry in record["maps"].items()
        if name in wanted | {record["answer"]}
    ]
    return {**subject.describe(), **record, "maps": maps}


def _has_maps(subject: Subject, index: int, record: dict[str, Any], wanted: set[str]) -> bool:
    files = (subject.folder / "saliency" / _map_name(subject, index, name) for name in wanted | {record["answer"]})
    return wanted <= set(record["maps"]) and all(read_array(f, record["input_size"]) is not None for f in files)


def _look(subject: Subject, index: int, wanted: set[str], folder: Path) -> dict[str, Any]:
    """Compute and keep the maps of the wanted classes and of the answer; what was known before stays."""
    probe = subject.warm.probe(subject.checkpoint, subject.device)
    names, size = subject.checkpoint.class_names, probe.size
    image = subject.dataset.batch(np.array([index]), probe.fit.asked)[0]
    subject.session.progress("Looking where the versions look", None)
    found = probe.saliency(image, sorted(names.index(name) for name in wanted), with_answer=True)
    answer = names[int(found.logits.argmax())]
    odds = np.exp(found.logits - found.logits.max())
    entries = dict(json_in(folder / f"{index}.json").get("maps", {}))
    for column, seen in zip(found.columns, found.maps, strict=True):
        entries[names[column]] = {
            "logit": float(found.logits[column]),
            "probability": float(odds[column] / odds.sum()),
            "is_empty": not seen.any(),
        }
        write_array(folder / _map_name(subject, index, names[column]), seen.astype(np.float16))
    box = list(probe.fit.seen(*subject.dataset.sides(index)))
    record = {"answer": answer, "input_size": size, "image_box": box, "maps": entries}
    write_json(folder / f"{index}.json", record)
    return record


def _map_name(subject: Subject, index: int, name: str) -> str:
    return f"{index}_{subject.checkpoint.class_names.index(name)}.npy"


def _features_path(subject: Subject, part: Part) -> Path:
    """The (N, D) features of a part, in its order; they are computed where they do not exist yet."""
    path = subject.folder / f"features_{part}.npy"
    indices = subject.dataset.part(part)
    if read_array(path, len(indices)) is None:
        if not len(indices):
            raise UserError(f"The data {subject.dataset.spec} have no {part} images.")
        probe = subject.warm.probe(subject.checkpoint, subject.device)
        with written_to(path):
            paths.replace_file(path, lambda temporary: _fill(probe, subject, indices, temporary))
    return path


def _fill(probe: Any, subject: Subject, indices: Indices, path: Path) -> None:
    def allocate(shape: tuple[int, int], dtype: np.dtype[Any]) -> Array:
        made: Array = open_memmap(path, mode="w+", dtype=dtype, shape=shape)
        return made

    found = probe.features(subject.dataset, indices, allocate=allocate, progress=subject.session.progress)
    found.flush()


def _neighbours_of(subject: Subject, indices: Sequence[int], k: int, all_classes: bool) -> dict[int, Any]:
    """For each sample, its neighbours, closest first."""
    folder = subject.folder / "neighbours"
    names = {index: folder / f"{index}_{k}{'_all' if all_classes else ''}.json" for index in indices}
    found = {index: json_in(path) for index, path in names.items()}
    missing = [index for index, record in found.items() if not record]
    for index, record in zip(missing, _search(subject, missing, k, all_classes) if missing else [], strict=True):
        write_json(names[index], record)
        found[index] = record
    return {index: record["neighbours"] for index, record in found.items()}


def _search(subject: Subject, indices: list[int], k: int, all_classes: bool) -> list[dict[str, Any]]:
    from mpt_studio.engine.explain import nearest

    data, known = subject.dataset, set(subject.checkpoint.class_names)
    features = np.load(_features_path(subject, "train"), mmap_mode="r")
    probe = subject.warm.probe(subject.checkpoint, subject.device)
    asked = probe.features(data, np.array(indices, dtype=np.int64))
    is_known = np.array([all_classes or name in known for name in data.class_names])
    rows, similarities = nearest(
        features,
        asked,
        k + 1,  # one of them may be the sample itself
        allowed_N=is_known[data.labels[data.train]],
        device=str(probe.device),
        progress=subject.session.progress,
    )
    answers = zip(indices, data.train[rows], similarities, strict=True)
    return [{"neighbours": _named(data, i, found, near)[:k]} for i, found, near in answers]


def _named(data: Dataset, index: int, found: Indices, similarities: Array) -> list[dict[str, Any]]:
    return [
        {
            "sample": str(data.sample_ids[i]),
            "label": data.class_names[data.labels[i]],
            "similarity": round(float(similarity), 6),
        }
        for i, similarity in zip(found.tolist(), similarities, strict=True)
        if i != index
    ]


def _write_map(subject: Subject, part: Part, method: Method, path: Path) -> list[float] | None:
    from mpt_studio.engine.explain import principal_components, umap

    features = np.load(_features_path(subject, part), mmap_mode="r")
    plane = (principal_components if method == "pca" else umap)(features, subject.session.progress)
    write_array(path, plane.points)
    return None if plane.explained is None else list(plane.explained)
