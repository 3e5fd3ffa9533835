"""*Run on* as a widget: its entries, its dialog, the file that it makes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot

from mpt_studio.gui.compute.run_on import RunOn
from mpt_studio.gui.compute.run_on_field import AddressDialog, RunOnField
from mpt_studio.gui.widgets.settings import Settings
from mpt_studio.jobs.cluster.described import clusters_file

from ..conftest import seen
from .test_run_on import TWO, described

pytestmark = pytest.mark.gui


def field(qtbot: QtBot, gpus: int = 0, *, spreads: bool = True) -> RunOnField:
    run_on = RunOn(Settings(), count_gpus=lambda take: take(gpus))
    made = seen(qtbot, RunOnField(run_on, spreads=spreads), 336, 40)
    run_on.setParent(made)
    run_on.changed.connect(lambda: made.tell(run_on.problem()))
    return made


def entries(field: RunOnField) -> list[str]:
    return [field.choice.itemText(i) for i in range(field.choice.count())]


def take(field: RunOnField, text: str) -> None:
    index = entries(field).index(text)
    field.choice.setCurrentIndex(index)
    field.choice.activated.emit(index)


def test_that_what_is_taken_is_chosen_and_what_does_something_is_not(qtbot: QtBot) -> None:
    described(TWO)
    shown = field(qtbot)
    assert entries(shown) == [
        "This machine", "desk (local)", "night (slurm)", "", "A Dask scheduler…", "Edit clusters.toml…",
    ]  # fmt: skip
    take(shown, "night (slurm)")
    assert shown._run_on.cluster == "night"
    take(shown, "A Dask scheduler…")
    assert (shown._run_on.cluster, shown.choice.currentText()) == ("night", "night (slurm)")


def test_that_an_address_is_asked_for_in_its_form_and_stays_an_entry(qtbot: QtBot) -> None:
    shown = field(qtbot)
    take(shown, "A Dask scheduler…")
    dialog = shown.findChild(AddressDialog)
    assert dialog is not None
    for text, said in (
        ("", "Write where the scheduler listens"),
        ("node0:8786", "Write it as tcp://node0:8786 or tls://node0:8786."),
        ("tcp://node0", "tcp://node0 is no address of a scheduler; write it as tcp://HOST:8786"),
    ):
        dialog.edit.setText(text)
        assert dialog.problem.text().startswith(said)
        assert not dialog.ok.isEnabled()
    dialog.edit.setText(" tcp://node0:8786 ")
    dialog.ok.click()
    assert shown._run_on.cluster == "tcp://node0:8786"
    assert shown.choice.currentText() == "tcp://node0:8786"


class Editor(QObject):
    """What opens text on this desktop."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[Path] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(Path(url.toLocalFile()))


@pytest.fixture
def editor(qapp: object) -> Iterator[Editor]:
    made = Editor()
    QDesktopServices.setUrlHandler("file", made, "open")
    yield made
    QDesktopServices.unsetUrlHandler("file")


def test_that_describing_a_cluster_makes_a_file_with_examples_and_opens_it(qtbot: QtBot, editor: Editor) -> None:
    shown = field(qtbot)
    take(shown, "Describe a cluster…")
    assert editor.opened == [clusters_file()]
    assert "desk (local)" in entries(shown)
    assert entries(shown)[-1] == "Edit clusters.toml…"
    assert shown.sentence.text().startswith(f"Clusters are described in {clusters_file()}")
    assert not shown.sentence.isHidden()


def test_that_a_fault_of_the_file_is_told_where_the_choice_is_made(qtbot: QtBot) -> None:
    shown = field(qtbot)
    path = described('[desk]\nkind = "locl"')
    shown._run_on.renew()
    assert shown.sentence.text().startswith(f"{path}: [desk] kind is 'locl'")
    described(TWO)
    shown._run_on.renew()
    assert shown.sentence.isHidden()


def test_that_spreading_is_offered_where_there_are_several_gpus_and_on_this_machine(qtbot: QtBot) -> None:
    assert field(qtbot, gpus=1).spread.isHidden()
    assert field(qtbot, gpus=4, spreads=False).spread.isHidden()
    shown = field(qtbot, gpus=4)
    assert (shown.spread.isHidden(), shown.spread.maximum(), shown.spread.text()) == (False, 4, "over 1 GPU")
    shown.spread.setValue(3)
    assert (shown._run_on.options(False), shown.spread.text()) == (("--gpus", "3"), "over 3 GPUs")
    take(shown, "Each GPU of this machine (4)")
    assert shown.spread.isHidden()
