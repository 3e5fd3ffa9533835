"""The window's state: data, versions, comparisons, filter, selection. Signals, no painting.

Panels read it and listen; every figure they show comes from a ``Comparison`` that it computes once and keeps.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from mpt_studio import compare, jobs
from mpt_studio.data import Dataset
from mpt_studio.errors import UserError
from mpt_studio.gui.beside.jobs import DIRECT_SAMPLES, Latest
from mpt_studio.gui.images.image_index import image_index
from mpt_studio.gui.widgets.plain import listed, number
from mpt_studio.gui.workspace import version as making
from mpt_studio.gui.workspace.annotations import Tables, Thresholds
from mpt_studio.gui.workspace.browsing import NEGATIVE_FLIPS, Browsing
from mpt_studio.gui.workspace.comparisons import Comparisons, Offsets
from mpt_studio.gui.workspace.judging import Judging
from mpt_studio.gui.workspace.loading import DataOpening, Evaluations
from mpt_studio.gui.workspace.opening import Opening
from mpt_studio.gui.workspace.recommending import Recommending
from mpt_studio.gui.workspace.version import OLD_COLOR, Version
from mpt_studio.reading import Reading

if TYPE_CHECKING:
    from mpt_studio.gui.beside.worker_client import WorkerClient
    from mpt_studio.store import Store


class Workspace(Browsing):
    """What is open. ``versions`` holds the old model first, then the others in the order they came."""

    data_changed = Signal()
    versions_changed = Signal()
    current_changed = Signal()
    show_flips = Signal()
    """Asks the window to go to the Flips page."""
    data_wanted = Signal()
    """Versions wait for data; follows the message that says so."""
    job_started = Signal(object)
    """A ``Job`` to show with its progress."""
    tool_wanted = Signal(str, object)
    """Asks for a window of ``VersionTools``: "about", "export", "skipped"; for a version, or None."""

    def __init__(self, store: Store, worker: WorkerClient | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.store, self.worker = store, worker
        self.dataset: Dataset | None = None
        self.versions: list[Version] = []
        self.update_id = ""
        """The update whose versions are open; empty where they came from elsewhere."""
        self._current = ""
        self.judging = Judging(self)
        self._comparisons, self._evaluations = Comparisons(store.root / "comparisons", self), Evaluations(self)
        self.tables, self.thresholds = Tables(self), Thresholds(self)
        for annotating in (self.judging, self.tables, self.thresholds):
            annotating.changed.connect(self._annotated)
        self._comparisons.prepare = self._prepare
        self._locating = Latest(lambda *said: self.message.emit("error", *said), self)
        self.offsets, self.recommending = Offsets(self), Recommending(self)
        self.opening = Opening(self)
        self.offsets.settled.connect(self.current_changed)
        self._comparisons.ready.connect(self._computed)
        self._evaluations.done.connect(self._evaluated)
        self._evaluations.failed.connect(self._not_evaluated)
        self._comparisons.failed.connect(self._failed)
        self._comparisons.blocked.connect(lambda key, why: self._failed(key, why, "", "info"))  # the class doctor asks
        self._data_opening = DataOpening(self)
        self._data_opening.opened.connect(self._take_data)
        self._data_opening.failed.connect(lambda *said: self.message.emit("error", *said))
        for part in (self._comparisons, self._evaluations, self._data_opening):
            part.job_started.connect(self.job_started)

    # Versions -----------------------------------------------------------------------------------------------------

    @property
    def old(self) -> Version | None:
        """The deployed version."""
        return next((v for v in self.versions if v.role == "old"), None)

    @property
    def candidates(self) -> list[Version]:
        """Every version but the old one."""
        return [v for v in self.versions if v.role != "old"]

    @property
    def current(self) -> Version | None:
        """The candidate on show."""
        return self.version(self._current) or next(iter(self.candidates), None)

    @property
    def current_name(self) -> str:
        """What the candidate on show is called, with the logit offset that it is under."""
        gamma = self.offsets.of(self.current.key) if self.current else 0.0
        return (self.current.label if self.current else "") + (f" at γ = {number(gamma, 2)}" if gamma else "")

    def version(self, key: str) -> Version | None:
        """The version with this key."""
        return next((v for v in self.versions if v.key == key), None)

    def add_version(self, version: Version) -> Version:
        """Take a version in, with a colour and a label of its own; one with the same key is replaced."""
        self.versions = [v for v in self.versions if v.key != version.key]
        if version.role == "old" and self.old is not None:
            version.role = "candidate"
        version.color = OLD_COLOR if version.role == "old" else self._free_color()
        version.label = making.unique_label(version.label, {v.label for v in self.versions})
        self.versions.append(version)
        self._forget_comparisons(None if version.role == "old" else version.key)
        self._versions_are_new()
        return version

    def set_old(self, key: str) -> None:
        """Make this version the old model; the former one becomes a candidate with that one's colour."""
        chosen, former = self.version(key), self.old
        if chosen is None or chosen is former:
            return
        if former is not None:
            former.role, former.color = "candidate", chosen.color
        chosen.role, chosen.color = "old", OLD_COLOR
        if self._current == key:
            self._current = former.key if former else ""
        self._forget_comparisons()
        self._versions_are_new()

    def remove(self, key: str) -> None:
        """Close a version; nothing is deleted on disk."""
        gone = self.version(key)
        if gone is None:
            return
        self._evaluations.forget(key)
        self.versions.remove(gone)
        self._forget_comparisons(None if gone.role == "old" else key)
        self._versions_are_new()

    def rename(self, key: str, label: str) -> None:
        """Give a version another label; it stays unique."""
        version, label = self.version(key), label.strip()
        if version is not None and label and label != version.label:
            version.label = making.unique_label(label, {v.label for v in self.versions if v is not version})
            self.versions_changed.emit()

    def clear(self) -> None:
        """Close all versions."""
        self.versions, self._current, self.update_id = [], "", ""
        self._evaluations.forget()
        self._forget_comparisons()
        self._versions_are_new()

    def set_current(self, key: str) -> None:
        """Put a candidate on show."""
        version, before = self.version(key), self.current
        if version is not None and version.role != "old":
            self._current = key
            if version is not before:
                self._current_is_new()

    def _free_color(self) -> int:
        taken = {v.color for v in self.versions}
        return next(i for i in range(len(self.versions) + 1) if i not in taken)

    def _versions_are_new(self) -> None:
        self.versions.sort(key=lambda v: v.role != "old")  # stable: the others keep their order
        self.selected = None  # before anyone looks
        self.recommending.forget()
        self.versions_changed.emit()
        self._current_is_new()

    def _current_is_new(self) -> None:
        self.selected = None
        stale = self.filter.samples is not None  # rows of the comparison that was on show before
        if stale:
            self.filter = self.filter.without("samples")
        self.current_changed.emit()
        self.selection_changed.emit()
        if stale:
            self.filter_changed.emit()

    # Comparisons --------------------------------------------------------------------------------------------------

    def comparison(self, key: str | None = None) -> compare.Comparison | None:
        """Old model against a candidate as trained, or by default against the current one under its logit offset.

        None where one of them has no predictions, and while a large comparison is being computed; then
        ``versions_changed`` (and ``current_changed``) follow.
        """
        version = self.current if key is None else self.version(key)
        if version is None or version.role == "old" or version.problem or self.old is None:
            return None
        base = self._comparisons.get(self.old, version)
        return self.offsets.view(version.key, base) if key is None and base is not None else base

    def set_offset(self, gamma: float) -> None:
        """Look at the current candidate under γ; selection and filter stay, as its samples do."""
        if self.current is not None:
            self.offsets.set(self.current.key, gamma)

    def _prepare(self, comparison: compare.Comparison) -> None:
        """What a new comparison is told of its samples; may run beside the window."""
        image_index(self.dataset, comparison)
        self.judging.prepare(comparison)
        self.tables.prepare(comparison)
        self.thresholds.prepare(comparison)

    def made(self) -> list[compare.Comparison]:
        """The comparisons that are computed, as trained."""
        return self._comparisons.made()

    def _computed(self, key: str) -> None:
        self.versions_changed.emit()
        if self.current is not None and self.current.key == key:
            self._current_is_new()

    def _failed(self, key: str, sentence: str, detail: str, level: str = "error") -> None:
        version = self.version(key)
        if version is not None:
            version.problem = sentence
            self.message.emit(level, f"{version.label}: {sentence}", detail)
            self.selected = None if version is self.current else self.selected
            self.versions_changed.emit()

    def _not_evaluated(self, key: str, sentence: str, detail: str) -> None:
        version = self.version(key)
        if version is not None and version.predictions is not None:  # what it answered before stays
            self.message.emit("error", f"{version.label}: {sentence}", detail)
        else:
            self._failed(key, sentence, detail)

    def _forget_comparisons(self, key: str | None = None) -> None:
        """Of one candidate, or of all (the old model changed)."""
        self._comparisons.forget(key)
        self.offsets.forget(key)
        if key is None:
            for version in self.versions:
                version.problem = ""

    # Opening ------------------------------------------------------------------------------------------------------

    def open_update(self, update_id: str) -> bool:
        """Open an update's versions and data; the recommended candidate comes on show. Tells whether it could."""
        try:
            update = self.store.update(update_id)
            if not update.result:
                raise UserError(f"The update {update.title or update.id} has no result yet ({update.outcome}).")
            opened = making.of_update(update.result)
        except UserError as error:
            self.message.emit("error", str(error), "")
            return False
        self._replace_versions(opened)
        self.update_id = update_id
        recommended = (update.result.get("recommended") or {}).get("run", "")
        self.filter, self.sort_key, self.sort_descending = NEGATIVE_FLIPS, "margin_drop", True
        self.set_current(str(recommended))
        self.open_data(str((update.result.get("data") or {}).get("spec") or update.recipe.data))
        return True

    def open_run(self, run_id: str) -> bool:
        """Add one run's version to those that are open."""
        try:
            version = making.of_run(self.store.run(run_id))
        except UserError as error:
            self.message.emit("error", str(error), "")
            return False
        self.add_version(version)
        self._evaluate(version)
        return True

    def _replace_versions(self, opened: list[Version]) -> None:
        self.versions, self._current, self.update_id = [], "", ""
        self._evaluations.forget()
        self._forget_comparisons()
        taken: set[str] = set()
        for version in opened:
            version.label = making.unique_label(version.label, taken)
            taken.add(version.label)
        self.versions = opened
        self._versions_are_new()

    def open_paths(self, chosen: list[Path]) -> None:
        """Weights and predictions become versions, image folders and manifests the data, other tables metadata."""
        self.opening.open(chosen)

    def compare_paths(self, old: Path, new: Path) -> None:
        """Compare two files of weights or predictions instead of what is open, if both can be read."""
        self.opening.open([old, new], instead=True)

    def take_in(self, opened: list[Version]) -> None:
        """Add versions that were opened together: two are old model and candidate."""
        pair, former = len(opened) == 2, self.old
        if pair and former is not None:
            former.role, former.color = "candidate", self._free_color()
        if self.old is None:
            making.choose_old(opened, alone=not self.versions)
        for version in opened:
            self.add_version(version)
        if pair:
            self.set_current(next(v.key for v in opened if v.role != "old"))
        self._evaluate_pending()

    def reread(self, version: Version, reading: Reading) -> None:
        """Take a version from elsewhere as it is read now; its answers are those of other weights from here on."""
        if version not in self.versions or reading.checkpoint is None:
            return
        self._evaluations.forget(version.key)
        version.reading, version.checkpoint = reading, reading.checkpoint.path
        version.predictions = None
        self.compare_again(version.key)
        self._evaluate_pending()

    def compare_again(self, key: str) -> None:
        """Forget what was found between the old model and a version: classes or weights are taken otherwise now."""
        for version in [v for v in self.versions if v.key == key]:
            version.problem = ""
            self._forget_comparisons(None if version.role == "old" else key)
            self._versions_are_new()

    def open_data(self, spec: str) -> None:
        """Open a data set by its spec; the slow part runs in the worker."""
        if self.dataset is not None and self.dataset.spec == spec:
            return
        self._data_opening.open(spec, self.worker)

    def _take_data(self, dataset: Dataset) -> None:
        self.dataset = dataset
        making.tell_of(self.dataset, self.store, self.message.emit)
        for version in [v for v in self.versions if making.fit_to(v, self.dataset)]:
            self.compare_again(version.key)
        if self.dataset.metadata:
            self.tables.follow(jobs.metadata_file(self.store, self.dataset))
        self._locate_images(self.dataset)

    def _locate_images(self, dataset: Dataset) -> None:
        """Find the images of the samples, beside the window where they are many; then tell of the data."""
        made = self.made()
        many = sum(map(len, made)) > DIRECT_SAMPLES
        self._locating.ask(lambda _: [image_index(dataset, each) for each in made], self._located, beside=many)

    def _located(self, _: object) -> None:
        self.data_changed.emit()
        self._evaluate_pending()

    @property
    def waiting_for_data(self) -> list[Version]:
        """Checkpoints that cannot be evaluated before data are open."""
        return [] if self.dataset is not None else [v for v in self.versions if v.predictions is None]

    def _evaluate_pending(self) -> None:
        if self.waiting_for_data:
            names = listed([v.label for v in self.waiting_for_data])
            self.message.emit("warning", f"{names}: open the data to evaluate on (Ctrl+D, or drop a folder).", "")
            self.data_wanted.emit()
            return
        for version in self.versions:
            self._evaluate(version)

    def _evaluate(self, version: Version) -> None:
        if self.dataset is None or self.worker is None or version.problem or not version.checkpoint:
            return
        known, chosen = version.predictions, not self.update_id  # an update's answers are on its own data
        if known is None or (chosen and known.data_fingerprint not in ("", self.dataset.fingerprint)):
            self._evaluations.start(self.worker, version, self.dataset.spec)

    def _evaluated(self, key: str) -> None:
        version = self.version(key)
        if version is not None:
            self._forget_comparisons(None if version.role == "old" else key)
            self._versions_are_new()

    def close(self) -> None:
        """Cancel what still runs."""
        self.stop_seeking()
        self.opening.close()
        self._locating.cancel()
        self.judging.close()
        self.offsets.forget()
        self._comparisons.forget()
        self._evaluations.forget()
