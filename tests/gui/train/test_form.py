from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QLabel, QLineEdit, QToolButton
from pytestqt.qtbot import QtBot

from mpt_studio.data.sources import SOURCES
from mpt_studio.errors import UserError
from mpt_studio.files.kinds import WEIGHTS
from mpt_studio.gui.train.field_editors import NumberEditor, StartEditor
from mpt_studio.gui.train.form import RecipeForm
from mpt_studio.gui.train.form_fields import flat_specs
from mpt_studio.gui.train.method_list import MethodList
from mpt_studio.methods import METHODS
from mpt_studio.recipe import Model, Training, UpdateRecipe, preset, presets
from mpt_studio.recipe.words import flat

pytestmark = pytest.mark.gui


@pytest.fixture
def form(qtbot: QtBot) -> RecipeForm:
    made = RecipeForm()
    qtbot.addWidget(made)
    made.show()
    return made


def number(form: RecipeForm, name: str) -> NumberEditor:
    editor = form.editors[name]
    assert isinstance(editor, NumberEditor)
    return editor


def methods(form: RecipeForm) -> MethodList:
    editor = form.editors["methods"]
    assert isinstance(editor, MethodList)
    return editor


def test_that_the_form_starts_with_the_first_preset(form: RecipeForm) -> None:
    assert form.recipe() == presets()[0].recipe
    assert form.changes == []


@pytest.mark.parametrize("key", [p.key for p in presets()])
def test_that_a_preset_comes_back_exactly(form: RecipeForm, key: str) -> None:
    form.preset_box.setCurrentIndex(form.preset_box.findData(key))
    assert form.recipe() == preset(key).recipe
    assert form.changes == []


WORDS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, blacklist_categories=["Cc", "Cs", "Zs"]), min_size=1
)
NETWORKS = st.sampled_from(["small", "resnet18", "swin_t"]) | WORDS.map("timm/{}".format)
RECIPES = st.builds(
    UpdateRecipe,
    data=WORDS,
    old_classes=WORDS | st.just(""),
    old=WORDS | st.just(""),
    methods=st.lists(st.sampled_from(["none", "MPT_KL", "mpt_lm:2", "pct_kl", "mpt_kl:0.25", "elodi"])).map(",".join),
    logit_margin=st.none() | st.floats(0, 20),
    noise_floor=st.booleans(),
    ensemble_size=st.integers(1, 64),
    model=st.builds(Model, arch=NETWORKS, small_stem=st.sampled_from(["auto", "off"]), image_size=st.integers(0, 1024)),
    training=st.builds(
        Training,
        epochs=st.integers(1, 100_000),
        learning_rate=st.floats(0, 100, exclude_min=True),
        weight_decay=st.floats(0, 10),
        momentum=st.floats(0, 1, exclude_max=True),
        limit_train=st.integers(0, 2**62),
        nesterov=st.booleans(),
        schedule=st.sampled_from(["cosine", "step", "constant"]),
        device=WORDS,
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(recipe=RECIPES)
def test_that_any_recipe_comes_back_exactly(form: RecipeForm, recipe: UpdateRecipe) -> None:
    form.set_recipe(recipe)
    assert form.recipe() == recipe


def test_that_a_value_out_of_range_is_marked_at_once_with_a_sentence(form: RecipeForm) -> None:
    number(form, "training.epochs").line.setText("0")
    assert number(form, "training.epochs").line.property("invalid") is True
    assert form.problems() == ["Epochs needs at least 1 and at most 100,000."]
    with pytest.raises(UserError, match="Epochs"):
        form.recipe()
    number(form, "training.epochs").line.setText("3")
    assert number(form, "training.epochs").line.property("invalid") is False
    assert form.recipe().training.epochs == 3


def test_that_nothing_of_the_form_moves_when_something_is_changed_or_wrong(form: RecipeForm) -> None:
    form.resize(336, 700)
    QCoreApplication.processEvents()

    def places() -> dict[str, int]:
        QCoreApplication.processEvents()
        return {name: editor.mapTo(form, editor.rect().topLeft()).y() for name, editor in form.editors.items()}

    before = places()
    number(form, "training.epochs").line.setText("0")
    form.editors["model.arch"].set_value("resnet19")
    assert form._problem.text() == "There is no architecture resnet19; did you mean resnet18 or resnet152?"
    assert places() == before
    for each in presets():
        form.set_recipe(each.recipe)
        assert places() == before


@pytest.mark.parametrize("name", ["small", "resnet18", "vit_b_16", "timm/convnext_nano"])
def test_that_known_architectures_are_taken(form: RecipeForm, name: str) -> None:
    form.editors["model.arch"].set_value(name)
    assert form.problems() == []


@pytest.mark.parametrize("name", ["resnet", "smal", "nonsense", "Resnet18"])
def test_that_a_name_that_is_no_architecture_is_refused_while_typing(form: RecipeForm, name: str) -> None:
    form.editors["model.arch"].set_value(name)
    assert form.problems()[0].startswith(f"There is no architecture {name};")


def test_that_a_name_that_is_no_class_of_the_data_is_refused_while_typing(form: RecipeForm) -> None:
    known: dict[str, tuple[str, ...]] = {}
    form.class_names_of = lambda spec: known.get(spec, ())
    form.editors["data"].set_value("folder:/pets")
    form.editors["old_classes"].set_value("cat,dgo")
    assert form.problems() == []  # nobody knows the classes yet
    known["folder:/pets"] = ("cat", "dog", "fox")
    form.check()
    assert "no class 'dgo'" in form.problems()[0]
    form.editors["old_classes"].set_value("cat,dog")
    assert form.problems() == []
    form.editors["old_classes"].set_value("4")
    assert form.problems() == ["The old model cannot know 4 classes; the data have 3."]


@pytest.mark.parametrize("text", ["", "many", "1.5", "nan"])
def test_that_text_that_is_no_whole_number_is_refused(form: RecipeForm, text: str) -> None:
    number(form, "training.batch_size").line.setText(text)
    assert len(form.problems()) == 1


def test_that_the_logit_margin_may_be_empty(form: RecipeForm) -> None:
    number(form, "logit_margin").line.setText("")
    assert form.recipe().logit_margin is None


WORDED = [(name, word, value) for name, s in flat_specs(UpdateRecipe).items() for word, value in s.words.items()]


@pytest.mark.parametrize(("name", "word", "value"), WORDED)
def test_that_a_number_with_a_word_is_shown_taken_and_reset_as_the_word(
    form: RecipeForm, qtbot: QtBot, name: str, word: str, value: float
) -> None:
    line = number(form, name).line
    line.setText("33" if not name.endswith(("ema", "area")) else "0.5")
    assert form.problems() == []
    line.setText(word.upper())
    assert (form.editors[name].value(), form.problems()) == (value, [])
    line.setText(f"{value:g}")
    line.editingFinished.emit()
    assert line.text() == word
    line.clear()
    form._fold.setChecked(True)
    form.activateWindow()
    line.setFocus()
    qtbot.waitUntil(line.hasFocus)
    qtbot.keyClicks(line, word[:2])
    assert line.text() == word
    form._rows[name].reset.click()
    assert line.text() == number(form, name).spec.word_of(flat(presets()[0].recipe)[name]) or line.text() == "2"
    assert form.changes == []


def test_that_arrows_step_from_word_to_word(form: RecipeForm, qtbot: QtBot) -> None:
    line = number(form, "start.freeze").line
    line.setText("always")
    seen = []
    for _ in range(3):
        qtbot.keyClick(line, Qt.Key.Key_Up)
        seen.append(line.text())
    assert seen == ["none", "1", "2"]


def test_that_what_is_neither_word_nor_number_is_refused_with_the_words(form: RecipeForm) -> None:
    number(form, "start.freeze").line.setText("never")
    assert form.problems() == ["Freeze needs none, always, or a whole number."]


def test_that_a_start_is_one_of_the_ways_or_a_file_that_exists(form: RecipeForm, tmp_path: Path) -> None:
    start = form.editors["start.start"]
    assert isinstance(start, StartEditor)
    assert [start.combo.itemText(i) for i in range(start.combo.count())] == ["auto", "scratch", "pretrained"]
    start.set_value("pretraned")
    assert form.problems() == ["There is no weights file pretraned; choose auto, scratch, pretrained or a file."]
    file = tmp_path / "ours.pth"
    file.touch()
    line = start.combo.lineEdit()
    assert line is not None
    drop_on(line, file)
    assert (form.problems(), form.recipe().start.start) == ([], str(file))


def drop_on(line: QLineEdit, file: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    where, keys, button = QPointF(4, 4), Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(where.toPoint(), Qt.DropAction.CopyAction, data, button, keys)
    QCoreApplication.sendEvent(line, enter)
    assert enter.isAccepted()
    QCoreApplication.sendEvent(line, QDropEvent(where, Qt.DropAction.CopyAction, data, button, keys))


def test_that_a_preset_without_data_leaves_those_that_are_chosen(form: RecipeForm) -> None:
    form.editors["data"].set_value("folder:/pets")
    form.editors["old_classes"].set_value("12")
    form.preset_box.setCurrentIndex(form.preset_box.findData("fine-tune"))
    recipe = form.recipe()
    assert (recipe.data, recipe.old_classes, recipe.training.optimizer) == ("folder:/pets", "12", "adamw")
    assert form.changes == []
    assert form.preset_box.currentData() == "fine-tune"


def test_that_changed_fields_are_known_and_can_be_taken_back(form: RecipeForm) -> None:
    number(form, "training.epochs").line.setText("77")
    form.editors["noise_floor"].set_value(True)
    assert sorted(form.changes) == ["noise_floor", "training.epochs"]
    form._rows["training.epochs"].reset.click()
    assert form.changes == ["noise_floor"]
    form._reset_all.click()
    assert form.recipe() == presets()[0].recipe


def test_that_fields_under_more_settings_count_as_changed_while_folded(form: RecipeForm) -> None:
    number(form, "training.momentum").line.setText("0.5")
    assert "1 changed" in form._fold.text()


def test_that_all_methods_are_offered_and_the_plain_one_is_fixed(form: RecipeForm) -> None:
    assert list(methods(form).rows) == list(METHODS)
    assert not methods(form).rows["No_Treatment"].box.isEnabled()


def test_that_checking_methods_writes_the_recipes_list(form: RecipeForm) -> None:
    form.set_recipe(dataclasses.replace(UpdateRecipe(), methods="none"))
    methods(form).rows["MPT_LM"].box.click()
    methods(form).rows["ELODI"].box.click()
    assert form.recipe().methods == "none,elodi,mpt_lm"


def test_that_several_margins_make_several_candidates(form: RecipeForm) -> None:
    form.set_recipe(dataclasses.replace(UpdateRecipe(), methods="none"))
    row = methods(form).rows["MPT_KL"]
    row.box.click()
    assert row.margins is not None
    row.margins.setText("1, 2")
    assert form.recipe().methods == "none,mpt_kl:1,mpt_kl:2"
    assert [m.logit_margin for m in form.recipe().candidate_methods()] == [0.0, 1.0, 2.0]
    row.margins.setText("1, x")
    assert form.problems()


def test_that_candidates_from_the_old_model_and_their_interpolation_are_marked(form: RecipeForm) -> None:
    form.set_recipe(dataclasses.replace(UpdateRecipe(), methods="none"))
    plain, mpt = methods(form).rows["No_Treatment"], methods(form).rows["MPT_KL"]
    assert not plain.bcwi.isEnabled()
    plain.from_old.click()
    plain.bcwi.click()
    mpt.from_old.click()
    assert mpt.margins is not None
    mpt.margins.setText("2")
    assert form.recipe().methods == "none,none@old,bcwi,mpt_kl:2@old"
    mpt.box.click()
    assert form.recipe().methods == "none,none@old,bcwi,mpt_kl:2,mpt_kl:2@old"
    plain.from_old.click()
    assert form.recipe().methods == "none,mpt_kl:2,mpt_kl:2@old"


def test_that_a_line_that_nobody_touches_keeps_its_names(form: RecipeForm) -> None:
    text = "none@old,bcwi,mpt_kl:1,mpt_kl:2@old,bcwi"
    form.set_recipe(dataclasses.replace(UpdateRecipe(), methods=text))
    assert form.recipe().methods == text
    mpt = methods(form).rows["MPT_KL"]
    assert (mpt.box.isChecked(), mpt.from_old.isChecked(), mpt.bcwi.isChecked()) == (True, True, True)
    assert mpt.margins is not None
    assert mpt.margins.text() == "1, 2"
    methods(form).rows["Churn_KD"].box.click()
    assert form.recipe().methods == "none,none@old,bcwi,mpt_kl:1,mpt_kl:2@old,bcwi,churn_kd"


def test_that_a_recipe_from_elsewhere_shows_where_it_comes_from(form: RecipeForm) -> None:
    recipe = dataclasses.replace(UpdateRecipe(), ensemble_size=3)
    form.set_recipe(recipe, "Recipe of an earlier update.")
    assert form._origin.text() == "Recipe of an earlier update."
    assert form.changes == []


@pytest.mark.parametrize(
    ("name", "title", "words"),
    [
        ("training.deterministic", "Same bits on CUDA", "the same bits in every run"),
        ("model.arch", "Architecture", "timm/NAME"),
    ],
)
def test_that_fields_say_what_they_are_for(form: RecipeForm, name: str, title: str, words: str) -> None:
    label = next(label for label in form.findChildren(QLabel) if label.buddy() is form.editors[name])
    assert label.text() == title
    assert words in label.toolTip()


def test_that_no_label_is_cut_off_where_all_fields_are_changed(form: RecipeForm) -> None:
    form.resize(320, 600)  # its width on the Train page
    form.editors["training.deterministic"].set_value(True)
    next(button for button in form.findChildren(QToolButton) if button.text().startswith("More settings")).click()
    labels = [label for label in form.findChildren(QLabel) if label.buddy() is not None and label.isVisibleTo(form)]
    for label in labels:
        font = label.font()
        font.setBold(True)
        label.setFont(font)
    QCoreApplication.processEvents()
    assert [label.text() for label in labels if label.width() < label.sizeHint().width()] == []


def test_that_the_wheel_over_a_choice_changes_nothing(form: RecipeForm, qtbot: QtBot) -> None:
    from PySide6.QtCore import QPoint, QPointF, Qt
    from PySide6.QtGui import QWheelEvent

    combo = form.editors["training.schedule"].combo  # type: ignore[attr-defined]
    none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False
    combo.wheelEvent(QWheelEvent(QPointF(5, 5), QPointF(5, 5), QPoint(), QPoint(0, -120), *none))
    assert form.changes == []


def test_that_pickers_offer_every_kind_of_weights_and_data(form: RecipeForm, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def choose(parent: object, title: str, start: str, kinds: str) -> tuple[str, str]:
        asked.append(kinds)
        return "/data/chosen", ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", choose)
    form.editors["old"].findChildren(QToolButton)[0].click()
    assert all(f"*{suffix}" in asked[0] for suffix in WEIGHTS.suffixes)
    line = form.editors["old"].line  # type: ignore[attr-defined]
    assert line.cursorPosition() == len("/data/chosen")  # where there is little room, the file's name is seen
    actions = form.editors["data"].findChildren(QToolButton)[0].menu().actions()
    shown = [action.text().removesuffix("…").removesuffix(", one file") for action in actions]
    assert list(dict.fromkeys(shown)) == [source.title for source in SOURCES.values() if source.place]
    next(action for action in actions if action.text() == f"{SOURCES['manifest'].title}…").trigger()
    assert (form.recipe().old, form.recipe().data) == ("/data/chosen", "manifest:/data/chosen")
