"""Which samples to export, and as what."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from mpt_studio.gui.dialogs import FormDialog
from mpt_studio.gui.plain import count

FORMATS = (
    ("csv", "CSV table"),
    ("parquet", "Parquet table"),
    ("images", "Folder of images, by flow pair"),
    ("sheet", "Contact sheet (PNG)"),
)
SCOPES = (("selected", "Selected"), ("shown", "Shown by the filter"), ("all", "All"))


class ExportDialog(FormDialog):
    """``sizes`` tells how many samples each scope has; ``images`` whether the data are open."""

    def __init__(self, sizes: dict[str, int], images: bool, parent: QWidget | None = None) -> None:
        super().__init__("Export samples", "What should be written of the comparison on show?", "Export…", parent)
        self._images = images
        self.scope = _Choice([(key, f"{text}: {count(sizes[key], 'sample')}") for key, text in SCOPES])
        self.format = _Choice(list(FORMATS))
        for key, _ in SCOPES:
            self.scope.buttons[key].setEnabled(sizes[key] > 0)
        self.scope.choose(next((key for key, _ in SCOPES if sizes[key] > (key == "selected")), "all"))
        self.format.choose("csv")
        self.form.addRow("Samples", self.scope)
        self.form.addRow("As", self.format)
        self.format.group.buttonToggled.connect(lambda *_: self.check())
        self.check()

    def missing(self) -> str:
        needs_images = self.format.chosen in ("images", "sheet")
        return "Images need the data; open them first (Ctrl+D)." if needs_images and not self._images else ""


class _Choice(QWidget):
    """Radio buttons, one below the other."""

    def __init__(self, options: list[tuple[str, str]]) -> None:
        super().__init__()
        self.group, self.buttons = QButtonGroup(self), {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for key, text in options:
            self.buttons[key] = QRadioButton(text)
            self.group.addButton(self.buttons[key])
            layout.addWidget(self.buttons[key])

    @property
    def chosen(self) -> str:
        return next(key for key, button in self.buttons.items() if button.isChecked())

    def choose(self, key: str) -> None:
        self.buttons[key].setChecked(True)
