"""Where one version looks on several samples at once: one switch for all images that lie side by side."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

from mpt_studio.gui.charts.heat import heat_image
from mpt_studio.gui.sample.image import SampleImage
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.plain import set_tip
from mpt_studio.gui.widgets.wheel import ComboBox
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace

_KEPT = 64
_OPACITY = 0.75
_OLD, _NEW = "old", "new"
Key = tuple[str, str, str]
"""Sample id, checkpoint, class that is explained: the version's own answer."""


class SideSaliency(QWidget):
    """Lays maps over ``images``; ``show_rows`` says of which samples those are."""

    told = Signal(str)
    """What it does or why there is nothing to see; empty when all is there."""

    def __init__(self, workspace: Workspace, images: Sequence[SampleImage], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._images = workspace, images
        self._rows: list[int] = []
        self._there: set[int] = set()
        self._maps: OrderedDict[Key, dict[str, Any] | str] = OrderedDict()
        """The worker's answer, or the sentence that says why there is none."""
        self._asked: set[Key] = set()
        self.switch, self.side = QPushButton("Where it looks"), ComboBox()
        self.switch.setCheckable(True)
        self.switch.setAccessibleName("Show where the version looks on all images")
        set_tip(self.switch, "What speaks for the version's own answer, on all images at once (S)")
        self.side.addItem("by the old model", _OLD)
        self.side.addItem("by the candidate", _NEW)
        self.side.setCurrentIndex(1)
        self.side.setAccessibleName("Version whose evidence is shown")
        self.side.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        row = bare(QHBoxLayout(self))
        row.addWidget(self.switch)
        row.addWidget(self.side)
        self.switch.toggled.connect(lambda _: self.refresh())
        self.side.activated.connect(lambda _: self.refresh())
        for i, image in enumerate(images):
            image.set_overlay_opacity(_OPACITY)
            image.shown.connect(lambda *_, i=i: self._image_is_there(i))

    def show_rows(self, rows: Sequence[int]) -> None:
        """These rows of the current comparison will lie on the first images; call before they do."""
        self._rows, self._there = list(rows), set()
        self.refresh()

    def _image_is_there(self, i: int) -> None:
        self._there.add(i)
        self._draw(i)

    def refresh(self) -> None:
        """Draw what is known, ask for the rest."""
        for i in range(len(self._images)):
            self._draw(i)
        self._tell()

    @property
    def version(self) -> Version | None:
        """Whose evidence is shown."""
        return self._workspace.old if self.side.currentData() == _OLD else self._workspace.current

    def _draw(self, i: int) -> None:
        key = self._key(i) if self.switch.isChecked() and not self._why_not() else None
        found = self._maps.get(key) if key is not None else None
        if key is not None and found is None:
            self._ask(key)
        drawn = isinstance(found, dict) and i in self._there  # else the image of an earlier sample is still on show
        heat = _heat(found, key[2]) if drawn and isinstance(found, dict) and key is not None else None
        self._images[i].set_overlay(heat, found["image_box"] if isinstance(found, dict) else (0, 0, 1, 1))

    def _key(self, i: int) -> Key | None:
        comparison, version = self._workspace.comparison(), self.version
        if comparison is None or version is None or i >= len(self._rows):
            return None
        row = self._rows[i]
        name = self._workspace.explanations.class_answered(version, row)
        return str(comparison.sample_ids[row]), version.checkpoint, name

    def _ask(self, key: Key) -> None:
        worker, data = self._workspace.worker, self._workspace.dataset
        if worker is None or data is None or key in self._asked:
            return
        self._asked.add(key)
        sample, checkpoint, answer = key
        job = worker.request(
            "saliency",
            {"checkpoints": [checkpoint], "data": data.spec, "sample": sample, "classes": [answer]},
            on_result=lambda result: self._keep(key, dict(result["versions"][0])),
            on_error=lambda sentence, _detail: self._keep(key, sentence),
            title=f"Where it looks on {sample}",
        )
        job.finished.connect(partial(self._asked.discard, key))

    def _keep(self, key: Key, answer: dict[str, Any] | str) -> None:
        self._maps[key] = answer
        while len(self._maps) > _KEPT:
            self._maps.popitem(last=False)
        self.refresh()

    def _why_not(self) -> str:
        explanations, version = self._workspace.explanations, self.version
        if self._workspace.dataset is None:
            return "Open the data (Ctrl+D) to see where the versions look."
        if self._workspace.worker is None or version is None:
            return "The worker process is not there."
        return explanations.why_not(version)

    def _tell(self) -> None:
        keys = [key for i in range(len(self._rows)) if (key := self._key(i)) is not None]
        answers = [self._maps.get(key) for key in keys]
        if not self.switch.isChecked():
            self.told.emit("")
        elif reason := self._why_not() or next((a for a in answers if isinstance(a, str)), ""):
            self.told.emit(reason)
        else:
            self.told.emit("Looking where it looks…" if None in answers else "")


def _heat(answer: dict[str, Any], name: str) -> Any:
    """The class's map as a picture; None where nothing speaks for it or the file is gone."""
    found = next((each for each in answer["maps"] if each["class"] == name), None)
    if found is None or found["is_empty"]:
        return None
    try:
        return heat_image(np.load(found["path"]))
    except (OSError, ValueError):
        return None
