"""Comparing versions by name: predictions of any origin, class maps that are kept, the doctor's table."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mpt_studio import jobs
from mpt_studio.__main__ import main
from mpt_studio.compare import ClassMap, record_of
from mpt_studio.data import open_dataset
from mpt_studio.errors import UserError
from mpt_studio.jobs.old_model import names_on_data
from mpt_studio.predictions import write_predictions
from mpt_studio.store import Store

from .conftest import NAMES, TINY


def written(path: Path, *rows: tuple[object, ...]) -> str:
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return str(path)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    """Two versions of three samples: the old one's names are spelled otherwise, and it has a "kitty"."""
    old = written(tmp_path / "old.csv", ("id", "label", "y_pred"), ("1", "Kitty", "Kitty"), ("2", "DOG", "DOG"))
    new = written(tmp_path / "new.csv", ("id", "label", "cat", "dog"), ("2", "dog", 2, 1), ("1", "cat", 3, 0))
    return old, new


def test_that_an_unexplained_class_blocks_until_a_map_explains_it_and_the_map_is_kept(
    session: jobs.Session, pair: tuple[str, str]
) -> None:
    with pytest.raises(UserError, match="1 of the old model's classes without a counterpart in the update: Kitty"):
        jobs.compare_versions(session, *pair)
    first = jobs.compare_versions(session, *pair, class_map=ClassMap((("Kitty", "cat"),)))
    again = jobs.compare_versions(session, *pair)
    assert record_of(first) == record_of(again)
    assert (first.rates("all").both_right, first.rates("all").negative_flips) == (1, 1)
    assert isinstance(again.columns.truth.base, np.memmap)  # kept on disk
    table = jobs.diagnose_versions(session, *pair)
    assert (table["blocked"], table["class_map"]) == (False, [["Kitty", "cat"]])
    assert [(row["old"], row["kind"]) for row in table["rows"]] == [("DOG", "respelled"), ("Kitty", "mapped")]


def test_that_the_window_can_set_a_map_and_take_it_back(session: jobs.Session, pair: tuple[str, str]) -> None:
    found = jobs.set_class_map(session, *pair, [["Kitty", ""]])
    assert not found["blocked"]
    assert [row["kind"] for row in found["rows"]] == ["respelled", "dropped", "added"]
    assert jobs.set_class_map(session, *pair, [])["unexplained"] == ["Kitty"]
    for odd in ([["Kitty"]], [["Kitty", "cat"], ["Kitty", "dog"]], [3]):
        with pytest.raises(UserError):
            jobs.set_class_map(session, *pair, odd)


def test_that_numbers_are_given_names_by_a_list(session: jobs.Session, tmp_path: Path, pair: tuple[str, str]) -> None:
    old = written(tmp_path / "numbers.csv", ("id", "label", "logits_0", "logits_1"), ("1", 1, 0, 2), ("2", 0, 2, 0))
    with pytest.raises(UserError, match=r"classes are numbers \(0, 1\) and the update's are names"):
        jobs.compare_versions(session, old, pair[1])
    found = jobs.compare_versions(session, old, pair[1], old_classes=("dog", "cat"))
    assert found.rates("all").both_right == 1
    (folder,) = [f for f in (tmp_path / "store").iterdir() if f.name == "comparisons"]
    with pytest.raises(UserError, match="names its classes itself"):
        jobs.compare_versions(session, str(_saved(tmp_path, found.old)), pair[1], old_classes=("dog", "cat"))
    assert folder.is_dir()


def _saved(folder: Path, predictions: Any) -> Path:
    write_predictions(predictions, folder / "saved")
    return folder / "saved"


def test_that_the_data_give_the_truth_and_refuse_predictions_of_others(
    session: jobs.Session, finished_update: Any, tmp_path: Path
) -> None:
    trained, result, _ = finished_update
    from mpt_studio.predictions import read_predictions

    new = read_predictions(Path(result["candidates"][0]["predictions"]))
    rows = [(name, new.class_names[answer]) for name, answer in zip(new.sample_ids, new.predicted, strict=True)]
    silent = written(tmp_path / "silent.csv", ("id", "prediction"), *rows[::-1])
    old = result["old"]["predictions"]
    whole = jobs.compare_versions(trained, old, result["candidates"][0]["predictions"])
    listed = jobs.compare_versions(trained, old, silent, new_classes=new.class_names)
    for found in (jobs.compare_versions(trained, old, silent, "builtin"), listed):
        assert found.rates("all").negative_flips == whole.rates("all").negative_flips
        assert found.rates("old_classes").both_right == whole.rates("old_classes").both_right
        assert record_of(found)["scores"] == {"old": "logits", "new": "answers"}
    with pytest.raises(UserError, match="neither version tell the true classes"):
        jobs.compare_versions(session, silent, silent)
    other = written(tmp_path / "other.csv", ("id", "prediction"), ("elsewhere", "A"))
    with pytest.raises(UserError, match="predictions other are of other data than builtin: no sample id fits"):
        jobs.compare_versions(trained, old, other, "builtin")


def test_that_permuted_and_respelled_label_lists_give_the_flips_of_the_plain_pair(
    finished_update: Any, tmp_path: Path
) -> None:
    trained, result, _ = finished_update
    from mpt_studio.predictions import read_predictions

    old, new = (read_predictions(Path(row["predictions"])) for row in (result["old"], result["candidates"][1]))
    turned = dataclasses.replace(
        old, class_names=tuple(f" {name.lower()}_" for name in old.class_names[::-1]), logits=old.logits[:, ::-1].copy()
    )
    write_predictions(turned, tmp_path / "turned")
    plain = jobs.compare_versions(trained, result["old"]["predictions"], result["candidates"][1]["predictions"])
    found = jobs.compare_versions(trained, str(tmp_path / "turned"), result["candidates"][1]["predictions"])
    assert np.array_equal(found.kinds, plain.kinds)
    assert np.array_equal(found.margin_drop, plain.margin_drop, equal_nan=True)
    assert [found.rates(s) for s in ("all", "old_classes")] == [plain.rates(s) for s in ("all", "old_classes")]  # type: ignore[arg-type]
    assert len(new) == len(found)


def test_that_the_old_models_names_are_held_against_the_data(tmp_path: Path, finished_update: Any) -> None:
    from mpt_studio.data import open_dataset

    data, store = open_dataset("builtin"), Store(tmp_path / "store")
    names = data.class_names
    assert names_on_data((names[3].lower(), names[1]), data, store) == (names[3], names[1])
    with pytest.raises(UserError, match=r"without a counterpart in the data: Σ.*classes OLD DATA --class-map"):
        names_on_data((names[0], "Σ"), data, store)


def command(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(words)
    return code, *capsys.readouterr()


def test_that_the_commands_show_the_table_and_take_a_map(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, pair: tuple[str, str]
) -> None:
    store = ("--store", str(tmp_path / "store"))
    code, out, _ = command(capsys, "classes", *pair, *store)
    assert code == 1
    assert "Kitty      " in out
    assert "without a counterpart in the update: Kitty" in out
    assert command(capsys, "compare", *pair, *store)[0] == 1
    (tmp_path / "map.txt").write_text("Kitty -> cat\n")
    code, out, _ = command(capsys, "classes", *pair, "--class-map", str(tmp_path / "map.txt"), "--json", *store)
    assert (code, json.loads(out)["blocked"]) == (0, False)
    code, out, _ = command(capsys, "compare", *pair, *store)
    assert code == 0
    assert "Renamed by the class map: Kitty → cat." in out
    assert "not available: margin drop, old confidence, old margin, fusion." in out
    code, _, err = command(capsys, "compare", *pair, "--class-map", pair[0], *store)
    assert code == 1
    assert err.startswith("old.csv, line 1: 'id,label,y_pred' is neither")
    code, out, _ = command(capsys, "classes", pair[1], "builtin", *store)
    assert code == 1


def test_that_an_update_of_an_old_model_with_other_names_waits_for_a_map_and_then_finds_the_same_flips(
    finished_update: Any, session: jobs.Session, tmp_path: Path
) -> None:
    from mpt_studio.checkpoint import read_checkpoint
    from mpt_studio.engine.networks.weights import load_network, save_network
    from mpt_studio.recipe import UpdateRecipe

    _, result, _ = finished_update
    own = read_checkpoint(Path(result["old"]["checkpoint"]))
    theirs = dataclasses.replace(own, class_names=tuple(f"digit {name}" for name in own.class_names), run="")
    save_network(tmp_path / "theirs.safetensors", load_network(own).state_dict(), theirs)
    recipe = UpdateRecipe(data="builtin", methods="none", old=str(tmp_path / "theirs.safetensors"), training=TINY)
    with pytest.raises(UserError, match="10 of the old model's classes without a counterpart in the data: digit 0"):
        jobs.check_update(session, recipe)
    pairs = [(f"digit {name}", name) for name in own.class_names]
    assert not jobs.set_class_map(session, recipe.old, "builtin", pairs)["blocked"]
    found = jobs.run_update(session, jobs.start_update(session.store, recipe).id, jobs.check_update(session, recipe))
    assert found is not None
    assert found["old"]["all"] == result["old"]["all"]
    assert found["data"]["old_classes"] == result["data"]["old_classes"]
    for subset in ("all", "old_classes", "new_classes"):
        assert found["candidates"][0][subset] == result["candidates"][0][subset]


def test_that_an_old_models_answers_to_more_than_the_test_part_are_compared_on_the_test_part(
    session, data, update, tmp_path
) -> None:
    """Its answers to the training images are there for updates to learn from."""
    dataset = open_dataset(data)
    truth = [dataset.class_names[label] for label in dataset.labels]
    rows = zip(dataset.sample_ids, truth, ["bee"] * len(truth), strict=True)
    table = written(tmp_path / "deployed.csv", ("id", "label", "prediction"), *rows)
    lists = {"old_classes": NAMES}
    found = jobs.compare_versions(session, table, str(update), data, **lists)
    assert sorted(found.sample_ids.tolist()) == sorted(dataset.sample_ids[dataset.test].tolist())
    assert not found.matching.sentences()
    assert f"{len(dataset.train):,} samples are of other parts" in found.old.notes[-1]
    both = jobs.compare_versions(session, table, table, data, **lists, new_classes=NAMES)
    assert len(both) == len(dataset.test)
    alone = jobs.compare_versions(session, table, table, **lists, new_classes=NAMES)
    assert len(alone) == len(dataset)  # nothing says what a test part would be
