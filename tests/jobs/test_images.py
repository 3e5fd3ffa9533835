"""Jobs over image folders and manifests as people have them: odd files, validation folders, vanished images."""

from __future__ import annotations

import csv
import dataclasses
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mpt_studio import jobs
from mpt_studio.compare import compare, read_metadata
from mpt_studio.data import Dataset, open_dataset, training_split
from mpt_studio.data.dataset import describe
from mpt_studio.errors import UserError
from mpt_studio.events import Note
from mpt_studio.recipe import Model, Training, UpdateRecipe

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from odd_files import bad_files, good_odd_files

from .conftest import SHADES, paint, session_in

TINY = Training(epochs=1, learning_rate=0.05, precision="fp32", device="cpu", batch_size=64)


def trained(session: jobs.Session, spec: str) -> tuple[dict[str, Any], list[Any]]:
    heard: list[Any] = []
    recipe = UpdateRecipe(data=spec, old_classes="dark,grey", methods="none", training=TINY, model=Model(image_size=16))
    listening = dataclasses.replace(session, listen=lambda _, event: heard.append(event))
    dataset = jobs.check_update(listening, recipe)
    result = jobs.run_update(listening, jobs.start_update(session.store, recipe).id, dataset)
    assert result is not None
    return result, heard


def test_that_an_update_completes_over_a_thousand_good_and_sixty_odd_files(tmp_path: Path) -> None:
    root, bad = tmp_path / "images", list(bad_files())
    for name in SHADES:
        paint(root, "train", name, 260)
        paint(root, "test", name, 67)
    for i, (name, content) in enumerate(good_odd_files()):
        (root / ("train", "test")[i % 2] / "light" / f"odd_{name}").write_bytes(content)
    for i, (name, content, _) in enumerate(bad):
        (root / ("train", "test")[i % 2] / "grey" / f"bad_{name}").write_bytes(content)
    session = session_in(tmp_path / "store")
    result, heard = trained(session, f"folder:{root}")
    good = len(list(good_odd_files()))
    assert result["data"]["samples"] == 981 + good >= 1000
    assert result["data"]["skipped_count"] == len(bad) >= 60
    assert result["candidates"][0]["all"]["samples"] == 201 + good // 2
    assert not result["failed"]
    (note,) = [event for event in heard if isinstance(event, Note) and event.level == "warning"]
    listed = Path(note.text.partition("; see ")[2].rstrip("."))
    rows = list(csv.DictReader(listed.open(encoding="utf-8", newline="")))
    assert len(rows) == len(bad)
    assert set(rows[0]) == {"sample_id", "reason"}


def test_that_a_validation_folder_validates_and_is_never_trained_on(images: Path) -> None:
    dataset = open_dataset(f"folder:{images}")
    train, validation = split(dataset)
    assert np.array_equal(train, dataset.train)
    assert np.array_equal(validation, dataset.validation)
    assert len(split(dataset, fraction=0.0)[1]) == 0


@pytest.mark.parametrize("limit", [10, 30, 74])
def test_that_a_limit_is_shared_out_between_training_and_validation_folders(images: Path, limit: int) -> None:
    dataset = open_dataset(f"folder:{images}")
    train, validation = split(dataset, limit=limit)
    assert len(train) + len(validation) == limit
    assert set(train.tolist()) <= set(dataset.train.tolist())
    assert set(validation.tolist()) <= set(dataset.validation.tolist())
    of_dark = split(dataset, limit=limit, classes=("dark",))
    assert set(of_dark[0].tolist()) <= set(train.tolist())
    assert set(of_dark[1].tolist()) <= set(validation.tolist())


def split(dataset: Dataset, fraction: float = 0.1, limit: int = 0, classes: tuple[str, ...] = tuple(SHADES)) -> Any:
    return training_split(dataset, classes=classes, seed=1, validation_fraction=fraction, limit=limit)


def test_that_an_update_runs_where_the_test_part_lacks_a_class(images: Path, tmp_path: Path) -> None:
    for file in (images / "test" / "grey").iterdir():
        file.unlink()
    result, heard = trained(session_in(tmp_path / "store"), f"folder:{images}")
    assert result["candidates"][0]["all"]["samples"] == 12
    assert any("Class 'grey' has no readable images in test/" in e.text for e in heard if isinstance(e, Note))


def test_that_data_without_a_training_part_are_refused_before_anything_is_put_on_disk(tmp_path: Path) -> None:
    for name in SHADES:
        paint(tmp_path / "images", "test", name, 3)
    session = session_in(tmp_path / "store")
    with pytest.raises(UserError, match="no training part"):
        trained(session, f"folder:{tmp_path / 'images'}")
    assert session.store.updates() == []


def test_that_an_image_that_vanishes_is_named_by_training_and_evaluation(images: Path, tmp_path: Path) -> None:
    session = session_in(tmp_path / "store")
    result, _ = trained(session, f"folder:{images}")
    checkpoint = Path(result["candidates"][0]["checkpoint"])
    warm = open_dataset(f"folder:{images}")
    (images / "val" / "dark" / "0000.png").unlink()
    with pytest.raises(UserError, match=r"val/dark/0000\.png in .* has vanished"):
        warm.batch(warm.validation, 16)
    paint(images, "test", "dark", 1)
    predictions, _ = jobs.evaluate(session, checkpoint, f"folder:{images}", part="validation")
    assert len(predictions) == 14


def test_that_metadata_of_a_manifest_join_every_sample(images: Path, tmp_path: Path) -> None:
    rows = [("path", "label", "split", "camera", "hour")]
    for i, file in enumerate(sorted(images.rglob("*.png"))):
        path = file.relative_to(tmp_path).as_posix()
        rows.append((path, file.parent.name, file.parents[1].name, f"cam {i % 3}", str(i)))
    with (tmp_path / "list.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    session = session_in(tmp_path / "store")
    spec = f"manifest:{tmp_path / 'list.csv'}"
    result, _ = trained(session, spec)
    assert result["data"]["metadata"] == ["camera", "hour"]
    answers = jobs.predictions_of(session, _checkpoint(result["candidates"][0]["checkpoint"]), open_dataset(spec))
    found = read_metadata(jobs.metadata_file(session.store, open_dataset(spec)), compare(answers, answers))
    assert (found.joined_by, found.matched, found.unmatched_samples) == ("sample id", 18, 0)
    assert found.facets == ["camera", "hour"]  # few different numbers are a facet, too


def _checkpoint(path: str) -> Any:
    from mpt_studio.checkpoint import read_checkpoint

    return read_checkpoint(Path(path))


def test_that_a_description_stays_short_where_thousands_are_skipped(images: Path) -> None:
    for i in range(1200):
        (images / "train" / "dark" / f"empty{i}.png").write_bytes(b"")
    record = describe(open_dataset(f"folder:{images}"))
    assert (record["skipped_count"], len(record["skipped"])) == (1200, 1000)
