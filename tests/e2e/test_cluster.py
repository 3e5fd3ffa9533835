"""An update on a cluster, from the window: chosen by its name, watched while its workers train, and cancelled."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import psutil
import pytest
from PySide6.QtWidgets import QApplication

from mpt_studio import paths
from mpt_studio.events import Step
from mpt_studio.gui.compute.view import ComputeView
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.window.pages import TRAIN
from mpt_studio.recipe import Training, UpdateRecipe
from mpt_studio.store import Run, Store

from .sitting import Condition, sit_down

pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.gui,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform.startswith("linux") and not os.environ.get("DISPLAY"), reason="needs a display"),
]
SHORT = Training(epochs=3, batch_size=16, learning_rate=0.05, save_every_seconds=0, device="cpu")
LONG = dataclasses.replace(SHORT, epochs=4000)


def lines(view: ComputeView, table: str) -> list[str]:
    model = getattr(view, table).model()
    columns = range(model.columnCount())
    return [" ".join(model.data(model.index(row, i)) for i in columns) for row in range(model.rowCount())]


def trainers() -> list[psutil.Process]:
    """Processes that train a run beside a worker, of this test and whoever's children they are by now."""
    found, own = [], str(paths.config_dir())
    for process in psutil.process_iter():
        try:
            is_one = "mpt_studio.jobs.cluster.child" in process.cmdline()
            found += [process] if is_one and process.environ().get("MPT_STUDIO_CONFIG") == own else []
        except psutil.Error:  # gone meanwhile, or somebody else's
            continue
    return found


def test_that_an_update_on_a_cluster_is_watched_to_its_end_and_another_one_cancelled_everywhere(
    tmp_path: Path, shades: Callable[[Path, int], str], qapp: QApplication
) -> None:
    paths.config_dir().mkdir(parents=True)
    (paths.config_dir() / "clusters.toml").write_text('[desk]\nkind = "local"\nn_workers = 2\n')
    root = tmp_path / "store"
    store, data, seen = Store(root), shades(tmp_path / "images", 16), set[str]()

    def update(training: Training) -> UpdateRecipe:
        return UpdateRecipe(data=data, old_classes="2", methods="none,mpt_kl:2", noise_floor=False, training=training)

    def runs_of(job: str) -> list[Run]:
        return [run for run in store.runs() if run.update == job]

    def user(window: MainWindow) -> Generator[Condition, None, None]:
        page, queue = window.pages[TRAIN], window.queue
        window.pages.show_page(TRAIN.key)
        choice = page.left.run_on.choice
        choice.setCurrentIndex(choice.findText("desk (local)"))
        choice.activated.emit(choice.currentIndex())
        page.show_recipe(update(SHORT))
        page.start.click()

        def looks_until_the_end() -> bool:
            seen.update(lines(page.compute, "workers"), lines(page.compute, "waiting"), [page.compute.summary.text()])
            return not queue.is_busy

        yield looks_until_the_end
        assert page.compute.isHidden()
        page.start_update(update(LONG), "To be cancelled")
        yield lambda: any(isinstance(e, Step) for run in runs_of(page.update_id) for e in run.events())
        yield lambda: any("Old model" in line for line in lines(page.compute, "workers"))
        assert page.compute.isVisible()
        assert trainers()
        queue.cancel()
        yield lambda: not queue.is_busy
        assert page.compute.isHidden()

    sit_down(root, user)
    cancelled, done = store.updates()
    assert (done.outcome, cancelled.outcome) == ("done", "cancelled")
    assert [row["method"] for row in done.result["candidates"]] == ["No_Treatment", "MPT_KL"]
    assert any("Old model, epoch" in line for line in seen)
    assert any("Plain training Old model" in line for line in seen)  # waits for it
    assert any(line.startswith("desk:  2 workers, 1 of them free") for line in seen)
    assert trainers() == []
    assert {run.outcome for run in store.runs()} == {"done", "cancelled"}
    assert not any(run.is_active for run in store.runs())
    assert list(root.glob(".cluster-*")) == []
