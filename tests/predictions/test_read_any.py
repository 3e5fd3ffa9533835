"""Opening predictions of any origin: lists beside them, the cache of imports, what is taken for predictions."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpt_studio.errors import UserError
from mpt_studio.predictions import is_predictions, read_predictions

from .conftest import by_id, write
from .test_csv_file import HEADER, ROWS


def test_that_what_is_not_there_or_of_another_kind_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        read_predictions(tmp_path / "nothing.npz")
    with pytest.raises(UserError, match="neither a predictions folder nor"):
        read_predictions(tmp_path / "nothing.txt")
    with pytest.raises(UserError, match=r"meta\.json is missing"):
        read_predictions(tmp_path)
    assert not is_predictions(tmp_path)
    assert not is_predictions(tmp_path / "nothing.npz")


def test_that_lists_beside_the_file_name_numbered_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "v.csv", [("id", "label", "logits_0", "logits_1"), ("a", 1, 0, 2)])
    (tmp_path / "classes.txt").write_text("one\ntwo\nthree\n")
    assert read_predictions(path).class_names == ("0", "1")  # another number of names
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    found = read_predictions(path)
    assert (found.class_names, found.label_names[found.labels[0]]) == (("cat", "dog"), "dog")
    assert "The class names are those of labels.txt beside the file." in found.notes
    (tmp_path / "v.classes.txt").write_text("dog\ncat\n")
    assert read_predictions(path).class_names == ("dog", "cat")


def test_that_tables_of_other_things_are_not_taken_for_predictions(tmp_path: Path) -> None:
    for header, row in (
        (("id", "camera", "brightness", "blur"), ("1", "front", 3, 4)),
        (("path", "label"), ("a.png", "cat")),
        (("path", "label", "width", "age"), ("a.png", "cat", 3, 4)),
        (("sample_id", "true_class", "old_answer", "margin_drop", "new_margin"), ("1", "a", "b", 1, 2)),
    ):
        assert not is_predictions(write(tmp_path / "t.csv", [header, row])), header
    assert is_predictions(write(tmp_path / "t.csv", [HEADER, *ROWS]))


def test_that_a_file_is_imported_once_and_anew_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))
    path = write(tmp_path / "v.csv", [HEADER, *ROWS])
    first = read_predictions(path)
    monkeypatch.setattr("mpt_studio.predictions.importing.to_predictions", None)  # it is not asked again
    (tmp_path / "other name.csv").write_bytes(path.read_bytes())
    again = read_predictions(tmp_path / "other name.csv")
    assert (by_id(again), again.version) == (by_id(first), "other name")
    monkeypatch.undo()
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))
    write(path, [HEADER, *ROWS[:1]])
    assert len(read_predictions(path)) == 1


def test_that_a_cache_that_cannot_be_written_only_costs_the_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "file"))
    assert len(read_predictions(write(tmp_path / "v.csv", [HEADER, *ROWS]))) == 2


def test_that_progress_is_told_and_may_cancel(tmp_path: Path) -> None:
    path = write(tmp_path / "v.csv", [HEADER, *((i, "cat", i, -i) for i in range(3000))])
    told: list[float | None] = []
    read_predictions(path, progress=lambda sentence, fraction: told.append(fraction))
    assert told

    def stop(sentence: str, fraction: float | None) -> None:
        raise KeyboardInterrupt

    write(path, [HEADER, *((i, "dog", i, -i) for i in range(3000))])
    with pytest.raises(KeyboardInterrupt):
        read_predictions(path, progress=stop)


def test_that_lists_that_disagree_name_nothing_and_are_noted(tmp_path: Path) -> None:
    path = write(tmp_path / "v.csv", [("id", "label", "logits_0", "logits_1"), ("a", 1, 0, 2)])
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    (tmp_path / "labels.json").write_text('["dog", "cat"]')
    found = read_predictions(path)
    assert found.class_names == ("0", "1")
    assert "classes.txt and labels.json beside it disagree, so none was used." in found.notes
