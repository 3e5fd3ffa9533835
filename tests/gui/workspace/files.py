"""Small files to open: predictions of two classes, checkpoints of ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mpt_studio.checkpoint import Checkpoint, Preprocessing
from mpt_studio.predictions import Predictions, write_predictions
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store import Store, Update

NAMES = ("cat", "dog")


def answers(logits: list[list[float]], version: str = "") -> Predictions:
    ids = np.array([f"test/{i}" for i in range(len(logits))])
    labels = np.zeros(len(logits), np.int64)
    return Predictions(ids, labels, NAMES, np.array(logits, np.float32), NAMES, version=version)


RIGHT, WRONG = [2.0, 0.0], [0.0, 1.0]


def saved(folder: Path, logits: list[list[float]], version: str) -> Path:
    write_predictions(answers(logits, version), folder)
    return folder


def checkpoint(path: Path, role: str = "", method: str = "MPT_KL") -> Path:
    from safetensors.numpy import save_file

    made = Checkpoint(
        architecture="small",
        small_stem=True,
        class_names=NAMES,
        preprocessing=Preprocessing(image_size=8, mean=(0, 0, 0), std=(1, 1, 1)),
        role=role,
        method=method,
    )
    save_file({"w": np.zeros(1, np.float32)}, path, metadata=made.header())
    return path


def finished_update(store: Store, folder: Path, title: str = "mine") -> Update:
    """An update with an old model, plain training and the recommended MPT_KL, on data that are nowhere."""
    update = store.create_update(UpdateRecipe(data="nowhere"), title=title)
    rows = {
        name: saved(folder / name, rows, name)
        for name, rows in (("old", [RIGHT, RIGHT]), ("plain", [WRONG, RIGHT]), ("mpt", [RIGHT, RIGHT]))
    }
    result = {
        "data": {"spec": "nowhere"},
        "old": {"label": "Old model", "run": "r0", "checkpoint": "", "predictions": str(rows["old"])},
        "candidates": [
            {
                "method": "No_Treatment",
                "label": "No_Treatment",
                "role": "reference",
                "run": "r1",
                "predictions": str(rows["plain"]),
            },
            {"method": "MPT_KL", "label": "MPT_KL", "role": "candidate", "run": "r2", "predictions": str(rows["mpt"])},
        ],
        "recommended": {"run": "r2", "reason": "because"},
    }
    with store.write_update(update.id) as writer:
        writer.finish("done", "", result)
    return update
