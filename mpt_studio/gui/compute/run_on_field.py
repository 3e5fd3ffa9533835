"""*Run on*: the choice where a job is done, wherever one is started."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from mpt_studio.errors import UserError
from mpt_studio.gui.compute.run_on import RunOn
from mpt_studio.gui.widgets import plain, theme
from mpt_studio.gui.widgets.forms import FormDialog
from mpt_studio.gui.widgets.wheel import ComboBox, SpinBox
from mpt_studio.jobs.cluster.described import is_address, write_examples

_ADDRESS, _DESCRIBE = "address", "describe"
"""Entries that do something."""
_TIP = "Who trains and evaluates what is started from now on, also what is resumed."
_TIP_SPREAD = "Over how many GPUs of this machine each training is spread; it never changes a result."
_SAME = "Its workers see this store, the data and the models under the same paths, and have the same versions."
_NOTE = "Clusters are described in {path}, with an example of each kind; save it and come back."


class RunOnField(QWidget):
    """Shows and changes ``RunOn``; several of them show the same choice.

    ``sentence``, for whoever has the field to place, says what is wrong with it; it is there only then.
    """

    def __init__(self, run_on: RunOn, parent: QWidget | None = None, *, spreads: bool = False) -> None:
        """``spreads`` offers to spread each training over this machine's GPUs, where there are several."""
        super().__init__(parent)
        self._run_on, self._spreads, self._note = run_on, spreads, ""
        self.choice, self.spread = ComboBox(self), SpinBox(self)
        self.choice.setAccessibleName("Run on")
        self.choice.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(12)
        self.sentence = plain.label(wrap=True)
        self.sentence.hide()
        self.spread.setAccessibleName("Spread each training over so many GPUs")
        self.spread.setMinimum(1)
        self.spread.setPrefix("over ")
        self.spread.setKeyboardTracking(False)
        plain.set_tip(self.spread, _TIP_SPREAD)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.choice, 1)
        row.addWidget(self.spread)
        self.setFocusProxy(self.choice)
        self.choice.activated.connect(self._chosen)
        self.spread.valueChanged.connect(run_on.choose_spread)
        run_on.changed.connect(self._show)
        self._show()

    @Slot()
    def _show(self) -> None:
        box, run_on = self.choice, self._run_on
        box.clear()
        for place in run_on.places():
            box.addItem(place.title, place.cluster)
            box.setItemData(box.count() - 1, plain.tip(place.tip), Qt.ItemDataRole.ToolTipRole)
        box.setCurrentIndex(box.findData(run_on.cluster))
        chosen = box.itemData(box.currentIndex(), Qt.ItemDataRole.ToolTipRole)
        box.setToolTip(f"{plain.tip(_TIP)}<br>{chosen}")
        box.insertSeparator(box.count())
        for key, text in ((_ADDRESS, "A Dask scheduler…"), (_DESCRIBE, self._describe_text())):
            box.addItem(text)
            box.setItemData(box.count() - 1, key, _DEED)
        self._show_spread()

    def tell(self, problem: str) -> None:
        """Why nothing can be started there; else what is wrong with clusters.toml, or where that is."""
        fault = self._run_on.fault
        self.sentence.setText(problem or fault or self._note)
        self.sentence.setVisible(bool(problem or fault or self._note))
        theme.mark(
            self.sentence, error=bool(problem), warning=not problem and bool(fault), muted=not (problem or fault)
        )

    def _describe_text(self) -> str:
        return "Edit clusters.toml…" if self._run_on.has_file else "Describe a cluster…"

    def _show_spread(self) -> None:
        self.spread.setVisible(self._spreads and self._run_on.gpus > 1 and not self._run_on.cluster)
        self.spread.blockSignals(True)
        self.spread.setMaximum(max(1, self._run_on.gpus))
        self.spread.setValue(self._run_on.spread)
        self.spread.blockSignals(False)
        self.spread.setSuffix(" GPU" if self._run_on.spread == 1 else " GPUs")

    @Slot(int)
    def _chosen(self, index: int) -> None:
        deed, cluster = self.choice.itemData(index, _DEED), self.choice.itemData(index)
        self.choice.setCurrentIndex(self.choice.findData(self._run_on.cluster))
        if deed == _ADDRESS:
            self._ask_address()
        elif deed == _DESCRIBE:
            self._describe()
        elif cluster != self._run_on.cluster:
            self._run_on.choose(str(cluster))

    def _ask_address(self) -> None:
        dialog = AddressDialog(self._run_on.address, self)
        dialog.accepted.connect(lambda: self._run_on.choose(dialog.address))
        dialog.open()

    def _describe(self) -> None:
        """Open the file in whatever edits text here; where there is none yet, an example of each kind."""
        try:
            path = write_examples()
            self._note = _NOTE.format(path=path)
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
        except UserError as error:
            self._note = str(error)
        self._run_on.renew()
        self._run_on.changed.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._run_on.renew()

    def changeEvent(self, event: QEvent) -> None:
        """Whoever comes back may have edited the file."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow() and self.isVisible():
            self._run_on.renew()


_DEED = Qt.ItemDataRole.UserRole + 1


class AddressDialog(FormDialog):
    """Asks for the address of a scheduler that runs already."""

    def __init__(self, address: str, parent: QWidget | None = None) -> None:
        super().__init__("A Dask scheduler", _SAME, "Run there", parent)
        self.edit = QLineEdit(address)
        self.edit.setPlaceholderText("tcp://HOST:8786 or tls://HOST:8786")
        self.edit.setAccessibleName("Address of the scheduler")
        self.form.addRow("Address", self.edit)
        self.edit.textChanged.connect(lambda _: self.check())
        self.check()

    @property
    def address(self) -> str:
        return self.edit.text().strip()

    def missing(self) -> str:
        if not self.address:
            return "Write where the scheduler listens, as tcp://HOST:8786."
        try:
            known = is_address(self.address)
        except UserError as error:
            return str(error)
        return "" if known else f"Write it as tcp://{self.address} or tls://{self.address}."
