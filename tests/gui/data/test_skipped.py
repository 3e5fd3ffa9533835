from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from mpt_studio.data import open_dataset
from mpt_studio.gui.data.panel import DataPanel
from mpt_studio.gui.data.skipped import FILE, IMAGE, REASON, SkippedDialog, file_of
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


@pytest.fixture
def pets(tmp_path: Path) -> str:
    for part in ("train", "test"):
        for name in ("cat", "dog"):
            (tmp_path / "pets" / part / name).mkdir(parents=True)
            for number in range(2):
                Image.new("RGB", (8, 8), (90 * number, 9, 9)).save(tmp_path / "pets" / part / name / f"{number}.png")
    (tmp_path / "pets/test/cat/empty.png").write_bytes(b"")
    (tmp_path / "pets/test/dog/page.jpg").write_bytes(b"<!DOCTYPE html>")
    Image.new("RGB", (9, 9)).save(tmp_path / "pets/test/outside.png")
    return f"folder:{tmp_path / 'pets'}"


@pytest.fixture
def dialog(qtbot: QtBot, pets: str) -> SkippedDialog:
    made = SkippedDialog(open_dataset(pets))
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made, before_close_func=lambda each: each.model.close())
    with qtbot.waitExposed(made):
        made.show()
    return made


def rows(dialog: SkippedDialog) -> list[tuple[str, str]]:
    shown = dialog.shown
    return [
        (str(shown.index(row, FILE).data()), str(shown.index(row, REASON).data())) for row in range(shown.rowCount())
    ]


def test_that_every_file_is_listed_with_its_reason_and_found_by_either(dialog: SkippedDialog) -> None:
    assert rows(dialog) == [
        ("test/cat/empty.png", "empty file"),
        ("test/dog/page.jpg", "a web page, not an image"),
        ("test/outside.png", "lies outside every class folder"),
    ]
    dialog.search.setText("web dog")
    assert [name for name, _ in rows(dialog)] == ["test/dog/page.jpg"]
    assert dialog.counted.text() == "1 of 3"
    dialog.search.setText("")
    dialog.table.sortByColumn(REASON, Qt.SortOrder.AscendingOrder)
    assert rows(dialog)[0][1] == "a web page, not an image"


def test_that_an_image_that_can_be_decoded_has_a_thumbnail(dialog: SkippedDialog, qtbot: QtBot) -> None:
    def picture(row: int) -> object:
        return dialog.shown.index(row, IMAGE).data(Qt.ItemDataRole.DecorationRole)

    qtbot.waitUntil(lambda: picture(2) is not None)
    assert picture(0) is None


def test_that_a_packed_image_has_no_thumbnail_and_leads_to_the_file_that_holds_it(qtbot: QtBot, tmp_path: Path) -> None:
    labels = [name for name in ("cat", "dog") for _ in range(8)]
    for part, shard in (("train", "a.tar"), ("test", "b.tar")):
        members = [(f"{i}.{ending}", content) for i, label in enumerate(labels)
                   for ending, content in (("png", png(i)), ("cls", label.encode()))]  # fmt: skip
        pack(tmp_path / part / shard, [*members, ("bad.png", b"\x89PNG no more"), ("bad.cls", b"cat")])
    data = open_dataset(f"shards:{tmp_path}")
    assert [each.sample_id for each in data.skipped] == ["test/b.tar/bad.png", "train/a.tar/bad.png"]
    assert file_of(data, data.skipped[0]) == tmp_path / "test" / "b.tar"
    (tmp_path / "test" / "b.tar").unlink()
    assert file_of(data, data.skipped[0]) is None
    dialog = SkippedDialog(data)
    qtbot.addWidget(dialog, before_close_func=lambda each: each.model.close())
    assert [dialog.model.index(row, IMAGE).data(Qt.ItemDataRole.DecorationRole) for row in (0, 1)] == [None, None]
    assert dialog.model._pool.waitForDone(5000)
    assert rows(dialog)[0][0] == "test/b.tar/bad.png"


def png(seed: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), (9 * seed, 9, 9)).save(stream, "PNG")
    return stream.getvalue()


def pack(path: Path, members: list[tuple[str, bytes]]) -> None:
    path.parent.mkdir()
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def test_that_lines_are_copied_and_the_list_is_saved(dialog: SkippedDialog, tmp_path: Path) -> None:
    dialog.table.selectRow(1)
    dialog.copy.click()
    assert QGuiApplication.clipboard().text() == "test/dog/page.jpg\ta web page, not an image"
    dialog.save_as(tmp_path / "list.csv")
    assert len((tmp_path / "list.csv").read_text().splitlines()) == 4
    assert "3 lines" in dialog.told.text()
    dialog.save_as(tmp_path / "list.csv" / "below a file.csv")
    assert "cannot be written" in dialog.told.text()


def test_that_the_data_panel_leads_to_the_list(qtbot: QtBot, empty_workspace: Workspace, pets: str) -> None:
    empty_workspace.loading.open(pets)
    panel = DataPanel(empty_workspace)
    qtbot.addWidget(panel)
    button = next(b for b in panel.findChildren(QPushButton) if "left out" in b.text())
    assert button.text() == "▲ 3 images left out"
    with qtbot.waitSignal(empty_workspace.tool_wanted) as heard:
        button.click()
    assert heard.args[0] == "skipped"
