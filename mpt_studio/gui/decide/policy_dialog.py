"""The policy's editor: what is changed is judged at once on what is on show; the file changes when it is saved."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.compare import Filter, Samples, read_ids
from mpt_studio.decide import IdSet, Policy
from mpt_studio.decide.policy_file import seen_from
from mpt_studio.errors import UserError
from mpt_studio.files.kinds import ID_LISTS, POLICIES
from mpt_studio.gui.decide.criteria_form import CriteriaForm
from mpt_studio.gui.decide.parts_form import Lines, SetLine, SlicesForm
from mpt_studio.gui.decide.signs import DECIDED
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import in_a_row
from mpt_studio.gui.widgets.forms import filters
from mpt_studio.gui.widgets.frames import scrolled
from mpt_studio.gui.widgets.plain import label, set_tip
from mpt_studio.gui.workspace.workspace import Workspace

_TRIED_MS = 200
"""After the last change, until it is judged."""


class PolicyDialog(QDialog):
    """Does not block the window: images can be looked at and marked meanwhile."""

    def __init__(self, workspace: Workspace, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.workspace, self.deciding = workspace, workspace.deciding
        self._before = self.deciding.policy or Policy()
        self.setWindowTitle(f"Policy: {self.deciding.called}")
        self.setAccessibleName("Policy")
        comparison = workspace.comparison()
        self.criteria, self.slices = CriteriaForm(), SlicesForm(comparison)
        self.sets = Lines("Must not flip: not one image of these", "None yet.")
        self.word, self.told = label(bold=True), label(wrap=True)
        self.problem = label(wrap=True)
        theme.mark(self.problem, error=True)
        self._tried = QTimer(self, singleShot=True, interval=_TRIED_MS)
        self._tried.timeout.connect(lambda: self.deciding.try_out(self.policy()))
        self._lay_out()
        self._fill(self._before)
        for part in (self.criteria, self.slices, self.sets):
            part.edited.connect(self._edited)
        for signal in (self.deciding.changed, theme.notifier().changed):
            signal.connect(self._follow)
        self._follow()

    # Construction -------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        body = QWidget()
        theme.mark(body, plain=True)
        form = QVBoxLayout(body)
        form.setContentsMargins(0, 0, 8, 0)
        for part in (self.criteria, self.sets, self._set_buttons(), self.slices):
            form.addWidget(part)
        form.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(12)
        column.addWidget(label("What an update has to meet to ship. It is judged as you change it.", wrap=True))
        column.addWidget(scrolled(body), 1)
        for widget in (self.word, self.told, self.problem, self._buttons()):
            column.addWidget(widget)
        self.resize(680, 640)

    def _set_buttons(self) -> QWidget:
        add = QPushButton("Add a list…")
        set_tip(add, "A text file with an id a line, or a CSV file with a column of ids")
        add.clicked.connect(lambda *_: self._choose_list())
        self.make_set = QPushButton("Make one of what is open…")
        set_tip(self.make_set, "Of the selection, of what the filter shows or of the blockers")
        self.make_set.clicked.connect(lambda *_: self.deciding.wanted.emit("must_not_flip"))
        return in_a_row(add, self.make_set, spare=True)

    def _buttons(self) -> QDialogButtonBox:
        made = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.save = made.addButton("Save", QDialogButtonBox.ButtonRole.AcceptRole)
        self.save_as = made.addButton("Save as…", QDialogButtonBox.ButtonRole.ActionRole)
        theme.mark(self.save, primary=True)
        set_tip(self.save, f"To {self.deciding.place()}; comments there stay")
        set_tip(self.save_as, "Into a repository, where it can be reviewed and used by CI")
        made.accepted.connect(lambda: self.keep(None))
        made.rejected.connect(self.reject)
        self.save_as.clicked.connect(lambda *_: self._ask_where())
        return made

    # Content ------------------------------------------------------------------------------------------------------

    def _fill(self, policy: Policy) -> None:
        self.criteria.show_policy(policy)
        self.slices.show_policy(policy)
        self.sets.clear()
        for each in policy.must_not_flip:
            self._add_set(each, policy.leads_to(f"must_not_flip.{each.name}") == "review")

    def _add_set(self, listed: IdSet, review: bool = False) -> None:
        line = SetLine(listed, review, self.workspace.comparison())
        line.opened.connect(lambda: self._show(line.set))
        self.sets.add(line)

    def policy(self) -> Policy:
        """What the form says."""
        sets, parts = [line for line in self.sets.lines if isinstance(line, SetLine)], self.slices.slices()
        made = dataclasses.replace(
            self._before,
            **self.criteria.values(),
            must_not_flip=tuple(line.set for line in sets),
            slices=parts,
            review=(),
        )
        asked = made.keys()
        keys = self.criteria.reviewed()
        keys += [line.key for line in (*self.slices.lines, *sets) if line.leads.is_review and line.key in asked]
        before = [key for key in asked if self._before.leads_to(key) == "review"]
        kept = set(keys) == set(before) and all(_means(name, asked) for name in self._before.review)
        return dataclasses.replace(made, review=self._before.review if kept else tuple(keys))

    def _edited(self) -> None:
        self.problem.clear()
        self._tried.start()

    def _follow(self) -> None:
        """Tell what the form's policy comes to; a set that was made meanwhile stands in the form as well."""
        now = self.deciding.policy
        if now is not None and now is not self._before:
            self._take_over(now)
        judged = self.deciding.judged
        verdict = judged.verdict if judged else None
        sign = DECIDED[verdict.decided] if verdict else None
        self.word.setText(f"{sign.glyph} {sign.word}" if sign else "")
        self.word.setStyleSheet(f"color: {sign.color}" if sign else "")
        self.word.setVisible(sign is not None)
        text = verdict.counted() if verdict and judged else judged.problem if judged else ""
        self.told.setText(
            f"{judged.name}: {text}" if judged else "" if self.policy().asks() else "It asks for nothing."
        )

    def _take_over(self, now: Policy) -> None:
        """The file has another policy than when this began: what is new there is added, what is edited here stays."""
        here = {line.set.name for line in self.sets.lines if isinstance(line, SetLine)}
        before = {each.name for each in self._before.must_not_flip}
        edited = self.policy() != self._before
        self._before = now
        if not edited:
            self._fill(now)
            return
        for each in now.must_not_flip:
            if each.name not in here | before:
                self._add_set(each)
        self.problem.setText("The file has changed meanwhile; saving writes what stands here.")

    # Deeds --------------------------------------------------------------------------------------------------------

    def _choose_list(self) -> None:
        start = str(self.deciding.place().parent)
        chosen, _ = QFileDialog.getOpenFileName(self, "A list of ids that must not flip", start, filters(ID_LISTS))
        if chosen:
            self.add_list(Path(chosen))

    def add_list(self, file: Path) -> None:
        """Take a list into the policy."""
        names = [line.set.name for line in self.sets.lines if isinstance(line, SetLine)]
        if file.stem in names:
            self.problem.setText(f"There is a set called {file.stem} already; give the file another name.")
            return
        try:
            listed = IdSet(file.stem, read_ids(file), seen_from(self.deciding.place().parent, file))
        except UserError as error:
            self.problem.setText(str(error))
            return
        self._add_set(listed)
        self._edited()

    def _show(self, listed: IdSet) -> None:
        comparison = self.workspace.comparison()
        if comparison is not None:
            rows = comparison.rows_of(listed.ids)
            self.workspace.set_filter(Filter(samples=Samples(rows[rows >= 0], f"must not flip: {listed.name}")))
            self.workspace.show_flips.emit()

    def _ask_where(self) -> None:
        start = str(self.deciding.place() if not self.deciding.is_own else Path.home() / "policy.toml")
        chosen, _ = QFileDialog.getSaveFileName(self, "Save the policy", start, filters(POLICIES))
        if chosen:
            self.keep(Path(chosen))

    def keep(self, path: Path | None) -> None:
        """Write it and close; what cannot be written stays in the form."""
        self._tried.stop()
        try:
            self._before = self.policy()
            self.deciding.save(self._before, path)
        except (UserError, OSError) as error:
            self.problem.setText(str(error))
            return
        self.accept()

    def done(self, result: int) -> None:
        """However it ends, the file's policy is in force again."""
        self._tried.stop()
        self.deciding.changed.disconnect(self._follow)
        if self.deciding.draft is not None:
            self.deciding.try_out(None)
        super().done(result)


def _means(name: str, keys: list[str]) -> bool:
    """Whether a name in [review] is still one of a criterion, or of a table of them."""
    return name in keys or name in [key.partition(".")[0] for key in keys]
