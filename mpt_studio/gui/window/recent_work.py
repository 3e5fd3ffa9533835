"""Recent work for the start page: the store's updates and searches, and what was open in a window here."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QObject, QRect, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPainter

from mpt_studio import paths
from mpt_studio.data import Dataset
from mpt_studio.errors import UserError
from mpt_studio.gui.beside.jobs import PoolJob
from mpt_studio.gui.images.thumbnail_files import save_image
from mpt_studio.gui.images.thumbnails import fitted, to_qimage
from mpt_studio.gui.widgets.plain import listed, percent, short_spec
from mpt_studio.gui.widgets.settings import JsonFile
from mpt_studio.gui.window.files import Files
from mpt_studio.gui.window.pages import COMPARE, RUNS, TRAIN, Pages
from mpt_studio.gui.window.session import Session
from mpt_studio.gui.workspace.outcomes import result_words, title_of
from mpt_studio.gui.workspace.place import Place
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.made_of import MisfitError, made_of
from mpt_studio.store import Search, Store, Update
from mpt_studio.units import count

Kind = Literal["update", "search", "comparison", "data"]
_JOBS = ("update", "search")
MOST = 6
"""Entries on the start page."""
_KEPT = 24
_EDGE = 64
"""Pixels of each of the four images of a picture."""


@dataclass(frozen=True)
class Work:
    """One entry: what it was, what came of it, and what opens it again."""

    kind: Kind
    key: str
    """Of an update or a search its id."""
    name: str = ""
    outcome: str = ""
    """In words."""
    when: float = 0.0
    """Seconds since 1970."""
    place: Place = field(default_factory=Place)
    """What to open, where it is neither."""

    @property
    def picture(self) -> Path:
        """Where its picture lies, if it has one."""
        name = hashlib.blake2b(f"{self.kind}|{self.key}".encode(), digest_size=12).hexdigest()
        return paths.cache_dir() / "work" / f"{name}.png"


class WorkFile(JsonFile):
    """What was open in windows here, newest first; small, and written as a whole."""

    def __init__(self) -> None:
        super().__init__("work.json")

    def entries(self, store: Path) -> list[Work]:
        """Of one store; what makes no sense is passed over."""
        found = self.values.get(str(store))
        made = []
        for values in found if isinstance(found, list) else ():
            with contextlib.suppress(MisfitError):
                made.append(made_of(Work, values))
        return made

    def add(self, store: Path, work: Work) -> None:
        """Put it first, in place of what has its key."""
        others = [each for each in self.entries(store) if (each.kind, each.key) != (work.kind, work.key)]
        self.set(**{str(store): [asdict(each) for each in (work, *others)][:_KEPT]})


def recent(store: Store, opened: Sequence[Work], most: int = MOST) -> list[Work]:
    """The newest entries first; reads no more records than are shown, however many updates there are."""
    known = {work.key: work for work in opened if work.kind in _JOBS}
    jobs = {job.id: job for job in store.latest_jobs(most)}
    for key in known.keys() - jobs.keys():
        with contextlib.suppress(UserError):  # deleted since
            jobs[key] = store.job(key)
    made = [_of_job(job, known.get(job.id)) for job in jobs.values()]
    made += [work for work in opened if work.kind not in _JOBS]
    return sorted(made, key=lambda work: work.when, reverse=True)[:most]


def _of_job(job: Update | Search, opened: Work | None) -> Work:
    when = max(job.ended or job.created, opened.when if opened else 0.0)
    kind: Kind = "search" if isinstance(job, Search) else "update"
    return Work(kind, job.id, title_of(job), result_words(job), when)


def of_place(workspace: Workspace, place: Place, now: float) -> Work | None:
    """What is open as an entry; None where that is nothing to come back to."""
    if place.update:
        kind: Kind = "search" if workspace.store.is_search(place.update) else "update"
        return Work(kind, place.update, when=now)
    comparison, data = workspace.comparison(), workspace.dataset
    if comparison is not None and workspace.old is not None:
        every, old = comparison.rates("all"), comparison.rates("old_classes")
        rest = [version.label for version in workspace.candidates]
        outcome = (
            f"{workspace.current_name}: accuracy (all) {percent(every.accuracy_new)}, NFR (old classes) "
            f"{percent(old.nfr)}, {count(comparison.rates('all').negative_flips, 'negative flip')}"
        )
        key = "\n".join(sorted(kept.key for kept in place.versions))
        return Work("comparison", key, f"{listed(rest)} against {workspace.old.label}", outcome, now, place)
    if data is not None and not workspace.versions:
        outcome = f"Data: {count(len(data.sample_ids), 'image')} of {count(len(data.class_names), 'class', 'classes')}"
        return Work("data", data.spec, short_spec(data.spec), outcome, now, Place(data=data.spec))
    return None


def images_of(workspace: Workspace) -> list[int]:
    """Up to four images of the open data: the first of what is filtered, else from all over the data."""
    data = workspace.dataset
    if data is None:
        return []
    found = workspace.images.many(workspace.rows[:4])
    return found or [int(i) for i in data.test[:: max(1, len(data.test) // 4)][:4]]


def draw(data: Dataset, images: Sequence[int], place: Path) -> None:
    """Four images in a square, or one; written beside the window. Images that cannot be read leave their place."""
    across = 2 if len(images) > 1 else 1
    edge = 2 * _EDGE // across
    picture = QImage(2 * _EDGE, 2 * _EDGE, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    for at, index in enumerate(images):
        with contextlib.suppress(UserError, OSError, ValueError):
            image = fitted(to_qimage(data.small_image(index, edge)), edge)
            cell = QRect(at % across * edge, at // across * edge, edge, edge)
            spot = image.rect()
            spot.moveCenter(cell.center())
            painter.drawImage(spot, image)
    painter.end()
    with contextlib.suppress(OSError):  # a full disk only costs the picture
        save_image(picture, place, "PNG")


class RecentWork(QObject):
    """Notes what is open, and reads for the start page what was."""

    found = Signal(object)
    """A list of ``Work``."""

    def __init__(self, workspace: Workspace, files: Files, pages: Pages, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace, self._files, self._pages, self._session = workspace, files, pages, session
        self._file = WorkFile()
        session.kept.connect(self.note)
        self._reading: PoolJob | None = None
        self._noted: dict[str, Any] = {}

    @Slot(object)
    def note(self, place: Place) -> None:
        """What is open is work that may be come back to."""
        work = of_place(self._workspace, place, time.time())
        if work is None:
            return
        seen = asdict(replace(work, when=0.0))
        if seen != self._noted:  # another page or selection is not news
            self._noted = seen
            self._file.add(self._workspace.store.root, work)
        self._picture(work.picture)

    def _picture(self, place: Path) -> None:
        data, images = self._workspace.dataset, images_of(self._workspace)
        if data is not None and images and not place.exists():
            PoolJob("Drawing", lambda: draw(data, images, place), lambda _: None, lambda *_: None, self).start()

    @Slot()
    def refresh(self) -> None:
        """Read it beside the window; ``found`` follows."""
        if self._reading is not None:
            self._reading.cancel()
        store, opened = self._workspace.store, self._file.entries(self._workspace.store.root)
        self._reading = PoolJob("Recent work", lambda: recent(store, opened), self.found.emit, lambda *_: None, self)
        self._reading.start()

    @Slot(object)
    def open(self, work: Work) -> None:
        """Open an entry again; of an update without a result its training, or what stopped it."""
        if work.kind == "data":
            self._files.open_data(work.place.data)
        elif work.kind == "comparison":
            self._workspace.attempted.emit()
            self._session.bring_back(work.place)
            self._pages.show_page(COMPARE.key)
        elif work.kind == "search":
            self._workspace.show_search.emit(work.key, "")
        else:
            self._open_update(work.key)

    def _open_update(self, update_id: str) -> None:
        try:
            update = self._workspace.store.update(update_id)
        except UserError as error:
            self._workspace.message.emit("error", str(error), "")
            self.refresh()
            return
        if update.result:
            self._pages.show_page((COMPARE if self._workspace.opening.open_update(update_id) else RUNS).key)
        else:
            self._pages.show_page((TRAIN if update.outcome in ("queued", "running", "paused") else RUNS).key)
