"""The class doctor: what blocks a comparison, class by class, and what to take each of them as."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.compare import ClassMap, Diagnosis, diagnose, keep_map, kept_map
from mpt_studio.compare.matching.doctor import PAIR_WORDS, PairKind
from mpt_studio.compare.matching.near import likeness
from mpt_studio.errors import UserError
from mpt_studio.files.kinds import CLASS_MAPS
from mpt_studio.gui.beside.jobs import Latest
from mpt_studio.gui.versions.class_table import CHOICE, KIND, ChoiceDelegate, ClassModel
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.forms import filters, finder
from mpt_studio.gui.widgets.plain import RIGHT, label
from mpt_studio.gui.widgets.tables import MatchingRows, of_whole_rows
from mpt_studio.units import count

_DIRECT_CLASSES = 20
"""Lists up to this length are put side by side at once."""
_COUNTED: dict[PairKind, str] = {
    "same": "the same",
    "reordered": "at another place",
    "respelled": "spelled otherwise",
    "mapped": "renamed",
    "dropped": "dropped knowingly",
    "removed": "without a counterpart",
}


@dataclass(frozen=True)
class Pair:
    """Two class lists, and where what is said about them is kept."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    store: Path
    titles: tuple[str, str] = ("Old model", "Update")

    def kept(self) -> ClassMap:
        """What was said before."""
        return kept_map(self.store, self.old, self.new)

    def diagnosis(self, said: ClassMap) -> Diagnosis:
        return diagnose(self.old, self.new, said)


class ClassDoctor(QWidget):
    """Shows one pair; ``applied`` follows once another class map is kept."""

    applied = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pair: Pair | None = None
        self.diagnosis: Diagnosis | None = None
        """Of what is kept, not of the choices that were not applied yet."""
        self.problem, self.summary = label(bold=True, wrap=True, size=1.1), label(wrap=True, muted=True)
        self.state = label(wrap=True)
        self.model = ClassModel(self)
        self.shown = MatchingRows(self.model, lambda row: f"{row.old} {row.new}", self)
        self.table = self._make_table()
        self.only = QCheckBox("Only what differs")
        self.only.setChecked(True)
        self.search = finder("Search classes")
        self.apply, self.take_back = QPushButton("Apply and compare"), QPushButton("Take all choices back")
        self.file = QPushButton("From a file…")
        self._latest = Latest(lambda sentence, _: self.problem.setText(sentence), self)
        self._drafts = Latest(lambda sentence, _: self.state.setText(sentence), self)
        self._lay_out()
        self._connect()

    def _make_table(self) -> QTableView:
        table = of_whole_rows(QTableView(), "Classes side by side")
        table.setModel(self.shown)
        table.setItemDelegateForColumn(CHOICE, ChoiceDelegate(self.model, table))
        table.setSortingEnabled(True)
        table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)  # as the model has them: what needs a choice first
        table.setAlternatingRowColors(True)
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 12)
        table.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.horizontalHeader().setSectionResizeMode(KIND, QHeaderView.ResizeMode.Fixed)  # by contents asks every row
        widest = max(table.fontMetrics().horizontalAdvance(words) for words in PAIR_WORDS.values())
        table.setColumnWidth(KIND, widest + 5 * theme.SPACE)
        return table

    def _lay_out(self) -> None:
        theme.mark(self.apply, primary=True)
        tools, deeds = QHBoxLayout(), QHBoxLayout()
        tools.addWidget(self.only)
        tools.addWidget(self.search, 1)
        deeds.addWidget(self.state, 1)
        for button in (self.file, self.take_back, self.apply):
            deeds.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*4 * [2 * theme.SPACE])
        layout.setSpacing(theme.SPACE)
        layout.addWidget(self.problem)
        layout.addWidget(self.summary)
        layout.addLayout(tools)
        layout.addWidget(self.table, 1)
        layout.addLayout(deeds)

    def _connect(self) -> None:
        self.only.toggled.connect(lambda _: self._filter())
        self.search.textChanged.connect(lambda _: self._filter())
        self.model.chosen.connect(self._draft_changed)
        self.apply.clicked.connect(lambda *_: self.keep())
        self.take_back.clicked.connect(lambda *_: self._take_back())
        self.file.clicked.connect(lambda *_: self._browse())
        theme.notifier().changed.connect(self.table.viewport().update)

    # -- what is shown

    def show_pair(self, pair: Pair | None, then: Callable[[], object] = lambda: None) -> None:
        """Put two lists side by side; ``then`` once that is done, which is at once where they are short."""
        self.pair, self.diagnosis = pair, None
        if pair is None:
            self._latest.cancel()
            return

        def take(found: tuple[ClassMap, Diagnosis]) -> None:
            self._show(pair, *found)
            then()

        self._latest.ask(lambda _: _diagnosed(pair), take, beside=is_long(pair))

    def _show(self, pair: Pair, kept: ClassMap, found: Diagnosis) -> None:
        self.diagnosis = found
        olds = {row.old for row in found.rows if row.old}
        draft = {**_distinct(found.suggestions), **{old: new for old, new in kept.pairs if old in olds}}
        self.model.show(found.rows, draft, pair.titles)
        self.problem.setText(
            f"{pair.titles[0]} and {pair.titles[1]} cannot be compared yet: "
            f"{count(len(found.unexplained), 'class', 'classes')} without a counterpart."
            if found.unexplained
            else " ".join(found.problems)
            or f"{RIGHT} Every class of {pair.titles[0]} has its place in {pair.titles[1]}."
        )
        words = {**_COUNTED, "added": f"only in {pair.titles[1]}"}
        sentence = ", ".join(f"{number:,} {words[kind]}" for kind, number in found.counts().items())
        self.summary.setText(f"{sentence}. {' '.join(found.notes)}" if sentence else "")
        self._filter()
        self._draft_changed()

    def _filter(self) -> None:
        only = self.only.isChecked()
        self.shown.search(self.search.text(), lambda row: row.kind != "same" or not only)

    # -- choices

    @property
    def draft(self) -> ClassMap:
        """What was chosen, with what was said before of classes that are not in these lists."""
        pair = self.pair
        olds = {row.old for row in self.model.rows}
        other = [said for said in pair.kept().pairs if said[0] not in olds] if pair is not None else []
        return ClassMap((*other, *self.model.draft.items()))

    def _draft_changed(self) -> None:
        pair = self.pair
        if pair is None or self.diagnosis is None:
            return
        said = self.draft
        self.take_back.setEnabled(bool(self.model.draft))
        self.apply.setEnabled(False)
        self.state.setText("…")
        self._drafts.ask(
            lambda _: (said, pair.kept(), pair.diagnosis(said)), lambda found: self._tell(*found), beside=is_long(pair)
        )

    def _tell(self, said: ClassMap, kept: ClassMap, found: Diagnosis) -> None:
        """What the choices would do."""
        other = [sentence for sentence in found.problems if "without a counterpart" not in sentence]
        left, is_new = len(found.unexplained), set(said.pairs) != set(kept.pairs)
        if other:
            text = " ".join(other)
        elif left and not said:
            text = "Say below “Take it as” what each class without a counterpart is called now, or drop it."
        elif left:
            text = f"{count(left, 'class', 'classes')} would still be without a counterpart."
        else:
            text = f"{RIGHT} Every class is explained." if is_new else "Nothing to apply."
        self.state.setText(text)
        theme.mark(self.state, error=bool(other), muted=not other)
        self.apply.setEnabled(is_new and not other)
        self.apply.setText("Apply" if found.blocked else "Apply and compare")

    def _take_back(self) -> None:
        self.model.beginResetModel()
        self.model.draft.clear()
        self.model.endResetModel()
        self._draft_changed()

    def _browse(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, "A class map: old name -> new name, one a line", "", filters(CLASS_MAPS)
        )
        if chosen:
            self.read(Path(chosen))

    def read(self, path: Path) -> None:
        """Choose what a file says; nothing is applied yet."""
        try:
            said = ClassMap.read(path)
        except UserError as error:
            self.state.setText(str(error))
            theme.mark(self.state, error=True, muted=False)
            return
        olds = {row.old for row in self.model.rows}
        self.model.beginResetModel()
        self.model.draft.update({old: new for old, new in said.pairs if old in olds})
        self.model.endResetModel()
        self._draft_changed()

    def choose(self, choices: Sequence[tuple[str, str]]) -> None:
        """Take classes as others ("" drops); nothing is applied yet."""
        for old, new in choices:
            self.model.choose(old, new)

    def keep(self) -> None:
        """Keep what was chosen for these two lists."""
        pair = self.pair
        if pair is None:
            return
        try:
            keep_map(pair.store, pair.old, pair.new, self.draft)
        except UserError as error:
            self.state.setText(str(error))
            theme.mark(self.state, error=True, muted=False)
            return
        self.show_pair(pair)
        self.applied.emit()


def _distinct(suggestions: Mapping[str, str]) -> dict[str, str]:
    """Of suggestions that take several classes as one, only that which comes nearest."""
    found: dict[str, str] = {}
    for old, new in suggestions.items():
        if new not in found or likeness(old, new) > likeness(found[new], new):
            found[new] = old
    return {old: new for new, old in found.items()}


def is_long(pair: Pair) -> bool:
    """Whether two lists are put side by side in a thread."""
    return len(pair.old) + len(pair.new) > 2 * _DIRECT_CLASSES


def _diagnosed(pair: Pair) -> tuple[ClassMap, Diagnosis]:
    kept = pair.kept()
    return kept, pair.diagnosis(kept)
