from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from mpt_studio import jobs
from mpt_studio.checkpoint import Checkpoint, Preprocessing
from mpt_studio.gui.beside.worker_client import WorkerClient
from mpt_studio.gui.workspace import opening
from mpt_studio.gui.workspace.items import Question
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.predictions import Predictions
from mpt_studio.reading import Candidate, Choices, Reading, to_json
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store import Store

from ..fake_worker import FakeWorker
from .files import NAMES, RIGHT, WRONG, checkpoint, finished_update, saved

pytestmark = pytest.mark.gui
IMAGES = Preprocessing(image_size=32, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


def weights(path: Path) -> Path:
    """A file that is no weights of ours; what is in it is for the reader to say."""
    from safetensors.numpy import save_file

    save_file({"fc.weight": np.zeros((2, 3), np.float32)}, path)
    return path


def reading(path: Path, names: tuple[str, ...] = ("cat", "dog"), **more: object) -> Reading:
    """As the reader reports a file; without names it needs them."""
    made = Checkpoint(
        path=str(path.with_suffix(".normalised")),
        architecture="resnet18",
        small_stem=False,
        class_names=names or ("?",),
        preprocessing=IMAGES,
        source=path.name,
    )
    values = {
        "path": str(path),
        "sha256": "ab" * 32,
        "bytes": 44_800_000,
        "container": "PyTorch zip",
        "tensors": 122,
        "parameters": 11_000_000,
        "classes": 2,
        "candidates": (Candidate(arch="resnet18"),),
        "class_names": names,
        "class_names_from": "labels.txt beside it" if names else "",
        "preprocessing": IMAGES,
        "preprocessing_from": "the file",
        "needs": () if names else ("class_names",),
        "checkpoint": made if names else None,
    }
    return Reading(**{**values, **more})


@pytest.fixture
def fake(empty_workspace: Workspace) -> FakeWorker:
    made = empty_workspace.worker = FakeWorker()
    return made


@pytest.fixture
def told(empty_workspace: Workspace) -> list[tuple[str, str]]:
    heard: list[tuple[str, str]] = []
    empty_workspace.message.connect(lambda level, text, _: heard.append((level, text)))
    return heard


@pytest.fixture
def questions(empty_workspace: Workspace) -> list[Question]:
    heard: list[Question] = []
    empty_workspace.opening.asked.connect(heard.append)
    return heard


def test_that_weights_from_elsewhere_are_read_by_the_worker_and_become_a_version(
    empty_workspace: Workspace, fake: FakeWorker, tmp_path: Path
) -> None:
    path = weights(tmp_path / "deployed.safetensors")
    empty_workspace.opening.open([path])
    assert [(request.job, request.args["path"]) for request in fake.asked] == [("read_version", str(path))]
    (item,) = empty_workspace.opening.items
    fake.last.tell("Reading deployed.safetensors", 0.5)
    assert (item.sentence, item.fraction) == ("Reading deployed.safetensors", 0.5)
    assert empty_workspace.versions == []
    fake.last.answer(to_json(reading(path)))
    (version,) = empty_workspace.versions
    assert (version.label, version.role, version.source) == ("deployed", "old", str(path))
    assert version.checkpoint.endswith("deployed.normalised")
    assert empty_workspace.opening.items == []


def test_that_a_refusal_is_kept_with_its_file_and_adds_nothing(
    empty_workspace: Workspace, fake: FakeWorker, told: list[tuple[str, str]], tmp_path: Path
) -> None:
    empty_workspace.opening.open([weights(tmp_path / "odd.pth")])
    fake.last.fail("It names os.system, which weights do not need.")
    assert told == [("error", "odd.pth: It names os.system, which weights do not need.")]
    (item,) = empty_workspace.opening.items
    assert item.problem == "It names os.system, which weights do not need."
    assert empty_workspace.versions == []
    empty_workspace.opening.dismiss(item)
    assert empty_workspace.opening.items == []


def test_that_a_pair_arrives_together_in_its_order_however_long_one_takes(
    empty_workspace: Workspace, fake: FakeWorker, tmp_path: Path
) -> None:
    old, new = weights(tmp_path / "old.pth"), checkpoint(tmp_path / "new.safetensors")
    empty_workspace.opening.open([old, new])
    assert empty_workspace.versions == []
    fake.last.answer(to_json(reading(old)))
    assert [(v.label, v.role) for v in empty_workspace.versions] == [("old", "old"), ("new", "candidate")]


def test_that_a_pair_that_cannot_be_read_whole_leaves_what_is_open(
    workspace: Workspace, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "page.pth").write_bytes(b"<html>")
    with qtbot.waitSignal(workspace.message) as heard:
        workspace.opening.open([saved(tmp_path / "a", [RIGHT], "v1"), tmp_path / "page.pth"], instead=True)
    assert "web page" in heard.args[1]
    assert [v.label for v in workspace.versions] == ["old", "plain", "MPT_KL"]


def test_that_what_is_missing_is_asked_and_the_answer_is_read(
    empty_workspace: Workspace, fake: FakeWorker, questions: list[Question], tmp_path: Path
) -> None:
    path = weights(tmp_path / "a.pth")
    empty_workspace.opening.open([path])
    fake.last.answer(to_json(reading(path, names=())))
    assert questions[0].reading.needs == ("class_names",)
    assert empty_workspace.versions == []
    questions[0].answer(Choices(class_names=("cat", "dog")))
    assert tuple(fake.last.args["choices"]["class_names"]) == ("cat", "dog")
    fake.last.answer(to_json(reading(path)))
    assert [v.label for v in empty_workspace.versions] == ["a"]


def test_that_an_answer_that_does_not_fit_is_asked_again_with_the_reason(
    empty_workspace: Workspace, fake: FakeWorker, questions: list[Question], tmp_path: Path
) -> None:
    path = weights(tmp_path / "a.pth")
    empty_workspace.opening.open([path])
    fake.last.answer(to_json(reading(path, names=())))
    questions[0].answer(Choices(class_names=("cat",)))
    fake.last.fail("1 class names were given, but the head of the network has 2 outputs.")
    assert questions[1].problem.endswith("has 2 outputs.")
    assert questions[1].choices.class_names == ("cat",)


def test_that_a_dismissed_question_opens_nothing_and_says_what_was_missing(
    empty_workspace: Workspace,
    fake: FakeWorker,
    questions: list[Question],
    told: list[tuple[str, str]],
    tmp_path: Path,
) -> None:
    path = weights(tmp_path / "a.pth")
    empty_workspace.opening.open([path])
    fake.last.answer(to_json(reading(path, names=())))
    questions[0].answer(None)
    assert told == [("error", "a.pth was not opened: its class names must be said first.")]
    assert empty_workspace.versions == []


def test_that_data_that_came_in_between_may_tell_the_names(
    empty_workspace: Workspace, workspace: Workspace, fake: FakeWorker, questions: list[Question], tmp_path: Path
) -> None:
    path = weights(tmp_path / "a.pth")
    empty_workspace.opening.open([path])
    empty_workspace.dataset = workspace.dataset
    fake.last.answer(to_json(reading(path, names=())))
    assert questions == []
    assert fake.last.args["data_classes"] == list(workspace.dataset.class_names)


def test_that_cancelling_opens_nothing(empty_workspace: Workspace, fake: FakeWorker, tmp_path: Path) -> None:
    empty_workspace.opening.open([weights(tmp_path / "a.pth")])
    empty_workspace.opening.items[0].cancel()
    assert empty_workspace.opening.items == []
    assert empty_workspace.versions == []


def test_that_a_version_read_anew_is_evaluated_again(
    empty_workspace: Workspace, fake: FakeWorker, questions: list[Question], tmp_path: Path
) -> None:
    path = weights(tmp_path / "a.pth")
    empty_workspace.opening.open([path])
    fake.last.answer(to_json(reading(path)))
    (version,) = empty_workspace.versions
    empty_workspace.opening.ask_anew(version)
    assert questions[0].anew
    questions[0].answer(Choices(class_names=("dog", "cat")))
    fake.last.answer(to_json(reading(path, names=("dog", "cat"), class_names_from="your choice")))
    assert empty_workspace.versions == [version]
    assert version.reading.class_names == ("dog", "cat")
    assert version.predictions is None


def test_that_a_version_is_read_as_found_and_what_was_said_is_forgotten(
    empty_workspace: Workspace, fake: FakeWorker, questions: list[Question], tmp_path: Path
) -> None:
    path = weights(tmp_path / "a.pth")
    empty_workspace.opening.open([path])
    assert not fake.last.args["forget"]
    fake.last.answer(to_json(reading(path, names=("dog", "cat"), class_names_from="your choice")))
    (version,) = empty_workspace.versions
    empty_workspace.opening.ask_anew(version)
    questions[0].as_found()
    assert fake.last.args["forget"]
    assert fake.last.args["choices"] == to_json(Choices())
    fake.last.answer(to_json(reading(path)))
    assert empty_workspace.versions == [version]
    assert version.reading.class_names == ("cat", "dog")
    assert empty_workspace.opening.items == []


def test_that_what_a_file_as_found_lacks_is_asked_and_the_version_stays_until_then(
    empty_workspace: Workspace,
    fake: FakeWorker,
    questions: list[Question],
    told: list[tuple[str, str]],
    tmp_path: Path,
) -> None:
    path = weights(tmp_path / "a.pth")
    empty_workspace.opening.open([path])
    fake.last.answer(to_json(reading(path)))
    (version,) = empty_workspace.versions
    told.clear()
    empty_workspace.opening.ask_anew(version)
    questions[0].as_found()
    fake.last.answer(to_json(reading(path, names=())))
    assert questions[1].reading.needs == ("class_names",)
    assert version.reading.class_names == ("cat", "dog")
    questions[1].answer(None)
    assert told == [("warning", "a.pth stays as it was read before: its class names must be said first.")]
    questions[1].answer(Choices(class_names=("dog", "cat")))
    assert not fake.last.args["forget"]
    fake.last.answer(to_json(reading(path, names=("dog", "cat"))))
    assert version.reading.class_names == ("dog", "cat")


def test_that_a_large_table_is_imported_by_the_worker_first(
    empty_workspace: Workspace,
    fake: FakeWorker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> None:
    monkeypatch.setattr(opening, "DIRECT_BYTES", 10)
    monkeypatch.setattr(opening, "BESIDE_BYTES", 10)
    path = tmp_path / "v1.csv"
    path.write_text("id,label,prediction\ntest/0,cat,cat\ntest/1,dog,cat\n")
    empty_workspace.opening.open([path])
    assert (fake.last.job, empty_workspace.versions) == ("inspect", [])
    with qtbot.waitSignal(empty_workspace.opening.taken):
        fake.last.answer({"kind": "predictions"})
    assert empty_workspace.versions[0].figures["all"]["accuracy"] == 0.5


def test_that_a_table_of_middling_size_is_imported_beside_the_window(
    empty_workspace: Workspace, fake: FakeWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr(opening, "DIRECT_BYTES", 10)
    path = tmp_path / "v1.csv"
    path.write_text("id,label,prediction\ntest/0,cat,cat\ntest/1,dog,cat\n")
    with qtbot.waitSignal(empty_workspace.opening.taken):
        empty_workspace.opening.open([path])
        assert not empty_workspace.versions
    assert not fake.asked
    assert empty_workspace.versions[0].figures["all"]["accuracy"] == 0.5


def test_that_a_table_of_answers_is_a_version_and_no_metadata(empty_workspace: Workspace, tmp_path: Path) -> None:
    for name, answers in (("v1", ("cat", "dog")), ("v2", ("dog", "dog"))):
        rows = "".join(f"test/{i},{truth},{answers[i]}\n" for i, truth in enumerate(("cat", "dog")))
        (tmp_path / f"{name}.tsv").write_text(f"filename,y_true,y_pred\n{rows}".replace(",", "\t"))
    empty_workspace.opening.open([tmp_path / "v1.tsv", tmp_path / "v2.tsv"])
    assert [v.predictions.scores for v in empty_workspace.versions] == ["answers", "answers"]
    assert empty_workspace.rows.tolist() == [0]


def test_that_answers_without_truth_take_it_from_the_data(workspace: Workspace, tmp_path: Path) -> None:
    names = workspace.dataset.class_names
    rows = [f"/photos/test/{i:02d},{names[i % 2]}" for i in range(10)]
    (tmp_path / "v9.tsv").write_text("\n".join(["path\tprediction", *(row.replace(",", "\t") for row in rows)]))
    workspace.opening.open([tmp_path / "v9.tsv"])
    added = workspace.versions[-1]
    assert added.predictions.sample_ids[0] == "test/00"
    assert added.predictions.has_truth


@pytest.fixture
def real(empty_workspace: Workspace) -> Iterator[WorkerClient]:
    made = empty_workspace.worker = WorkerClient(empty_workspace.store.root)
    yield made
    made.close()


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the reader by /proc")
def test_that_a_killed_reader_and_a_killed_worker_are_told_and_the_window_goes_on(
    empty_workspace: Workspace, real: WorkerClient, told: list[tuple[str, str]], tmp_path: Path, qtbot: QtBot
) -> None:
    empty_workspace.opening.open([weights(tmp_path / "first.pth")])
    worker = int(real._process.processId())
    qtbot.waitUntil(lambda: bool(children(worker)))
    for reader in children(worker):
        with contextlib.suppress(ProcessLookupError):
            os.kill(reader, signal.SIGKILL)
    qtbot.waitUntil(lambda: bool(told))
    assert told[0][0] == "error"
    assert "first.pth" in told[0][1]
    empty_workspace.opening.open([weights(tmp_path / "second.pth")])
    qtbot.waitUntil(lambda: bool(children(worker)))
    os.kill(worker, signal.SIGKILL)
    qtbot.waitUntil(lambda: len(told) == 2)
    assert told[1][1].startswith("second.pth: The worker process ended unexpectedly")
    assert empty_workspace.versions == []
    empty_workspace.opening.open([saved(tmp_path / "a", [RIGHT], "v1"), saved(tmp_path / "b", [WRONG], "v2")])
    assert empty_workspace.comparison() is not None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_that_a_pipe_named_like_a_table_is_refused_at_once(empty_workspace: Workspace, tmp_path: Path) -> None:
    for name in ("a.csv", "b.pth", "c.safetensors", "d.txt"):
        os.mkfifo(tmp_path / name)
    empty_workspace.opening.open([tmp_path / name for name in ("a.csv", "b.pth", "c.safetensors", "d.txt")])
    assert [item.name for item in empty_workspace.opening.items] == ["a.csv", "b.pth", "c.safetensors", "d.txt"]
    assert all("pipe" in item.problem for item in empty_workspace.opening.items)


def test_that_closing_the_window_opens_nothing_that_was_read_by_then(
    empty_workspace: Workspace, fake: FakeWorker, tmp_path: Path
) -> None:
    empty_workspace.opening.open([checkpoint(tmp_path / "ready.safetensors"), weights(tmp_path / "slow.pth")])
    empty_workspace.close()
    assert fake.last.is_cancelled
    assert empty_workspace.versions == []


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


def test_that_foreign_files_are_refused_with_a_sentence(
    empty_workspace: Workspace, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with qtbot.waitSignal(empty_workspace.message) as heard:
        empty_workspace.opening.open([tmp_path / "notes.txt"])
    assert heard.args[0] == "error"
    assert "notes.txt" in heard.args[1]
    assert empty_workspace.versions == []


def test_that_versions_over_other_data_keep_a_reason(workspace: Workspace, tmp_path: Path) -> None:
    workspace.opening.open([saved(tmp_path / "other", [RIGHT], "elsewhere")])
    added = workspace.versions[-1]
    assert workspace.comparison(added.key) is None
    assert added.problem


def test_that_an_update_s_result_opens_with_the_recommended_candidate(
    store: Store, tmp_path: Path, qapp: object
) -> None:
    update = finished_update(store, tmp_path)
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


def test_that_a_folder_of_shards_becomes_the_data(empty_workspace: Workspace, tmp_path: Path) -> None:
    for part in ("train", "test"):
        with tarfile.open(tmp_path / f"{part}-000.tar", "w") as archive:
            for number, name in enumerate((*NAMES, *NAMES)):
                stream = io.BytesIO()
                Image.new("RGB", (8, 8), (40 * number, 0, 0)).save(stream, "PNG")
                for ending, content in (("png", stream.getvalue()), ("cls", name.encode())):
                    info = tarfile.TarInfo(f"{number}.{ending}")
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
    empty_workspace.opening.open([tmp_path])
    assert empty_workspace.dataset.class_names == NAMES
    assert empty_workspace.dataset.spec == f"shards:{tmp_path}"


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
