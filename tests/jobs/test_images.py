"""Jobs over image folders and manifests as people have them: odd files, validation folders, vanished images."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mpt_studio import jobs
from mpt_studio.__main__ import main
from mpt_studio.compare import compare, read_metadata
from mpt_studio.data import Dataset, open_dataset, training_split
from mpt_studio.data.dataset import describe
from mpt_studio.errors import UserError
from mpt_studio.events import Note
from mpt_studio.predictions import read_predictions
from mpt_studio.recipe import Model, Training, UpdateRecipe

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from odd_files import bad_files, good_odd_files

TINY = Training(epochs=1, learning_rate=0.05, precision="fp32", device="cpu", batch_size=64)
SHADES = {"dark": 30, "grey": 120, "light": 210}


def paint(root: Path, part: str, name: str, images: int) -> None:
    folder = root / part / name
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(images):
        Image.new("RGB", (16, 16), (SHADES[name] + i % 40, SHADES[name], i // 40)).save(folder / f"{i:04d}.png")


def session_in(store: Path) -> jobs.Session:
    from mpt_studio.store import Store

    return jobs.Session(Store(store))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for part, count in (("train", 20), ("val", 5), ("test", 6)):
        for name in SHADES:
            paint(tmp_path / "images", part, name, count)
    return tmp_path / "images"


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


def test_that_more_training_images_leave_old_answers_comparable(images: Path, tmp_path: Path) -> None:
    session = session_in(tmp_path / "store")
    result, _ = trained(session, f"folder:{images}")
    old, new = result["old"], result["candidates"][0]
    before = read_predictions(Path(new["predictions"]))
    paint(images, "train", "light", 25)
    data = open_dataset(f"folder:{images}")
    assert data.fingerprint != before.data_fingerprint
    assert data.part_fingerprint("test") == before.part_fingerprint
    moved = Path(shutil.copy(new["checkpoint"], tmp_path / "elsewhere.safetensors"))
    again, _ = jobs.evaluate(session, moved, f"folder:{images}")
    assert again.data_fingerprint == data.fingerprint
    assert len(compare(read_predictions(Path(old["predictions"])), again)) == 18
    assert len(jobs.compare_versions(session, old["run"], new["run"], f"folder:{images}")) == 18
    paint(images, "test", "light", 7)
    with pytest.raises(UserError, match="are of other data"):
        jobs.compare_versions(session, old["predictions"], new["predictions"], f"folder:{images}")


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


def test_that_inspect_writes_the_list_of_skipped_images(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (images / "train" / "dark" / "torn, and odd.png").write_bytes(b"")
    wanted = tmp_path / "lists" / "skipped.csv"
    assert main(["inspect", str(images), "--skipped", str(wanted), "--json", "--store", str(tmp_path / "store")]) == 0
    record = json.loads(capsys.readouterr().out)
    assert wanted.read_text(encoding="utf-8").splitlines() == [
        "sample_id,reason",
        '"train/dark/torn, and odd.png",empty file',
    ]
    assert Path(record["skipped_file"]).read_bytes() == wanted.read_bytes()
    assert (record["kind"], record["skipped_count"]) == ("images", 1)
    (images / "train" / "dark" / "torn, and odd.png").unlink()
    assert main(["inspect", str(images), "--json", "--store", str(tmp_path / "store")]) == 0
    assert json.loads(capsys.readouterr().out)["skipped_file"] == ""
    assert not Path(record["skipped_file"]).exists()


def test_that_inspect_knows_a_manifest_and_refuses_a_list_of_what_has_none(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"{file.relative_to(tmp_path).as_posix()},{file.parent.name}" for file in images.rglob("*.png")]
    (tmp_path / "list.csv").write_text("\n".join(["path,label", *lines]), encoding="utf-8")
    assert main(["inspect", str(tmp_path / "list.csv"), "--json", "--store", str(tmp_path / "store")]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["kind"], record["samples"], record["spec"]) == ("images", 93, f"manifest:{tmp_path / 'list.csv'}")
    file = str(images / "test" / "dark" / "0000.png")
    assert main(["inspect", file, "--skipped", str(tmp_path / "x.csv"), "--store", str(tmp_path / "store")]) == 1
    assert "has no list of skipped images" in capsys.readouterr().err


def test_that_a_description_stays_short_where_thousands_are_skipped(images: Path) -> None:
    for i in range(1200):
        (images / "train" / "dark" / f"empty{i}.png").write_bytes(b"")
    record = describe(open_dataset(f"folder:{images}"))
    assert (record["skipped_count"], len(record["skipped"])) == (1200, 1000)
