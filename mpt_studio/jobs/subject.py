"""A version over a data set, and the files in which what was found out about the pair is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio import paths
from mpt_studio.checkpoint import Checkpoint
from mpt_studio.data import Dataset
from mpt_studio.errors import UserError
from mpt_studio.jobs.read_weights import checkpoint_of
from mpt_studio.jobs.session import Session
from mpt_studio.jobs.warm import Warm
from mpt_studio.store.disk import written_to

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Subject:
    """A version over a data set, and the folder where what is known about the pair is kept."""

    session: Session
    warm: Warm
    checkpoint: Checkpoint
    dataset: Dataset
    device: str

    @property
    def folder(self) -> Path:
        sha256 = self.warm.sha256(self.checkpoint)
        return self.session.store.evaluation_folder(sha256, self.dataset.fingerprint) / "explain"

    def describe(self) -> dict[str, Any]:
        return {"checkpoint": self.checkpoint.path, "sha256": self.warm.sha256(self.checkpoint)}


def subjects_of(
    session: Session, checkpoints: Sequence[Path], spec: str, device: str, warm: Warm | None
) -> list[Subject]:
    """Versions over one data set. Raises ``UserError``."""
    warm = warm or Warm()
    if not checkpoints:
        raise UserError("No version is named.")
    dataset = warm.dataset(spec, session.progress)
    described = [checkpoint_of(session, Path(path), data_classes=dataset.class_names) for path in checkpoints]
    return [Subject(session, warm, checkpoint, dataset, device) for checkpoint in described]


def write_json(path: Path, record: dict[str, Any]) -> None:
    with written_to(path):
        paths.write_text(path, json.dumps(record, ensure_ascii=False), durable=False)


def read_array(path: Path, rows: int) -> Array | None:
    """Memory-mapped; None where it is missing, damaged or of another length: it is made again."""
    try:
        found: Array = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return found if found.ndim == 2 and len(found) == rows else None


def write_array(path: Path, values: Array) -> None:
    with written_to(path):
        paths.write_array(path, values, durable=False)
