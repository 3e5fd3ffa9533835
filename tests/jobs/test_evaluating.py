"""Versions that exist already: what they are, their answers on data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mpt_studio import jobs
from mpt_studio.__main__ import main
from mpt_studio.compare import compare
from mpt_studio.data import open_dataset
from mpt_studio.errors import UserError
from mpt_studio.predictions import read_predictions

from .conftest import paint, session_in
from .test_images import trained


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


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_that_no_accuracy_is_made_of_answers_that_are_not_finite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], odd: float
) -> None:
    logits = np.array([[1.0, 0.0], [odd, 0.0]], dtype=np.float32)
    names, ids = np.array(["ant", "bee"]), np.array(["a", "b"])
    np.savez(tmp_path / "p.npz", sample_ids=ids, labels=np.array([0, 1]), logits=logits, class_names=names)
    assert main(["inspect", str(tmp_path / "p.npz"), "--store", str(tmp_path / "store")]) == 1
    told = capsys.readouterr()
    assert "accuracy" not in told.out
    assert "not finite in 1 of 2 samples (such as 'b')" in told.err
