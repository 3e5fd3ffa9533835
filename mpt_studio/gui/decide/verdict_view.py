"""The top of Compare: may the candidate on show ship, by the user's policy, and what speaks against it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from mpt_studio.compare import Filter, Samples
from mpt_studio.decide import Verdict
from mpt_studio.gui.decide.criteria import Criteria
from mpt_studio.gui.decide.signs import DECIDED
from mpt_studio.gui.decide.starting_points import StartingPoints
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import FlowLayout, tab_in_order
from mpt_studio.gui.widgets.plain import caption, label, listed, set_tip, shortened
from mpt_studio.gui.workspace.deciding import Judged
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.units import count

_SIGNED = 3
"""So many sign-offs are shown."""
_WIDEST = 960
"""Of the criteria: the eye has to find the way from a name to its outcome."""
_REPORT = "report"
"""Id of the window's action that writes one."""


class VerdictView(QFrame):
    """Reads the workspace; clicks set its filter and ask for the Flips page."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace, self.deciding = workspace, workspace.deciding
        self.setAccessibleName("Verdict")
        theme.mark(self, card=True)
        self.word, self.name = label(bold=True, size=1.35), label(bold=True, wrap=True)
        self.sentence = label(wrap=True)
        self.notes, self.signed = (label(wrap=True, size=0.9, muted=True) for _ in range(2))
        self.criteria, self.starting = Criteria(), StartingPoints(self.deciding)
        self.fold = self._fold_button()
        self.policy = self._policy_button()
        self.export = self._deed("Export as decided…", self._export)
        self.sign_off = self._deed("Sign off…", partial(self.deciding.wanted.emit, "sign_off"))
        self.report = self._deed("Report…", self._report)
        self._unfolded: dict[bool, bool] = {True: False, False: True}
        """Whether the criteria are seen, by whether it may ship: where all is well there is nothing to look at."""
        self._lay_out()
        self.criteria.chosen.connect(self._show_images)
        self.criteria.listed.connect(self._show_set)
        self.deciding.changed.connect(self.refresh)
        self.refresh()

    # Construction -------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.SPACE)
        head.addWidget(self.word)
        head.addWidget(self.name, 1)
        head.addWidget(self.policy, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignTop)
        self.deeds = QWidget()
        row = FlowLayout(self.deeds, spacing=theme.SPACE)
        for each in (self.export, self.report, self.sign_off):
            row.addWidget(each)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(theme.SPACE)
        column.addLayout(head)
        lines = QHBoxLayout()
        lines.addWidget(self.criteria, 1)
        lines.addStretch()
        self.criteria.setMaximumWidth(_WIDEST)
        column.addWidget(self.sentence)
        column.addWidget(self.starting)
        column.addLayout(lines)
        for widget in (self.notes, self.deeds, self.signed):
            column.addWidget(widget)

    def _fold_button(self) -> QToolButton:
        made = QToolButton()
        theme.set_icon(made, "chevron")
        made.setIconSize(QSize(14, 14))
        made.clicked.connect(lambda *_: self._turn())
        return made

    def _policy_button(self) -> QToolButton:
        made = QToolButton()
        theme.mark(made, tool=True)
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(made)
        menu.aboutToShow.connect(partial(self._fill_menu, menu))
        made.setMenu(menu)
        return made

    def _deed(self, text: str, deed: object) -> QPushButton:
        made = QPushButton(text)
        made.setAccessibleName(text.rstrip("…"))
        made.clicked.connect(lambda *_: deed())  # type: ignore[operator]
        return made

    def _fill_menu(self, menu: QMenu) -> None:
        deciding = self.deciding
        menu.clear()
        menu.addAction("&Edit the policy…", partial(deciding.wanted.emit, "policy")).setEnabled(not deciding.problem)
        menu.addAction("&Open another policy…", partial(deciding.wanted.emit, "open"))
        others = [Path(entry) for entry in deciding.recent if Path(entry) != deciding.path and Path(entry).is_file()]
        for path in others:
            menu.addAction(caption(shortened(str(path))), partial(deciding.open, path))
        menu.addSeparator()
        menu.addAction("Judge by &none", deciding.judge_by_none)

    # Content ------------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the workspace again."""
        deciding, judged = self.deciding, self.deciding.judged
        policy = deciding.in_force
        asks = policy is not None and policy.asks()
        verdict = judged.verdict if judged and asks else None
        self.starting.setVisible(not asks and not deciding.problem)
        self.policy.setVisible(deciding.path is not None or deciding.draft is not None)
        self.policy.setText(caption(shortened(deciding.called, 28)))
        self.policy.setAccessibleName(f"Policy {deciding.called}")
        set_tip(self.policy, f"The policy that is judged by{f': {deciding.path}' if deciding.path else ''}")
        self._show_head(judged, verdict)
        self._show_verdict(judged, verdict)

    def _show_head(self, judged: Judged | None, verdict: Verdict | None) -> None:
        deciding, sign = self.deciding, DECIDED[verdict.decided] if verdict else None
        self.word.setText(f"{sign.glyph}\u2002{sign.word}" if sign else "May it ship?")
        self.word.setStyleSheet(_badge(sign.color) if sign else "")
        self.word.setAccessibleName(f"Verdict: {sign.word if sign else 'none'}")
        old = self.workspace.old
        self.name.setText(f"{judged.name} against {old.label}" if judged and old else "")
        self.sentence.setText(_sentence(deciding.problem, judged, verdict, busy=deciding.is_judging))
        self.sentence.setVisible(bool(self.sentence.text()))
        theme.mark(self.sentence, error=bool(deciding.problem or (judged and judged.problem)))

    def _show_verdict(self, judged: Judged | None, verdict: Verdict | None) -> None:
        ships = verdict is not None and verdict.decided == "ship"
        self.criteria.show_verdict(verdict)
        self.fold.setVisible(verdict is not None)
        self._follow_fold()
        notes = [verdict.unknown_sentence(), *_unjudged(verdict)] if verdict else []
        self.notes.setText("\n".join(filter(None, notes)))
        self.notes.setVisible(bool(self.notes.text()))
        self.deeds.setVisible(verdict is not None)
        tab_in_order([self.policy, self.fold, *self.criteria.buttons(), self.export, self.report, self.sign_off])
        theme.mark(self.export, primary=ships)
        self._offer_deeds()
        self.signed.setText(_latest(judged.signed if judged and verdict else ()))
        self.signed.setVisible(bool(self.signed.text()))

    def _offer_deeds(self) -> None:
        current, report = self.workspace.current, self._report_action()
        some = current is not None and self.workspace.decision(current) is not None
        self.export.setEnabled(some)
        why = "Write this version for deployment, at the γ and α on show"
        set_tip(self.export, why if some else "Only answers are open, no weights to write")
        self.report.setVisible(report is not None)
        self.report.setEnabled(report is not None and report.isEnabled())
        self.sign_off.setEnabled(self.deciding.draft is None)
        set_tip(self.sign_off, "Your name on this verdict" if self.deciding.draft is None else "Save the policy first")

    def _turn(self) -> None:
        """Fold or unfold verdicts such as this one from now on."""
        verdict = self._verdict
        if verdict is not None:
            self._unfolded[verdict.decided == "ship"] ^= True
        self._follow_fold()

    @property
    def _verdict(self) -> Verdict | None:
        judged = self.deciding.judged
        return judged.verdict if judged is not None else None

    def _follow_fold(self) -> None:
        verdict = self._verdict
        on = verdict is not None and self._unfolded[verdict.decided == "ship"]
        self.criteria.setVisible(on)
        theme.set_icon(self.fold, "collapse" if on else "chevron")
        what = "Hide the criteria" if on else "Show the criteria"
        self.fold.setAccessibleName(what)
        set_tip(self.fold, what)

    # Deeds --------------------------------------------------------------------------------------------------------

    def _show_images(self, chosen: Filter) -> None:
        self.workspace.set_filter(chosen)
        self.workspace.show_flips.emit()

    def _show_set(self, name: str) -> None:
        judged = self.deciding.judged
        if judged is not None:
            ids = next(each.ids for each in judged.policy.must_not_flip if each.name == name)
            rows = judged.comparison.rows_of(ids)
            self._show_images(Filter(samples=Samples(rows[rows >= 0], f"must not flip: {name}")))

    def _export(self) -> None:
        self.workspace.tool_wanted.emit("export", self.workspace.current)

    def _report_action(self) -> QAction | None:
        return self.window().findChild(QAction, _REPORT)

    def _report(self) -> None:
        action = self._report_action()
        if action is not None:
            action.trigger()


def _sentence(problem: str, judged: Judged | None, verdict: Verdict | None, *, busy: bool) -> str:
    if problem:
        return problem
    if verdict is not None:
        return verdict.counted() + (" Judging anew …" if busy else "")
    if judged is not None and judged.problem:
        return judged.problem
    return "Judging …" if busy else ""


def _unjudged(verdict: Verdict) -> list[str]:
    """Classes that have too few samples."""
    return [
        f"Not judged for too few images: {listed([f'{name} (n={n:,})' for name, n in each.not_judged], 5)}."
        for each in verdict.findings
        if each.not_judged
    ]


def _latest(signed: tuple[str, ...]) -> str:
    """The last sign-offs, the newest first."""
    earlier = len(signed) - _SIGNED
    more = [f"and {count(earlier, 'earlier one')}"] if earlier > 0 else []
    return "\n".join([*reversed(signed[-_SIGNED:]), *more])


def _badge(hue: str) -> str:
    return (
        f"color: {hue}; background: {theme.wash(hue)}; border: 1px solid {hue}; border-radius: 6px; padding: 3px 12px;"
    )
