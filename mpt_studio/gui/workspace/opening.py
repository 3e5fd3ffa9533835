"""What was dropped or chosen on its way to becoming versions and data. Slow reading happens in the worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from mpt_studio.data.manifest_table import is_manifest
from mpt_studio.data.sources import spec_of
from mpt_studio.errors import UserError, shown_name
from mpt_studio.gui.beside.jobs import Job, PoolJob
from mpt_studio.gui.workspace import version as making
from mpt_studio.gui.workspace.annotations import Tables
from mpt_studio.gui.workspace.browsing import NEGATIVE_FLIPS
from mpt_studio.gui.workspace.items import Item, Question, ScoresQuestion, missing_in
from mpt_studio.gui.workspace.loading import Loading
from mpt_studio.gui.workspace.opened import Opened
from mpt_studio.gui.workspace.version import Version
from mpt_studio.jobs.kinds import kind_of
from mpt_studio.predictions import Predictions, Scale, UnclearScores
from mpt_studio.reading import NOTHING_CHOSEN, Choices, Reading, reading_from_json, to_json

DIRECT_BYTES = 100_000
"""Tables up to this size are imported at once; it takes half a frame (measured: up to 8 ms)."""
BESIDE_BYTES = 1_000_000
"""Those up to this size are imported in a thread, sooner than a worker could be started for them."""


class Opening(QObject):
    """Reads what is opened; versions that are opened together arrive together, or not at all."""

    changed = Signal()
    """Something is being read, was refused, or is done."""
    asked = Signal(object)
    """A ``Question`` or ``ScoresQuestion`` for a dialog."""
    taken = Signal()
    """Versions were opened."""

    def __init__(self, opened: Opened, loading: Loading, tables: Tables) -> None:
        super().__init__(opened)
        self._opened, self._loading, self._tables = opened, loading, tables
        self._is_closed = False
        self.items: list[Item] = []
        """What is being read, and what was refused until somebody has seen it."""

    def open(self, paths: Sequence[Path], *, instead: bool = False) -> None:
        """Open files and folders; ``instead`` of what is open, where all of them can be read."""
        self._opened.attempted.emit()
        batch = [Item(path, self) for path in paths]
        self.items += batch
        starts = [(item, start) for item in batch if (start := self._prepared(item, batch, instead))]
        for item, start in starts:
            start(item)
        self._finish(batch, instead)

    def open_update(self, update_id: str) -> bool:
        """Open an update's versions and data; the recommended candidate comes on show. Tells whether it could."""
        opened = self._opened
        opened.attempted.emit()
        try:
            update = opened.store.update(update_id)
            if not update.result:
                raise UserError(f"The update {update.title or update.id} has no result yet ({update.outcome}).")
            versions = making.of_update(update.result)
        except UserError as error:
            opened.message.emit("error", str(error), "")
            return False
        opened.filter, opened.sort_key, opened.sort_descending = NEGATIVE_FLIPS, "margin_drop", True
        opened.replace(versions, update_id)
        opened.set_current(str((update.result.get("recommended") or {}).get("run", "")))
        self._loading.open(str((update.result.get("data") or {}).get("spec") or update.recipe.data))
        return True

    def open_run(self, run_id: str) -> bool:
        """Add one run's version to those that are open. Tells whether it could."""
        try:
            version = making.of_run(self._opened.store.run(run_id))
        except UserError as error:
            self._opened.message.emit("error", str(error), "")
            return False
        self._opened.add_version(version)
        self._loading.evaluate_one(version)
        return True

    def _prepared(self, item: Item, batch: list[Item], instead: bool) -> Callable[[Item], None] | None:
        """How an item is read; None where that was said or done at once."""
        try:
            kind = kind_of(item.path)
        except UserError as error:
            self._refused(item, str(error))
            return None

        def over() -> None:
            self._finish(batch, instead)

        if kind == "weights":
            return lambda item: self._read(item, NOTHING_CHOSEN, None, over)
        if kind == "predictions":
            return lambda item: self._import(item, over)
        if kind == "checkpoint":
            return self._open_ours
        if instead:
            self._refused(item, f"{item.name} is neither a checkpoint nor predictions; choose one of those.")
        elif kind == "images":
            self._loading.open(spec_of(item.path.resolve()))
        elif not self._opened.made() and is_manifest(item.path):
            self._loading.open(f"manifest:{item.path.resolve()}")
        else:
            self._tables.open(item.path)
        item.is_over = True
        return None

    def _finish(self, batch: list[Item], instead: bool) -> None:
        """Take the versions in once nothing of the batch is being read any more."""
        if all(item.is_over for item in batch):
            found = [item.version for item in batch if item.version is not None]
            self.items = [item for item in self.items if item not in batch or item.problem]
            batch.clear()  # once only
            wanted = bool(found) and not self._is_closed and (not instead or len(found) == 2)
            if wanted and instead:
                self._opened.clear()
            if wanted:
                self._take_in(found)
                self.taken.emit()
        self.changed.emit()

    def _take_in(self, found: list[Version]) -> None:
        """Versions that were opened together: two are old model and candidate."""
        opened, pair = self._opened, len(found) == 2
        if pair:
            opened.demote_old()
        if opened.old is None:
            making.choose_old(found, alone=not opened.versions)
        for version in found:
            opened.add_version(version)
        if pair:
            opened.set_current(next(v.key for v in found if v.role != "old"))
        self._loading.evaluate()

    def dismiss(self, item: Item) -> None:
        """A refusal has been seen."""
        if item in self.items and item.is_over:
            self.items.remove(item)
            self.changed.emit()

    def close(self) -> None:
        """Stop reading, and open nothing any more."""
        self._is_closed = True
        for item in list(self.items):
            item.cancel()

    # Kinds --------------------------------------------------------------------------------------------------------

    def _open_ours(self, item: Item) -> None:
        try:
            item.version = making.from_checkpoint(item.path)
        except UserError as error:
            self._refused(item, str(error))
        item.is_over = True

    def _import(self, item: Item, over: Callable[[], None], scores: Scale | None = None) -> None:
        """Predictions: ours and small tables at once, large tables by the worker, whose import is then read."""
        worker, size = self._opened.worker, 0 if item.path.is_dir() else item.path.stat().st_size
        if size <= DIRECT_BYTES:
            try:
                self._imported(item, making.read_or_ask(item.path, scores), over)
            except UserError as error:
                self._failed(item, str(error), "", over)
            return
        if worker is None or size <= BESIDE_BYTES:
            self._import_beside(item, over, scores)
            return
        request = worker.request(
            "inspect",
            {"path": str(item.path.absolute()), "scores": scores},
            on_result=lambda found: (
                self._ask_scores(item, found["what"], tuple(found["fits"]), over)
                if found["kind"] == "unclear"
                else self._import_beside(item, over, scores)
            ),
            on_error=lambda sentence, detail: self._failed(item, sentence, detail, over),
            on_progress=lambda sentence, fraction: self._moved(item, sentence, fraction),
            title=f"Importing {item.name}",
        )
        self._follow(item, request, over)

    def _import_beside(self, item: Item, over: Callable[[], None], scores: Scale | None) -> None:
        """In a thread; where the worker has filled the cache, what is left is hashing the file."""
        job = PoolJob(
            f"Opening {item.name}",
            lambda: making.read_or_ask(item.path, scores),
            lambda found: self._imported(item, found, over),
            lambda sentence, detail: self._failed(item, sentence, detail, over),
            self,
        )
        self._follow(item, job, over)
        job.start()

    def _imported(self, item: Item, found: Predictions | UnclearScores, over: Callable[[], None]) -> None:
        if isinstance(found, UnclearScores):
            self._ask_scores(item, found.what, found.fits, over)
            return
        item.version, item.is_over = making.of_predictions(item.path, found, self._opened.dataset), True
        over()

    def _read(self, item: Item, choices: Choices, asked: Question | None, over: Callable[[], None]) -> None:
        """Have weights from elsewhere read; ``asked`` is the question that ``choices`` answer."""
        names = self._names_of_data()
        self._request(
            item,
            choices,
            lambda found: self._found(item, found, choices, names, over),
            lambda sentence, detail: (
                self._ask(item, asked.reading, choices, over, sentence)
                if asked is not None and not detail
                else self._failed(item, sentence, detail, over)
            ),
            over,
        )

    def _request(
        self,
        item: Item,
        choices: Choices,
        on_reading: Callable[[Reading], None],
        on_error: Callable[[str, str], None],
        over: Callable[[], None],
        *,
        forget: bool = False,
    ) -> None:
        worker = self._opened.worker
        if worker is None:
            on_error(f"{item.name} is read by the worker process, which is not running here.", "")
            return
        args: dict[str, Any] = {"path": str(item.path.absolute()), "choices": to_json(choices), "forget": forget}
        args["data_classes"] = self._names_of_data()
        request = worker.request(
            "read_version",
            args,
            on_result=lambda answer: on_reading(reading_from_json(answer)),
            on_error=on_error,
            on_progress=lambda sentence, fraction: self._moved(item, sentence, fraction),
            title=f"Reading {item.name}",
        )
        self._follow(item, request, over)

    def _names_of_data(self) -> list[str]:
        data = self._opened.dataset
        return list(data.class_names) if data is not None else []

    def _found(self, item: Item, found: Reading, choices: Choices, names: list[str], over: Callable[[], None]) -> None:
        """``names`` are the classes of the data that were open when the file was read."""
        if "class_names" in found.needs and self._names_of_data() not in ([], names):
            self._read(item, choices, None, over)  # the data were opened in between: they may tell the names
        elif found.needs or found.checkpoint is None:
            self._ask(item, found, choices, over, "")
        else:
            item.version = making.from_reading(found, item.path)
            item.is_over = True
            over()

    def _ask_scores(self, item: Item, what: str, fits: tuple[Scale, ...], over: Callable[[], None]) -> None:
        def answer(said: Scale | None) -> None:
            if item.question is None:
                return  # answered already
            item.question = None
            if said is not None:
                self._import(item, over, said)
            else:
                self._failed(item, f"{item.name} was not opened: what its scores are must be said first.", "", over)

        self._wait_for(item, ScoresQuestion(item.name, what, fits, answer))

    # Questions ----------------------------------------------------------------------------------------------------

    def _ask(self, item: Item, found: Reading, choices: Choices, over: Callable[[], None], problem: str) -> None:
        def answer(said: Choices | None) -> None:
            if item.question is None:
                return  # answered already
            item.question = None
            if said is not None:
                self._read(item, said, question, over)
                self.changed.emit()
                return
            self._failed(item, f"{item.name} was not opened: {missing_in(found)} must be said first.", "", over)

        question = Question(found, answer, choices, problem, anew=False)
        self._wait_for(item, question)

    def _wait_for(self, item: Item, question: Question | ScoresQuestion) -> None:
        item.job, item.question = None, question
        item.sentence, item.fraction = "waits for an answer", -1.0
        item.changed.emit()
        self.asked.emit(question)

    def ask_anew(self, version: Version, choices: Choices = NOTHING_CHOSEN, problem: str = "") -> None:
        """Have a person change how a version from elsewhere is read; it is then evaluated again."""
        reading = version.reading
        if reading is None:
            return

        def answer(said: Choices | None) -> None:
            if said is not None:
                self._read_anew(version, said)

        def as_found() -> None:
            self._read_anew(version, NOTHING_CHOSEN, forget=True)

        self.asked.emit(Question(reading, answer, choices, problem, anew=True, as_found=as_found))

    def _ask_missing(self, version: Version, found: Reading, choices: Choices) -> None:
        """What a file that is read anew lacks; until that is said, the version stays as it was."""

        def answer(said: Choices | None) -> None:
            if said is not None:
                self._read_anew(version, said)
                return
            name, missing = shown_name(Path(version.source)), missing_in(found)
            sentence = f"{name} stays as it was read before: {missing} must be said first."
            self._opened.message.emit("warning", sentence, "")

        self.asked.emit(Question(found, answer, choices, "", anew=False))

    def _read_anew(self, version: Version, choices: Choices, *, forget: bool = False) -> None:
        item = Item(Path(version.source), self)
        self.items.append(item)

        def over() -> None:
            self._finish([item], False)

        def take(found: Reading) -> None:
            item.is_over = True
            if found.checkpoint is None or found.needs:
                self._ask_missing(version, found, choices)
            elif version in self._opened.versions:
                version.reading, version.checkpoint = found, found.checkpoint.path
                self._loading.evaluate_anew(version)
            over()

        def again(sentence: str, detail: str) -> None:
            if detail:
                self._failed(item, sentence, detail, over)
                return
            item.is_over = True
            over()
            self.ask_anew(version, choices, sentence)

        self._request(item, choices, take, again, over, forget=forget)
        self.changed.emit()

    # Jobs ---------------------------------------------------------------------------------------------------------

    def _follow(self, item: Item, job: Job, over: Callable[[], None]) -> None:
        item.job = job
        job.finished.connect(lambda: self._cancelled(item, over) if job.is_cancelled else None)
        self._opened.job_started.emit(job)

    def _cancelled(self, item: Item, over: Callable[[], None]) -> None:
        item.is_over = True
        self._opened.message.emit("info", f"{item.name} was not opened: reading it was cancelled.", "")
        over()

    def _moved(self, item: Item, sentence: str, fraction: float | None) -> None:
        item.sentence, item.fraction = sentence, -1.0 if fraction is None else fraction
        item.changed.emit()

    def _failed(self, item: Item, sentence: str, detail: str, over: Callable[[], None]) -> None:
        self._refused(item, sentence, detail)
        over()

    def _refused(self, item: Item, sentence: str, detail: str = "") -> None:
        item.problem, item.detail, item.is_over, item.job = sentence, detail, True, None
        self._opened.message.emit("error", item.told, detail)
