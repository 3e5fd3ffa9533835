from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.gui.versions.architecture_field import ArchitectureField, known_architectures
from mpt_studio.gui.versions.class_names_field import ClassNamesField
from mpt_studio.gui.versions.preprocessing_field import PRESETS, PreprocessingField
from mpt_studio.gui.versions.question import ModelDialog
from mpt_studio.gui.workspace.items import Question
from mpt_studio.reading import Candidate, Choices

from ..workspace.test_opening import IMAGES, reading

pytestmark = pytest.mark.gui
NOTHING = Choices()


def asked(qtbot: QtBot, said: list[Choices | None], data: tuple[str, ...] = (), **more: object) -> ModelDialog:
    found = reading(Path("a.pth"), **more)
    dialog = ModelDialog(Question(found, said.append, NOTHING, "", anew=False), data)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    return dialog


def test_that_only_what_is_missing_is_asked(qtbot: QtBot) -> None:
    dialog = asked(qtbot, [], names=())
    assert dialog.class_names is not None
    assert dialog.architecture is None
    assert dialog.preprocessing is None
    shown = [label.text() for label in dialog.findChildren(QLabel)]
    assert "resnet18" in shown
    assert any("from: the file" in text for text in shown)


def test_that_names_are_counted_against_the_outputs_while_they_are_typed(qtbot: QtBot) -> None:
    said: list[Choices | None] = []
    dialog = asked(qtbot, said, names=())
    assert not dialog.ok.isEnabled()
    dialog.class_names.edit.setPlainText("cat")
    assert dialog.class_names.state.text() == "1 of 2 names"
    assert dialog.problem.text() == "1 name for 2 outputs: they have to be as many."
    dialog.class_names.edit.setPlainText("cat\ncat\n")
    assert "twice" in dialog.problem.text()
    dialog.class_names.edit.setPlainText("cat\n\n dog ")
    assert dialog.class_names.state.text() == "✓ 2 of 2 names"
    assert dialog.ok.isEnabled()
    dialog.ok.click()
    assert said == [Choices(class_names=("cat", "dog"))]


def test_that_the_data_s_names_are_offered_where_they_are_as_many(qtbot: QtBot, tmp_path: Path) -> None:
    field = ClassNamesField(2, (), ("fox", "hen"))
    qtbot.addWidget(field)
    field.data.click()
    assert field.names == ("fox", "hen")
    other = ClassNamesField(3, (), ("fox", "hen"))
    qtbot.addWidget(other)
    assert not other.data.isEnabled()
    assert "2 classes" in other.data.toolTip()
    (tmp_path / "names.txt").write_text("ape\nbee\ncow\n")
    other.read(tmp_path / "names.txt")
    assert (other.names, other.problem()) == (("ape", "bee", "cow"), "")
    other.read(tmp_path / "nothing.txt")
    assert "nothing.txt" in other.state.text()


def test_that_candidates_come_before_all_other_architectures(qtbot: QtBot) -> None:
    fits = (Candidate(arch="wide_resnet50_2"), Candidate(arch="resnet50", exact=False, difference="layer9 is missing."))
    field = ArchitectureField(fits)
    qtbot.addWidget(field)
    assert field.box.itemText(0).startswith("wide_resnet50_2")
    assert field.chosen == ("wide_resnet50_2", False)
    field.box.setCurrentIndex(1)
    assert field.note.text() == "layer9 is missing."
    field.box.setEditText("vit_b_16")
    assert field.chosen == ("vit_b_16", None)
    field.box.setEditText("no such network")
    assert "no such network" in field.problem()
    assert len(known_architectures()) > 500


def test_that_several_fitting_architectures_are_for_a_person_to_choose(qtbot: QtBot) -> None:
    field = ArchitectureField((Candidate(arch="resnet18"), Candidate(arch="timm/resnet18")))
    qtbot.addWidget(field)
    assert field.problem() == "Choose the architecture."


def test_that_another_port_s_weights_are_proposed_with_what_was_matched(qtbot: QtBot) -> None:
    said: list[Choices | None] = []
    agreement, mapped = "296 of 296 tensors agree in order and shape", ("conv_stem.weight ← _conv_stem.weight",)
    port = Candidate(arch="timm/tf_efficientnet_lite0", agreement=agreement, mapped=mapped)
    dialog = asked(qtbot, said, candidates=(port,), needs=("architecture",), checkpoint=None)
    question, *table = dialog.architecture.note.text().splitlines()
    assert question == f"Is this tf_efficientnet_lite0? {agreement}; their names are another port's."
    assert table == list(mapped)
    dialog.ok.click()
    assert said == [Choices(arch="timm/tf_efficientnet_lite0", small_stem=False)]


def test_that_preprocessing_is_chosen_by_preset_or_by_number(qtbot: QtBot) -> None:
    field = PreprocessingField(None)
    qtbot.addWidget(field)
    assert "choose a preset" in field.problem()
    name = "CIFAR, 32 pixels"
    field.preset.setCurrentIndex(field.preset.findText(name))
    field.preset.activated.emit(field.preset.currentIndex())
    assert (field.problem(), field.values) == ("", PRESETS[name])
    field.side.setValue(64)
    field.resized.setValue(48)
    assert "too small" in field.problem()
    field.resized.setValue(0)
    assert (field.values.image_size, field.values.resize, field.values.mean) == (64, 0, PRESETS[name].mean)


def test_that_what_was_found_comes_back_to_the_last_digit(qtbot: QtBot) -> None:
    found = Preprocessing(image_size=97, mean=(1 / 3, 0.1234567, 0.2), std=(1 / 7, 0.3, 0.4), interpolation="lanczos")
    field = PreprocessingField(found, "the file")
    qtbot.addWidget(field)
    assert field.values == found


def test_that_reading_anew_asks_everything_and_takes_only_what_was_changed(qtbot: QtBot) -> None:
    said: list[Choices | None] = []
    dialog = ModelDialog(Question(reading(Path("a.pth")), said.append, NOTHING, "", anew=True), ())
    assert dialog.architecture is not None
    assert dialog.architecture.chosen == ("resnet18", False)
    assert dialog.class_names.names == ("cat", "dog")
    assert dialog.preprocessing.values == IMAGES
    dialog.class_names.set_names(("dog", "cat"))
    dialog.ok.click()
    assert said == [Choices(class_names=("dog", "cat"))]


def test_that_everything_said_of_a_file_can_be_taken_back_as_found(qtbot: QtBot) -> None:
    said: list[Choices | None] = []
    reset: list[bool] = []
    question = Question(
        reading(Path("a.pth")), said.append, NOTHING, "", anew=True, as_found=lambda: reset.append(True)
    )
    dialog = ModelDialog(question, ())
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.as_found.text() == "As found"
    assert "Forget" in dialog.as_found.toolTip()
    dialog.as_found.click()
    assert (reset, said, dialog.isVisible()) == ([True], [], False)


def test_that_a_file_that_is_asked_about_first_has_nothing_to_take_back(qtbot: QtBot) -> None:
    assert asked(qtbot, [], names=()).as_found is None


def test_that_dismissing_answers_nothing(qtbot: QtBot) -> None:
    said: list[Choices | None] = []
    asked(qtbot, said, names=()).reject()
    assert said == [None]


def test_that_raw_or_averaged_weights_are_asked_and_kept(qtbot: QtBot) -> None:
    said: list[Choices | None] = []
    dialog = asked(qtbot, said, needs=("weights",), has_both=True)
    assert dialog.weights is not None
    assert "Say which weights" in dialog.problem.text()
    assert not dialog.ok.isEnabled()
    dialog.weights.box.setCurrentIndex(1)
    dialog.weights.changed.emit()
    dialog.ok.click()
    assert said == [Choices(weights="ema")]


def test_that_the_reason_to_ask_is_shown_before_other_notes(qtbot: QtBot) -> None:
    why = "The file says image_size = [128, 160]; only square images can be given to it here."
    dialog = asked(qtbot, [], names=(), notes=tuple(f"Note {i}." for i in range(9)), reasons={"class_names": why})
    shown = [label.text() for label in dialog.findChildren(QLabel)]
    assert any(text.startswith(why) and "Note 4." in text for text in shown)
