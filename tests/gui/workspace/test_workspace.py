from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from mpt_studio import jobs
from mpt_studio.checkpoint import Checkpoint, Preprocessing
from mpt_studio.compare import Filter, Samples
from mpt_studio.flips import FlipKind
from mpt_studio.gui.beside.jobs import Job
from mpt_studio.gui.workspace import comparisons
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.predictions import Predictions
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store import Store

pytestmark = pytest.mark.gui
NAMES = ("cat", "dog")


def answers(logits: list[list[float]], version: str = "") -> Predictions:
    ids = np.array([f"test/{i}" for i in range(len(logits))])
    labels = np.zeros(len(logits), np.int64)
    return Predictions(ids, labels, NAMES, np.array(logits, np.float32), NAMES, version=version)


RIGHT, WRONG = [2.0, 0.0], [0.0, 1.0]


def saved(folder: Path, logits: list[list[float]], version: str) -> Path:
    answers(logits, version).save(folder)
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


class Worker:
    """Answers at once, in this process: the window's side of the worker without a process."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, []

    def request(self, job: str, args: dict, on_result=None, on_error=None, on_progress=None, title: str = "") -> Job:
        self.asked.append((job, args))
        made = Job(title)
        self.answer = lambda: (made.finish(), on_result({"predictions": str(self.folder), "spec": "builtin"}))
        return made


def test_that_two_predictions_become_old_and_candidate_with_their_negative_flips(
    empty_workspace: Workspace, tmp_path: Path
) -> None:
    old = saved(tmp_path / "a", [RIGHT, RIGHT, WRONG], "v1")
    new = saved(tmp_path / "b", [WRONG, RIGHT, RIGHT], "v2")
    empty_workspace.opening.open([old, new])
    assert [(v.label, v.role) for v in empty_workspace.versions] == [("v1", "old"), ("v2", "candidate")]
    assert empty_workspace.current.label == "v2"
    assert empty_workspace.rows.tolist() == [0]


def test_that_two_more_dropped_together_are_the_new_pair(workspace: Workspace, tmp_path: Path) -> None:
    old, new = saved(tmp_path / "a", [RIGHT], "v1"), saved(tmp_path / "b", [WRONG], "v2")
    workspace.opening.open([old, new])
    assert workspace.old.label == "v1"
    assert workspace.current.label == "v2"
    assert len(workspace.candidates) == 4


def test_that_the_header_s_old_model_is_old_whatever_the_order(empty_workspace: Workspace, tmp_path: Path) -> None:
    new, old = checkpoint(tmp_path / "b.safetensors"), checkpoint(tmp_path / "a.safetensors", role="old")
    empty_workspace.opening.open([new, old])
    assert empty_workspace.old.label == "a"


def test_that_checkpoints_without_data_ask_for_data_in_a_sentence(
    empty_workspace: Workspace, tmp_path: Path, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(empty_workspace.message) as heard:
        empty_workspace.opening.open([checkpoint(tmp_path / "a.safetensors")])
    assert heard.args[0] == "warning"
    assert "open the data" in heard.args[1]
    assert [v.label for v in empty_workspace.waiting_for_data] == ["a"]


def test_that_a_checkpoint_is_evaluated_once_on_the_open_data(workspace: Workspace, tmp_path: Path) -> None:
    rows = [[3.0, 0.0]] * 10
    ids = np.array([f"test/{i:02d}" for i in range(10)])
    made = Predictions(
        ids,
        workspace.old.predictions.labels,
        workspace.dataset.class_names,
        np.array(rows, np.float32),
        ("cat", "dog & <b>pup</b>"),
    )
    made.save(tmp_path / "answers")
    worker = workspace.worker = Worker(tmp_path / "answers")
    workspace.opening.open([checkpoint(tmp_path / "new.safetensors")])
    assert worker.asked == [("evaluate", {"checkpoint": str(tmp_path / "new.safetensors"), "data": "drawn"})]
    added = workspace.versions[-1]
    assert workspace.comparison(added.key) is None
    worker.answer()
    assert workspace.comparison(added.key).rates("all").samples == 8  # nobody knows the two foxes


def test_that_an_evaluation_of_a_closed_version_is_dropped(workspace: Workspace, tmp_path: Path) -> None:
    worker = workspace.worker = Worker(tmp_path)
    workspace.opening.open([checkpoint(tmp_path / "new.safetensors")])
    workspace.remove(workspace.versions[-1].key)
    worker.answer()
    assert [v.key for v in workspace.versions] == ["old", "plain", "mpt"]


def test_that_foreign_files_are_refused_with_a_sentence(
    empty_workspace: Workspace, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with qtbot.waitSignal(empty_workspace.message) as heard:
        empty_workspace.opening.open([tmp_path / "notes.txt"])
    assert heard.args[0] == "error"
    assert "notes.txt" in heard.args[1]
    assert empty_workspace.versions == []


def test_that_comparisons_are_computed_once(workspace: Workspace) -> None:
    assert workspace.comparison() is workspace.comparison("plain")


def test_that_versions_over_other_data_keep_a_reason(workspace: Workspace, tmp_path: Path) -> None:
    workspace.opening.open([saved(tmp_path / "other", [RIGHT], "elsewhere")])
    added = workspace.versions[-1]
    assert workspace.comparison(added.key) is None
    assert added.problem


def test_that_setting_another_old_model_exchanges_colours_and_comparisons(workspace: Workspace) -> None:
    before = workspace.comparison("mpt")
    color = workspace.version("plain").color
    workspace.set_old("plain")
    assert workspace.old.key == "plain"
    assert workspace.version("old").color == color
    assert workspace.old.color == -1
    assert workspace.comparison("mpt") is not before
    assert workspace.current.key == "old"


def test_that_labels_stay_unique(workspace: Workspace) -> None:
    workspace.rename("mpt", "plain")
    assert workspace.version("mpt").label == "plain (2)"
    workspace.rename("mpt", "  ")
    assert workspace.version("mpt").label == "plain (2)"


def test_that_samples_picked_in_one_comparison_do_not_filter_another(workspace: Workspace) -> None:
    workspace.set_filter(Filter(samples=Samples(np.array([1, 2]), "a chart")))
    assert workspace.rows.tolist() == [1, 2] or set(workspace.rows.tolist()) == {1, 2}
    workspace.set_current("mpt")
    assert workspace.filter.samples is None
    assert len(workspace.rows) == 10


def test_that_rows_follow_filter_and_order(workspace: Workspace) -> None:
    workspace.set_filter(Filter(kinds=(FlipKind.NEGATIVE,)))
    drops = workspace.comparison().margin_drop[workspace.rows]
    assert sorted(workspace.rows.tolist()) == [1, 2, 5, 6]
    assert (np.diff(drops) <= 0).all()
    workspace.set_sort("margin_drop", False)
    assert (np.diff(workspace.comparison().margin_drop[workspace.rows]) >= 0).all()


def test_that_selecting_tells_once(workspace: Workspace, qtbot: QtBot) -> None:
    with qtbot.waitSignal(workspace.selection_changed):
        workspace.select(3)
    with qtbot.assertNotEmitted(workspace.selection_changed):
        workspace.select(3)


def test_that_the_recommendation_names_a_version(workspace: Workspace) -> None:
    assert workspace.recommending.found.key == "mpt"


def test_that_a_large_comparison_is_computed_beside_the_window(
    workspace: Workspace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparisons, "DIRECT_LOGITS", 1)
    direct = workspace.comparison("plain")
    workspace.set_old("old")
    workspace._comparisons.forget()
    jobs: list[Job] = []
    workspace.job_started.connect(jobs.append)
    assert workspace.comparison("plain") is None
    qtbot.waitUntil(lambda: workspace.comparison("plain") is not None, timeout=5000)
    assert jobs[0].is_finished
    assert workspace.comparison("plain").rates("all") == (direct or workspace.comparison("plain")).rates("all")


def test_that_an_update_s_result_opens_with_the_recommended_candidate(
    store: Store, tmp_path: Path, qapp: object
) -> None:
    update = store.create_update(UpdateRecipe(data="nowhere"), title="mine")
    rows = {
        name: saved(tmp_path / name, rows, name)
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
    workspace = Workspace(store)
    told: list[str] = []
    workspace.message.connect(lambda level, text, detail: told.append(text))
    assert workspace.opening.open_update(update.id)
    assert [(v.key, v.role, v.color) for v in workspace.versions] == [
        ("r0", "old", -1),
        ("r1", "reference", 0),
        ("r2", "candidate", 1),
    ]
    assert workspace.current.key == "r2"
    assert workspace.update_id == update.id
    assert len(told) == 1  # the data of this test are nowhere


def test_that_an_update_without_result_is_told(store: Store, qtbot: QtBot) -> None:
    update = store.create_update(UpdateRecipe(), title="mine")
    workspace = Workspace(store)
    with qtbot.waitSignal(workspace.message) as heard:
        assert not workspace.opening.open_update(update.id)
    assert "no result yet" in heard.args[1]


def test_that_an_image_folder_becomes_the_data(empty_workspace: Workspace, tmp_path: Path) -> None:
    from PIL import Image

    for part in ("train", "test"):
        for name in NAMES:
            folder = tmp_path / "pets" / part / name
            folder.mkdir(parents=True)
            for number in range(3):
                Image.new("RGB", (8, 8), (40 * number, 0, 0)).save(folder / f"{number}.png")
    empty_workspace.opening.open([tmp_path / "pets"])
    assert empty_workspace.dataset.class_names == NAMES
    assert empty_workspace.dataset.spec.startswith("folder:")


def test_that_closing_everything_leaves_nothing(workspace: Workspace) -> None:
    workspace.clear()
    assert workspace.comparison() is None
    assert workspace.current is None
    assert len(workspace.rows) == 0
    assert workspace.recommending.found is None


def test_that_the_old_model_s_accuracy_is_known_on_its_own_classes() -> None:
    version = Version("k", "v", "old", predictions=answers([RIGHT, WRONG, RIGHT, RIGHT]))
    assert version.figures["own_classes"]["accuracy"] == 0.75


def test_that_a_dropped_manifest_is_the_data_and_its_columns_go_with_every_comparison(
    empty_workspace: Workspace, tmp_path: Path
) -> None:
    lines = ["path,label,split,camera"]
    for i, name in enumerate(("cat", "cat", "dog", "dog", "cat", "dog")):
        Image.new("RGB", (8, 8), (i * 9, 0, 0)).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,{name},{'test' if i > 3 else 'train'},cam {i % 2}")
    (tmp_path / "list.csv").write_text("\n".join([*lines, "gone.png,dog,test,cam 1"]))
    spec = f"manifest:{tmp_path / 'list.csv'}"
    jobs.prepare_data(jobs.Session(empty_workspace.store), spec)  # what the worker does
    told: list[str] = []
    empty_workspace.message.connect(lambda level, text, detail: told.append(f"{level}: {text} {detail}"))
    empty_workspace.opening.open([tmp_path / "list.csv"])
    assert empty_workspace.dataset is not None
    assert empty_workspace.dataset.spec == spec
    assert told[0].startswith("warning: 1 image cannot be read and is left out of every version; see ")
    assert told[0].endswith("gone.png: line 8: no such file")
    ids, names = np.array(["4.png", "5.png"]), ("cat", "dog")
    for key, role in (("old", "old"), ("new", "candidate")):
        answers = Predictions(ids, np.array([0, 1]), names, np.eye(2, dtype=np.float32), names, version=key)
        empty_workspace.add_version(Version(key, key, role, predictions=answers))
    empty_workspace.set_current("new")
    comparison = empty_workspace.comparison()
    assert comparison is not None
    assert comparison.metadata is not None
    assert comparison.metadata.columns["camera"].values == ("cam 0", "cam 1")
