"""How long an update will take on this machine: asked of the worker once a recipe has rested for a second."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from mpt_studio.gui.beside.worker_client import Request, WorkerClient
from mpt_studio.methods import shown
from mpt_studio.recipe import UpdateRecipe, to_json
from mpt_studio.units import estimated

REST_MS = 1000
_KEPT = 16


@dataclass(frozen=True)
class Estimate:
    """What the worker measured for a recipe."""

    seconds: float
    device: str
    versions: Mapping[str, float]
    """Seconds of each version, by its label."""

    @property
    def told(self) -> str:
        """For people."""
        device = self.device.replace("cpu", "the CPU")
        return f"About {estimated(self.seconds)} on {device}"

    @property
    def parts(self) -> str:
        """A version a line."""
        return "\n".join(f"{shown(label)}: about {estimated(seconds)}" for label, seconds in self.versions.items())


class Estimates(QObject):
    """Of several recipes that are wanted one after the other, the last one counts."""

    changed = Signal()
    job_started = Signal(object)

    def __init__(self, worker: WorkerClient | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._known: OrderedDict[UpdateRecipe, Estimate] = OrderedDict()
        self._wanted: UpdateRecipe | None = None
        self._asked: UpdateRecipe | None = None
        self._request: Request | None = None
        self.problem = ""
        """Why there is none for what is wanted."""
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._ask)

    def want(self, recipe: UpdateRecipe | None) -> None:
        """Estimate this one, if no other is wanted within a second; None wants nothing."""
        if recipe == self._wanted:
            return
        self._wanted, self.problem = recipe, ""
        self._rest.stop()
        if recipe is not None and recipe not in self._known and self._worker is not None:
            self._rest.start()
        self.changed.emit()

    @property
    def current(self) -> Estimate | None:
        """Of the recipe that is wanted; None while it is not there."""
        return self._known.get(self._wanted) if self._wanted is not None else None

    def learn(self, other: Estimates) -> None:
        """What another one was told is known here as well."""
        self._known.update(other._known)

    def versions_of(self, recipe: UpdateRecipe) -> Mapping[str, float]:
        """Seconds of each version of a recipe that was asked about lately; empty for others."""
        found = self._known.get(recipe)
        return found.versions if found is not None else {}

    @property
    def text(self) -> str:
        """A line for whoever is about to press the button."""
        if self.current is not None:
            return self.current.told
        if self.problem:
            return f"Time not known: {self.problem}"
        return "Estimating the time…" if self._wanted is not None and self._worker is not None else ""

    @property
    def detail(self) -> str:
        """What the line is made of."""
        return self.current.parts if self.current is not None else self.problem

    @Slot()
    def _ask(self) -> None:
        recipe = self._wanted
        if recipe is None or self._worker is None or recipe == self._asked:
            return
        self._asked = recipe
        self._request = self._worker.request(
            "estimate",
            {"recipe": to_json(recipe)},
            on_result=partial(self._take, recipe),
            on_error=partial(self._fail, recipe),
            title="Estimating the time",
            latest="estimate",
        )
        self.job_started.emit(self._request)

    def _take(self, recipe: UpdateRecipe, answer: dict[str, Any]) -> None:
        versions = {str(each["label"]): float(each["seconds"]) for each in answer["versions"]}
        self._known[recipe] = Estimate(float(answer["seconds"]), str(answer["device"]), versions)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        self._over(recipe)

    def _fail(self, recipe: UpdateRecipe, sentence: str, _detail: str) -> None:
        if recipe == self._wanted:
            self.problem = sentence
        self._over(recipe)

    def _over(self, recipe: UpdateRecipe) -> None:
        if recipe == self._asked:
            self._asked = None
        self.changed.emit()

    def close(self) -> None:
        """Ask nothing any more; an answer that is still to come is for nobody."""
        self._rest.stop()
        self._wanted = None
        if self._request is not None:
            self._request.cancel()
