"""What is open, on show, filtered and selected: the state that the parts of the workspace share, below all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, SignalInstance

from mpt_studio.compare import Comparison, Decision, Filter, Group
from mpt_studio.compare.figures import missing
from mpt_studio.compare.finding.arrange import Key
from mpt_studio.data import Dataset
from mpt_studio.gui.images.image_index import ImageIndex, image_index
from mpt_studio.gui.images.thumbnails import CACHE_BYTES, Thumbnails
from mpt_studio.gui.widgets.plain import listed, number
from mpt_studio.gui.workspace.browsing import NEGATIVE_FLIPS, GroupBy, Order, RowFinder, Rows
from mpt_studio.gui.workspace.comparisons import Comparisons, Offsets
from mpt_studio.gui.workspace.version import FIXED_COLORS, OLD_COLOR, Version, unique_label

if TYPE_CHECKING:
    from mpt_studio.gui.beside.worker_client import WorkerClient
    from mpt_studio.store import Store


class Opened(QObject):
    """``versions`` holds the old model first, then the others in the order they came.

    Whoever changes something here is heard by its signals; it knows none of those who listen.
    """

    data_changed = Signal()
    versions_changed = Signal()
    comparison_changed = Signal()
    """What ``comparison`` gives is another one now, or none: other answers, another candidate, another logit offset.

    The one signal of this; every view follows it, shown or hidden, before it hears of anything else.
    """
    filter_changed = Signal()
    rows_changed = Signal()
    """New rows are here; where there are many samples, some time after ``filter_changed``."""
    selection_changed = Signal()

    message = Signal(str, str, str)
    """Level ("info", "warning", "error"), sentence, detail."""
    attempted = Signal()
    """Something else is being opened: what was said of the last thing matters no more."""
    job_started = Signal(object)
    """A ``Job`` to show with its progress."""
    closing = Signal()
    data_wanted = Signal()
    """Versions wait for data; follows the message that says so."""

    choose_data = Signal()
    """Asks the window which data to open; those that follow ask it to go to a page."""
    show_compare = Signal()
    show_flips = Signal()
    show_recipe = Signal(object)
    """An ``UpdateRecipe`` for the form."""
    edit_recipe = Signal()
    show_curves = Signal(object)
    """Ids of the runs whose curves to lay over those on show."""
    resume = Signal(str)
    """Id of an update or a search to go on with."""
    show_search = Signal(str, str)
    """Ids of a search, and of a run of it to select, or ""."""
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
        self.filter = NEGATIVE_FLIPS
        self.sort_key: Key = "margin_drop"
        self.sort_descending = True
        self.group_by: GroupBy = ""
        self.selected: int | None = None
        self.preparing: list[Callable[[Comparison], object]] = []
        """What every new comparison is told of its samples, in the thread that makes it."""
        self.offsets = Offsets(self)
        self.offsets.settled.connect(self.comparison_changed)
        self._comparisons = Comparisons(store.root / "comparisons", self)
        self._comparisons.prepare = self._prepare
        self._comparisons.job_started.connect(self.job_started)
        self._comparisons.ready.connect(self._answers_are_new)
        self._comparisons.failed.connect(self._not_compared)
        self._comparisons.blocked.connect(lambda key, why: self._not_compared(key, why, "", "info"))  # the doctor asks
        self._finder = RowFinder(self)
        self._finder.found.connect(self.rows_changed)
        self._finder.failed.connect(lambda sentence, detail: self.message.emit("error", sentence, detail))

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

    @property
    def waiting_for_data(self) -> list[Version]:
        """Checkpoints that cannot be evaluated before data are open."""
        versions = self.versions if self.dataset is None else []
        return [v for v in versions if v.predictions is None and not v.is_training]

    def version(self, key: str) -> Version | None:
        """The version with this key."""
        return next((v for v in self.versions if v.key == key), None)

    def add_version(self, version: Version) -> Version:
        """Take a version in, with a colour and a label of its own; one with the same key is replaced in its place."""
        place = next((at for at, v in enumerate(self.versions) if v.key == version.key), len(self.versions))
        self.versions = [v for v in self.versions if v.key != version.key]
        if version.role == "old" and self.old is not None:
            version.role = "candidate"
        fixed = FIXED_COLORS.get(version.role)
        version.color = self._free_color() if fixed is None else fixed
        version.label = unique_label(version.label, {v.label for v in self.versions})
        self.versions.insert(place, version)
        self.answers_changed(version)
        return version

    def replace(self, versions: list[Version], update_id: str = "") -> None:
        """Close all versions and open these, which have their roles and colours."""
        taken: set[str] = set()
        for version in versions:
            version.label = unique_label(version.label, taken)
            taken.add(version.label)
        self.versions, self._current, self.update_id = versions, "", update_id
        self._forget_comparisons()
        self._versions_are_new()

    def clear(self) -> None:
        """Close all versions."""
        self.replace([])

    def set_old(self, key: str) -> None:
        """Make this version the old model; the former one becomes a candidate with that one's colour."""
        chosen, former = self.version(key), self.old
        if chosen is None or chosen is former:
            return
        freed = chosen.color
        chosen.role, chosen.color = "old", OLD_COLOR
        if former is not None:
            former.role, former.color = "candidate", freed if freed >= 0 else self._free_color()
        if self._current == key:
            self._current = former.key if former else ""
        self._forget_comparisons()
        self._versions_are_new()

    def demote_old(self) -> None:
        """The old model becomes a candidate, as another one is about to come."""
        if self.old is not None:
            self.old.color, self.old.role = self._free_color(), "candidate"

    def remove(self, key: str) -> None:
        """Close a version; nothing is deleted on disk."""
        gone = self.version(key)
        if gone is not None:
            self.versions.remove(gone)
            self.answers_changed(gone)

    def rename(self, key: str, label: str) -> None:
        """Give a version another label; it stays unique."""
        version, label = self.version(key), label.strip()
        if version is not None and label and label != version.label:
            version.label = unique_label(label, {v.label for v in self.versions if v is not version})
            self.versions_changed.emit()

    def set_current(self, key: str) -> None:
        """Put a candidate on show."""
        version, before = self.version(key), self.current
        if version is not None and version.role != "old":
            self._current = key
            if version is not before:
                self._comparison_is_new()

    def _free_color(self) -> int:
        taken = {v.color for v in self.versions}
        return next(i for i in range(len(self.versions) + 1) if i not in taken)

    def _versions_are_new(self) -> None:
        self.versions.sort(key=lambda v: v.role != "old")  # stable: the others keep their order
        self._comparison_is_new(self.versions_changed)

    def _comparison_is_new(self, *more: SignalInstance) -> None:
        self.selected = None
        stale = self.filter.samples is not None  # rows of the comparison that was on show before
        if stale:
            self.filter = self.filter.without("samples")
        for signal in (self.comparison_changed, *more, self.selection_changed):
            signal.emit()
        if stale:
            self.filter_changed.emit()

    # Comparisons --------------------------------------------------------------------------------------------------

    def comparison(self, key: str | None = None) -> Comparison | None:
        """Old model against a candidate as trained, or by default against the current one under its logit offset.

        None where one of them has no predictions, and while a large comparison is being computed; then
        ``comparison_changed`` follows, or ``versions_changed`` for one that is not on show.
        """
        version = self.current if key is None else self.version(key)
        if version is None or version.role == "old" or version.problem or self.old is None:
            return None
        base = self._comparisons.get(self.old, version)
        return self.offsets.view(version.key, base) if key is None and base is not None else base

    def made(self) -> list[Comparison]:
        """The comparisons that are computed, as trained."""
        return self._comparisons.made()

    def decision(self, version: Version) -> Decision | None:
        """The version as it is looked at: its weights and its logit offset; None where there are no weights."""
        found = version.mixed or (Decision(version.checkpoint) if version.checkpoint else None)
        return found and dataclasses.replace(found, gamma=self.offsets.of(version.key))

    def set_offset(self, gamma: float) -> None:
        """Look at the current candidate under γ; selection and filter stay, as its samples do."""
        if self.current is not None:
            self.offsets.set(self.current.key, gamma)

    def compare_again(self, key: str) -> None:
        """Forget what was found between the old model and a version: classes or weights are taken otherwise now."""
        version = self.version(key)
        if version is not None:
            version.problem = ""
            self.answers_changed(version)

    def answers_changed(self, version: Version) -> None:
        """A version came or went, or it answers otherwise: what was found with it holds no more."""
        self._forget_comparisons(None if version.role == "old" else version.key)
        self._versions_are_new()

    def refuse(self, version: Version, sentence: str, detail: str = "", level: str = "error") -> None:
        """A version cannot be compared; say why."""
        version.problem = sentence
        self.message.emit(level, f"{version.label}: {sentence}", detail)
        self._answers_are_new(version.key)

    def _prepare(self, comparison: Comparison) -> None:
        for prepare in self.preparing:
            prepare(comparison)

    def _answers_are_new(self, key: str) -> None:
        """A version's comparison is there, or it is known that there will be none."""
        if self.current is not None and self.current.key == key:
            self._comparison_is_new(self.versions_changed)
        else:
            self.versions_changed.emit()

    def _not_compared(self, key: str, sentence: str, detail: str, level: str = "error") -> None:
        version = self.version(key)
        if version is not None:
            self.refuse(version, sentence, detail, level)

    def _forget_comparisons(self, key: str | None = None) -> None:
        """Of one candidate, or of all (the old model changed)."""
        self._comparisons.forget(key)
        self.offsets.forget(key)
        if key is None:
            for version in self.versions:
                version.problem = ""

    # What of the comparison on show is looked at ------------------------------------------------------------------

    @property
    def rows(self) -> Rows:
        """Rows of the current comparison that pass the filter, in the chosen order; older ones while it is sought."""
        order = Order(*self.order_in_force, self.group_by)
        return self._finder.get(self.comparison(), self.filter, order)

    @property
    def order_in_force(self) -> tuple[Key, bool]:
        """What rows are ordered by and whether the largest come first: by flow where what was chosen needs scores."""
        shown = self.comparison()
        lacks = shown is not None and missing.reason(shown, self.sort_key)
        return ("flow", False) if lacks else (self.sort_key, self.sort_descending)

    @property
    def groups(self) -> list[Group]:
        """What ``rows`` fall into; empty where they are not grouped."""
        return self._finder.groups

    @property
    def is_seeking(self) -> bool:
        """Whether ``rows`` are still those of an earlier request."""
        return self._finder.is_busy

    def set_filter(self, new: Filter) -> None:
        """Filter the current comparison's samples."""
        self.filter = new
        self.filter_changed.emit()

    def set_sort(self, key: Key, descending: bool) -> None:
        """Order the rows."""
        self.sort_key, self.sort_descending = key, descending
        self.filter_changed.emit()

    def set_group(self, by: GroupBy) -> None:
        """Put rows of one true class, or of one flow pair, together."""
        self.group_by = by
        self.filter_changed.emit()

    @property
    def images(self) -> ImageIndex:
        """Which image of the open data belongs to each sample of the comparison on show."""
        return image_index(self.dataset, self.comparison())

    def thumbnails(self, parent: QObject, limit: int = CACHE_BYTES) -> Thumbnails:
        """A cache of the open data's images, for as long as this lives; it goes over to other data when they come."""
        made = Thumbnails(parent, limit=limit)
        made.set_dataset(self.dataset)
        self.data_changed.connect(lambda: made.set_dataset(self.dataset))
        self.closing.connect(made.close)
        return made

    def select(self, row: int | None) -> None:
        """Select a sample by its row in the current comparison."""
        if row != self.selected:
            self.selected = row
            self.selection_changed.emit()

    def annotated(self) -> None:
        """Marks, metadata or thresholds changed: rows that were found by them are sought anew."""
        chosen = self.filter
        if any((chosen.marks, chosen.causes, chosen.columns, chosen.ranges)) or self.sort_key in ("mark", "cause"):
            self._finder.renew()
        self.filter_changed.emit()

    def close(self) -> None:
        """Cancel what still runs."""
        self.closing.emit()
        self._finder.forget()
        self.offsets.forget()
        self._comparisons.forget()


def why_waiting(opened: Opened) -> str:
    """Which checkpoints wait for images to answer on; empty where none does."""
    names = [version.label for version in opened.waiting_for_data]
    if not names:
        return ""
    wait = "waits" if len(names) == 1 else "wait"
    return f"{listed(names)} {wait} for data: open the images that they should answer on."


def what_runs(opened: Opened) -> str:
    """What the comparison on show still needs; empty where versions are missing."""
    old, current = opened.old, opened.current
    if old is not None and old.is_training and current is None:
        return f"{old.label}: being trained; the updates follow, and the comparison appears here."
    if old is None or current is None:
        return ""
    unknown = [version for version in (old, current) if version.predictions is None]
    if unknown:
        names = " and ".join(version.label for version in unknown)
        doing = "trained" if any(version.is_training for version in unknown) else "evaluated"
        return f"{names}: being {doing}; the comparison appears here."
    return f"Comparing {current.label} with {old.label}…"
