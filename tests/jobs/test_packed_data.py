"""Images in shards and in Parquet do what the same images do in a folder."""

from __future__ import annotations

import dataclasses
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from mpt_studio import jobs
from mpt_studio.data import Dataset, open_dataset
from mpt_studio.recipe import Model, Recipe

from .conftest import PER_CLASS, TINY, session_in

TRAINING = dataclasses.replace(TINY, epochs=2, limit_train=0, validation_fraction=0.0)


def as_shards(data: Dataset, root: Path) -> str:
    """The same images in the same order, two shards for training."""
    root.mkdir()
    for name, rows in (("train-0", data.train[:7]), ("train-1", data.train[7:]), ("test-0", data.test)):
        with tarfile.open(root / f"{name}.tar", "w") as archive:
            for row in rows:
                image, label = data.file_of(row).read_bytes(), data.class_names[data.labels[row]].encode()
                for ending, content in (("png", image), ("cls", label)):
                    info = tarfile.TarInfo(f"{row:04}.{ending}")
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
    return f"shards:{root}"


def as_table(data: Dataset, root: Path) -> str:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    root.mkdir()
    for name, rows in (("train", data.train), ("test", data.test)):
        images = [{"bytes": data.file_of(row).read_bytes(), "path": None} for row in rows]
        kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        labels = [data.class_names[data.labels[row]] for row in rows]
        table = pa.table({"image": pa.array(images, kind), "label": labels})
        parquet.write_table(table, root / f"{name}.parquet", row_group_size=4)
    return f"parquet:{root}"


def trained(spec: str, store: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The weights, and the answers to the test part."""
    session = session_in(store)
    run = jobs.train(
        session,
        jobs.start_train(
            session.store, Recipe(data=spec, model=Model(image_size=16), training=TRAINING), open_dataset(spec)
        ).id,
    )
    assert run.checkpoint is not None
    answers = run.predictions("test")
    return load_file(run.checkpoint), np.load(answers / "logits.npy")


@pytest.mark.parametrize("packed", [as_shards, as_table])
def test_that_the_same_images_packed_train_to_the_same_bits(packed, data: str, tmp_path: Path) -> None:
    spec = packed(open_dataset(data), tmp_path / "packed")
    weights, logits = trained(data, tmp_path / "a")
    others, other_logits = trained(spec, tmp_path / "b")
    assert all(np.array_equal(weights[name], others[name]) for name in weights)
    assert np.array_equal(logits, other_logits)


@pytest.mark.parametrize("packed", [as_shards, as_table])
def test_that_packed_images_are_inspected_by_their_path_alone(packed, data: str, tmp_path: Path) -> None:
    packed(open_dataset(data), tmp_path / "packed")
    found = jobs.inspect(session_in(tmp_path / "store"), tmp_path / "packed")
    assert found["kind"] == "images"
    assert found["train"] == 3 * PER_CLASS["train"]
    assert [each["test"] for each in found["classes"]] == [PER_CLASS["test"]] * 3


@pytest.mark.parametrize(("packed", "one"), [(as_shards, ""), (as_table, ""), (as_table, "train.parquet")])
def test_that_an_old_models_classes_are_compared_with_those_of_packed_images(
    packed, one: str, data: str, old: Path, tmp_path: Path
) -> None:
    kind, _, root = packed(open_dataset(data), tmp_path / "packed").partition(":")
    for name in (str(Path(root, one)), f"{kind}:{Path(root, one)}"):
        found = jobs.diagnose_versions(session_in(tmp_path / "store"), str(old), name)
        assert found["new_classes"] == ["ant", "bee", "cat"]
        assert found["blocked"] is False
