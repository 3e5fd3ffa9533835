from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.data import open_dataset
from mpt_studio.events import Paused
from mpt_studio.gui.beside.engine_thread import EngineThread
from mpt_studio.gui.beside.run_queue import RunQueue
from mpt_studio.gui.train import page as train_page
from mpt_studio.gui.train.page import TrainPage
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.recipe import UpdateRecipe, preset
from mpt_studio.store import Store
from mpt_studio.store.disk import waits_for

pytestmark = pytest.mark.gui

TRAINER = """
import sys, time
from pathlib import Path
from mpt_studio.data import open_dataset
from mpt_studio.events import Epoch, Note, Paused, Stage, Started, Step
from mpt_studio.flips import Rates
from mpt_studio.methods import METHODS
from mpt_studio.recipe import Recipe
from mpt_studio.store import Member, Store
from mpt_studio.store.control import read_command
store, update, ending = Store(Path(sys.argv[1])), sys.argv[2], sys.argv[3]
RATES = Rates(both_right=80, negative_flips=2, positive_flips=6, both_wrong=12, answers_changed=9, intrusions=1)
RATES = RATES.to_json()
dataset = open_dataset("builtin")
ids = tuple(str(name) for name in dataset.sample_ids[:2])

def begin(writer, index, role, label):
    run = store.create_run(Recipe(data="builtin", role=role), label=label, update=update)
    writer.add_member(Member(run=run.folder.name, role=role, method="m", label=label))
    writer.append(Stage(run=run.folder.name, role=role, method="m", label=label, index=index, count=2))
    chosen = {"precision": "fp32", "memory_format": "channels last", "deterministic": False}
    counts = {"epochs": 1, "steps": 2, "train_samples": 10, "validation_samples": 100, "parameters": 7}
    run.append(Started(device="a test", settings=chosen, **counts))
    return run

def work(run, steps):
    for i in steps:
        run.append(Step(step=i, epoch=i / 2, losses={"loss": 1.0 / i}, learning_rate=0.1, images_per_second=5.0,
                        eta_seconds=3.0, epoch_eta_seconds=2.0, memory_bytes=3 * 2**30))

with store.write_update(update) as writer:
    with begin(writer, 0, "old", "Old model") as run:
        work(run, (1, 2))
        run.finish("done")
    run = begin(writer, 1, "reference", "No_Treatment")
    with run:
        work(run, (1,))
        paused = False
        while ending == "wait" and read_command(writer.folder) not in ("stop", "cancel"):
            if (read_command(writer.folder) == "pause") != paused:
                paused = not paused
                run.append(Paused(paused=paused))
            time.sleep(0.02)
        run.append(Epoch(step=2, epoch=1, losses={}, train_accuracy=0.8, flipped=ids,
                         validation={"all": RATES, "old_classes": RATES, "new_classes": RATES}))
        run.finish("done")
    if ending == "fail":
        writer.append(Note(text="The disk is full.", level="error", detail="Traceback: here"))
        writer.finish("failed", "The disk is full.")
    elif ending == "die":
        print("cannot allocate memory"); sys.stdout.flush(); import os; os._exit(9)
    else:
        writer.finish("stopped" if ending == "wait" else "done", "As you wish.")
"""


class Bench:
    """A page with a scripted trainer; ``ending`` tells it what to do after its two versions."""

    def __init__(self, root: Path) -> None:
        self.ending = "done"
        self.store = Store(root)
        self.queue = RunQueue(self.store, make_thread=self.thread)
        self.workspace = Workspace(self.store)
        self.page = TrainPage(self.workspace, self.queue)

    def thread(self, store: Store, update_id: str, attach: bool, options: Sequence[str]) -> EngineThread:
        command = [sys.executable, "-c", TRAINER, str(store.root), update_id, self.ending]
        return EngineThread(store, update_id, attach=attach, command=command)


@pytest.fixture
def bench(qtbot: QtBot, tmp_path: Path) -> Iterator[Bench]:
    open_dataset("builtin")
    made = Bench(tmp_path / "store")
    qtbot.addWidget(made.page)
    made.page.resize(1100, 700)
    with qtbot.waitExposed(made.page):
        made.page.show()
    yield made
    made.queue.cancel()
    made.queue.close(keep_training=False)
    made.page.close_page()


def recipe(methods: str = "none") -> UpdateRecipe:
    return dataclasses.replace(preset("try-it-now").recipe, methods=methods)


def run_to_end(qtbot: QtBot, bench: Bench) -> list[str]:
    with qtbot.waitSignal(bench.page.update_ended) as ended:
        bench.page.start_update(recipe(), "Mine")
    return ended.args


def test_that_one_button_starts_the_update_in_the_form(qtbot: QtBot, bench: Bench) -> None:
    bench.page.form.set_recipe(recipe())
    with qtbot.waitSignal(bench.page.update_ended) as ended:
        bench.page.start.click()
    update = bench.store.update(ended.args[0])
    assert (update.recipe.methods, update.outcome) == ("none", "done")


def test_that_versions_curves_and_flips_show_what_the_trainer_wrote(qtbot: QtBot, bench: Bench) -> None:
    run_to_end(qtbot, bench)
    page = bench.page
    labels = [page.curves._runs[run].label for run in page.curves.run_ids]
    assert labels == ["Old model", "Plain training"]
    assert [chip.text().count("✓") for chip in page.status._chips] == [1, 1]
    assert len(page.strip._pictures.ids) == 2
    assert "NFR (old classes) 2.0 %" in page.strip._title.text()
    assert "3.0 GiB" in page.status._facts.text() or "a test" in page.status._facts.text()
    tip = page.status._facts.toolTip()
    assert all(line in tip for line in ("precision: fp32", "memory format: channels last", "deterministic: no"))
    assert page.status.total_bar.value() == page.status.total_bar.maximum()
    assert page.status._what.text().startswith("Done")


def test_that_the_strip_gets_its_images_though_no_data_are_open(qtbot: QtBot, bench: Bench) -> None:
    run_to_end(qtbot, bench)
    pictures = bench.page.strip._pictures
    qtbot.waitUntil(lambda: len(pictures._indices) == 2)
    qtbot.waitUntil(lambda: pictures.thumbnails.image(pictures._indices[0]) is not None)
    from PySide6.QtCore import QPoint

    assert "truth:" in pictures.text_at(QPoint(10, 10))


def test_that_pause_go_on_and_stop_reach_the_trainer_and_show(qtbot: QtBot, bench: Bench) -> None:
    bench.ending = "wait"
    bench.page.start_update(recipe(), "Mine")
    status = bench.page.status
    qtbot.waitUntil(lambda: len(bench.page.curves.run_ids) == 2)
    assert "Training: Plain training" in status._what.text()
    assert not status.resume.isVisible()
    status.pause.click()
    qtbot.waitUntil(lambda: status._what.text() == "Paused: Plain training")
    assert status.pause.text() == "Go on"
    status.pause.click()
    qtbot.waitUntil(lambda: status.pause.text() == "Pause")
    with qtbot.waitSignal(bench.page.update_ended) as ended:
        status.stop.click()
    assert ended.args[1] == "stopped"
    assert not status.pause.isVisible()


def test_that_while_it_waits_for_the_disk_only_cancel_is_offered(qtbot: QtBot, bench: Bench) -> None:
    bench.ending = "wait"
    page, status, errors = bench.page, bench.page.status, bench.page.errors
    update = page.start_update(recipe(), "Mine")
    qtbot.waitUntil(lambda: len(page.curves.run_ids) == 2)
    run = page.curves.run_ids[-1]
    page._take(update, [(run, event) for event in waits_for("There is no space left.")])
    assert status._what.text() == "Waits for the disk"
    assert errors.sentence.text().startswith("There is no space left. Training waits")
    assert [b.isEnabled() for b in (status.pause, status.stop, status.cancel)] == [False, False, True]
    assert status.pause.text() == "Pause"
    page._take(update, [(run, Paused(paused=False, by_disk=True))])
    assert status._what.text() == "Training: Plain training"
    assert not errors.isVisible()
    assert status.pause.isEnabled()
    with qtbot.waitSignal(page.update_ended):
        status.stop.click()


def test_that_an_error_is_a_sentence_with_the_trace_one_click_away(qtbot: QtBot, bench: Bench) -> None:
    bench.ending = "fail"
    assert run_to_end(qtbot, bench)[1] == "failed"
    errors = bench.page.errors
    assert errors.isVisible()
    assert errors.sentence.text() == "The disk is full."
    assert not errors.trace.isVisible()
    errors._details.click()
    assert errors.trace.toPlainText() == "Traceback: here"
    assert bench.page.status.resume.isVisible()


def test_that_a_trainer_that_dies_is_told_and_can_be_resumed(qtbot: QtBot, bench: Bench) -> None:
    bench.ending = "die"
    update_id, outcome = run_to_end(qtbot, bench)
    assert outcome == "interrupted"
    assert "cannot allocate memory" in bench.page.errors.trace.toPlainText()
    bench.ending = "done"
    with qtbot.waitSignal(bench.page.update_ended) as ended:
        bench.page.status.resume.click()
    assert ended.args == [update_id, "done"]
    assert not bench.page.errors.isVisible()


def test_that_a_recipe_that_cannot_be_is_refused_with_a_sentence(bench: Bench) -> None:
    assert bench.page.start_update(recipe("no_such_method")) == ""
    assert "no_such_method" in bench.page.errors.sentence.text()
    assert bench.store.updates() == []


def test_that_the_button_is_off_while_a_field_is_wrong(bench: Bench) -> None:
    epochs = bench.page.form.editors["training.epochs"]
    epochs.line.setText("-1")  # type: ignore[attr-defined]
    assert not bench.page.start.isEnabled()
    epochs.line.setText("2")  # type: ignore[attr-defined]
    assert bench.page.start.isEnabled()


def test_that_a_second_update_waits_and_can_be_taken_out(qtbot: QtBot, bench: Bench) -> None:
    bench.ending = "wait"
    first = bench.page.start_update(recipe(), "First")
    second = bench.page.start_update(recipe(), "Second")
    assert (bench.queue.current, bench.queue.waiting) == (first, (second,))
    assert bench.page.start.text() == "Train and compare next"
    qtbot.waitUntil(bench.page.waiting.isVisible)
    chip = bench.page.waiting._chips()[0]
    assert "Second" in chip.text()
    chip.click()
    assert bench.queue.waiting == ()


def test_that_the_next_update_does_not_replace_curves_that_are_looked_at(qtbot: QtBot, bench: Bench) -> None:
    bench.ending = "wait"
    first, second = bench.page.start_update(recipe(), "First"), bench.page.start_update(recipe(), "Second")
    qtbot.waitUntil(lambda: len(bench.page.curves.run_ids) == 2)
    before = bench.page.curves.run_ids
    bench.queue.stop_and_keep()
    qtbot.waitUntil(lambda: bench.page._next == second and bool(bench.page._unseen))
    assert (bench.page.update_id, bench.page.curves.run_ids) == (first, before)
    assert bench.page.waiting.texts() == ["Trains now: Second"]
    bench.page.waiting._chips()[0].click()
    qtbot.waitUntil(lambda: len(bench.page.curves.run_ids) == 2)
    assert bench.page.update_id == second
    assert bench.page.curves.run_ids != before
    assert bench.page.waiting.isHidden()


def test_that_an_earlier_run_can_be_overlaid(qtbot: QtBot, bench: Bench) -> None:
    run_to_end(qtbot, bench)
    run = bench.store.runs()[0].id
    bench.page.curves.clear()
    bench.page.overlay(run)
    qtbot.waitUntil(lambda: bench.page.curves.run_ids == [run])


def test_that_a_page_made_while_training_goes_on_shows_it_from_the_start(qtbot: QtBot, bench: Bench) -> None:
    bench.ending = "wait"
    bench.page.start_update(recipe(), "Mine")
    qtbot.waitUntil(lambda: len(bench.page.curves.run_ids) == 2)
    bench.queue.close(keep_training=True)
    later = RunQueue(bench.store, make_thread=bench.thread)
    page = TrainPage(bench.workspace, later)
    qtbot.addWidget(page)
    later.restore()
    qtbot.waitUntil(lambda: len(page.curves.run_ids) == 2)
    with qtbot.waitSignal(page.update_ended):
        later.stop_and_keep()
    later.close()
    page.close_page()


def test_that_the_real_trainer_runs_to_the_end(qtbot: QtBot, tmp_path: Path) -> None:
    store = Store(tmp_path / "real")
    queue, workspace = RunQueue(store), Workspace(store)
    page = TrainPage(workspace, queue)
    qtbot.addWidget(page)
    page.show()
    tiny = recipe()
    tiny = dataclasses.replace(tiny, training=dataclasses.replace(tiny.training, epochs=1, limit_train=360))
    with qtbot.waitSignal(page.update_ended):
        page.start_update(tiny, "Tiny")
    assert workspace.opening.open_update(page.update_id)
    assert [v.role for v in workspace.versions] == ["old", "reference"]
    page.curves.redraw()
    assert page.curves.plots["loss"]._items
    queue.close()
    page.close_page()


@pytest.mark.parametrize("meant", [True, False])
def test_that_cancel_asks_first_and_stop_and_keep_does_not(
    qtbot: QtBot, bench: Bench, monkeypatch: pytest.MonkeyPatch, meant: bool
) -> None:
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(train_page, "ask_to_cancel", lambda _, *about: asked.append(about) or meant)
    bench.ending = "wait"
    bench.page.start_update(recipe(), "Mine")
    qtbot.waitUntil(lambda: len(bench.page.curves.run_ids) == 2)
    bench.page.status.cancel.click()
    assert asked == [("Mine", "Plain training")]
    assert (bench.page.status._what.text() == "Cancelling…") is meant
    with qtbot.waitSignal(bench.page.update_ended):
        bench.page.status.stop.click()
    assert len(asked) == 1
