"""About one version, in a window of its own; the main window stays usable."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QScrollArea, QVBoxLayout, QWidget

from mpt_studio.gui.version_facts import VersionFacts
from mpt_studio.gui.versions import Version
from mpt_studio.gui.workspace import Workspace


class VersionDialog(QDialog):
    """Follows its version; goes with it."""

    def __init__(self, workspace: Workspace, version: Version, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self.version = workspace, version
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"About {version.label}")
        self.resize(560, 480)
        self.facts = VersionFacts()
        self.facts.change_wanted.connect(workspace.opening.ask_anew)
        self.facts.export_wanted.connect(lambda version: workspace.tool_wanted.emit("export", version))
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.facts)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 16, 12)
        layout.addWidget(area)
        layout.addWidget(buttons)
        workspace.versions_changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        if self.version in self._workspace.versions:
            self.facts.show_version(self.version)
        else:
            self.reject()
