"""Whether everything in a store is what was written, and what of the rest can be made again."""

from __future__ import annotations

import dataclasses
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mpt_studio import paths
from mpt_studio.checkpoint import check_content, values_in
from mpt_studio.decide import sign_off
from mpt_studio.errors import Damaged, UserError
from mpt_studio.events import is_whole_line
from mpt_studio.jobs import rebuilding
from mpt_studio.jobs.evaluating import evaluated_again
from mpt_studio.jobs.search.proposals import noted_in
from mpt_studio.jobs.session import Session
from mpt_studio.predictions import folder as predictions_folder
from mpt_studio.predictions import is_predictions
from mpt_studio.store import Marks, Member, Run, marks_copies
from mpt_studio.store.disk import written_to
from mpt_studio.store.folder import ALIVE, EVENTS, is_locked, unused
from mpt_studio.store.marks import FILE as MARKS
from mpt_studio.store.record import read_record
from mpt_studio.store.run import RECORD as RUN_RECORD
from mpt_studio.store.run import read_run
from mpt_studio.store.search import JOURNAL, read_search
from mpt_studio.store.search import RECORD as SEARCH_RECORD
from mpt_studio.store.update import RECORD as UPDATE_RECORD
from mpt_studio.store.update import read_update
from mpt_studio.units import count

Level = Literal["damaged", "mended", "note"]
Mend = Callable[[], str]
"""Makes something again and says what is lost all the same. Raises ``UserError``."""


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be, or could not be checked."""

    where: str
    level: Level
    sentence: str


def check_store(session: Session, *, repair: bool = False) -> dict[str, Any]:
    """Read all of a store against its checksums: what was checked, and the findings.

    With ``repair``, what can be made again from what lies beside it is; nothing that is whole is touched.
    """
    check = _Check(session, repair)
    check.run()
    return {
        "store": str(session.store.root),
        "checked": dict(check.counts),
        "findings": [dataclasses.asdict(finding) for finding in check.findings],
        "damaged": sum(finding.level == "damaged" for finding in check.findings),
    }


_CHECKED = {
    "runs": "run",
    "updates": "update",
    "searches": "search",
    "weights": "weights",
    "resume states": "resume state",
    "predictions": "predictions",
    "events": "event",
    "sign-offs": "sign-off",
}
"""What is counted, and what one of it is called."""


class _Check:
    def __init__(self, session: Session, repair: bool) -> None:
        self.session, self.store, self.repair = session, session.store, repair
        self.findings: list[Finding] = []
        self.counts = Counter(dict.fromkeys(_CHECKED, 0))

    def run(self) -> None:
        self.store.updates()  # refuses a root that is no folder
        for folder in self._folders("runs/*"):
            self._entry(folder, "runs", RUN_RECORD, self._run)
        for folder in self._folders("updates/*"):
            self._entry(folder, "updates", UPDATE_RECORD, self._update)
        for folder in self._folders("searches/*"):
            self._entry(folder, "searches", SEARCH_RECORD, self._search)
        for folder in self._folders("evaluations/*/*"):
            self._answers(folder, lambda folder=folder: _deleted(folder))  # type: ignore[misc]
        self._marks()
        self._sign_offs()

    def _folders(self, pattern: str) -> Iterator[Path]:
        for folder in sorted(self.store.root.glob(pattern)):
            if folder.is_dir() and not folder.name.startswith("."):
                self.session.progress(f"Checking {folder.relative_to(self.store.root)}", None)
                yield folder

    def _found(self, where: Path, level: Level, sentence: str) -> None:
        self.findings.append(Finding(str(where.relative_to(self.store.root)), level, sentence))

    def _damaged(self, where: Path, sentence: str, mend: Mend | None = None) -> None:
        if self.repair and mend is not None:
            try:
                return self._found(where, "mended", f"{sentence} {mend()}")
            except UserError as error:
                sentence = f"{sentence} It could not be mended: {error}"
        self._found(where, "damaged", sentence)

    def _entry(self, folder: Path, kind: str, record: str, check: Callable[[Path], None]) -> None:
        self.counts[kind] += 1
        if is_locked(folder):
            return self._found(folder, "note", "It is being written and was not checked.")
        self._events(folder / EVENTS)
        check(folder)
        with suppress(UserError):  # said already
            if read_record(folder / record).get("outcome") in ALIVE:
                self._found(folder, "note", "Its process has gone without a word; resume it to go on.")

    def _run(self, folder: Path) -> None:
        run = self._read_run(folder)
        names = ("last", "best")
        for path in sorted((folder / "checkpoints").glob("*.safetensors")):
            if path.stem in names:
                self._weights(path, run)
            else:
                self._state(path)
        noted = run.checkpoints if run else {}
        for name in names:
            if name in noted and not (path := folder / "checkpoints" / f"{name}.safetensors").is_file():
                self._damaged(path, "The weights are gone; resume the run, or train the version again.")
        if run and run.lost_state and run.outcome != "done":
            self._found(run.lost_state, "note", "It is gone; training goes on from the state before, or begins anew.")
        for part in sorted((folder / "predictions").glob("*")):
            self._answers(part, (lambda part=part: evaluated_again(self.session, run, part)) if run else None)  # type: ignore[misc]

    def _read_run(self, folder: Path) -> Run | None:
        try:
            return read_run(folder)
        except Damaged as error:
            self._damaged(folder / RUN_RECORD, str(error), lambda: rebuilding.rebuild_run(self.store, folder))
        except UserError as error:
            self._found(folder, "note", f"Not checked: {error}")
            return None
        try:
            return read_run(folder)
        except UserError:
            return None

    def _weights(self, path: Path, run: Run | None) -> None:
        self.counts["weights"] += 1
        try:
            check_content(path)
            if run:
                run.check(path.stem)
        except UserError as error:
            self._damaged(path, f"{error}")

    def _state(self, path: Path) -> None:
        self.counts["resume states"] += 1
        try:
            values_in(path)
        except Damaged as error:
            self._damaged(path, str(error), lambda: _deleted(path, "Training goes on from the state before."))

    def _answers(self, folder: Path, mend: Mend | None) -> None:
        if not is_predictions(folder):
            return
        self.counts["predictions"] += 1
        try:
            if not predictions_folder.check(folder):
                self._found(folder, "note", "Not checked: these predictions were written before checksums were kept.")
        except UserError as error:
            self._damaged(folder, str(error), mend)

    def _events(self, path: Path) -> None:
        if not path.is_file():
            return self._damaged(path, "The events are gone, and with them the curves.")
        lines = path.read_bytes().splitlines(keepends=True)
        whole = [line for line in lines if is_whole_line(line)]
        torn = sum(not is_whole_line(line) and not line.rstrip().endswith(b"}") for line in lines)
        self.counts["events"] += len(lines)
        if torn:
            self._found(path, "note", f"{torn} of {len(lines)} events are torn, as a kill leaves them.")
        if len(whole) + torn < len(lines):
            said = f"{len(lines) - torn - len(whole)} of {len(lines)} events cannot be read and are passed over."
            self._damaged(path, said, lambda: _kept(path, whole))

    def _update(self, folder: Path) -> None:
        try:
            update = read_update(folder)
        except Damaged as error:
            where = folder / UPDATE_RECORD
            return self._damaged(where, str(error), lambda: rebuilding.rebuild_update(self.store, folder))
        except UserError as error:
            return self._found(folder, "note", f"Not checked: {error}")
        self._members(folder, update.members)

    def _members(self, folder: Path, members: Iterable[Member]) -> None:
        gone = [m.label for m in members if not (self.store.root / "runs" / m.run).is_dir()]
        if gone:
            self._found(folder, "note", f"These of its runs are not in the store: {', '.join(gone)}.")

    def _search(self, folder: Path) -> None:
        try:
            search = read_search(folder)
        except Damaged as error:
            return self._damaged(folder / SEARCH_RECORD, str(error), lambda: rebuilding.rebuild_search(folder))
        except UserError as error:
            return self._found(folder, "note", f"Not checked: {error}")
        self._members(folder, search.members)
        self._answers(folder / "old", lambda: _deleted(folder / "old"))
        tried = {trial.number for trial in search.trials} - {0}
        if tried and not tried <= (noted_in(folder / JOURNAL) or set()):
            said = "The memory of what was proposed cannot be read, or lacks trials; begin a new search to go on."
            self._damaged(folder / JOURNAL, said)

    def _marks(self) -> None:
        path = self.store.root / MARKS
        problem = marks_copies.problem_of(path)
        if problem:
            return self._damaged(path, f"The marks are damaged ({problem}).", lambda: _restored(path))
        if path.exists():
            marks = Marks(self.store.root)
            if odd := marks.odd():
                said = f"{odd} marks make no sense and are passed over."
                self._damaged(path, said, lambda: f"{marks.odd(delete=True)} were deleted; the others stay.")
            marks.close()

    def _sign_offs(self) -> None:
        """What people said is never mended by taking it away."""
        for path in sign_off.files(self.store.root):
            try:
                self.counts["sign-offs"] += len(sign_off.read_file(path))
            except Damaged as error:
                self._damaged(path, str(error))
            except UserError as error:
                self._found(path, "note", f"Not checked: {error}")


def _kept(path: Path, lines: list[bytes]) -> str:
    with unused(path.parent), written_to(path):
        paths.write_bytes(path, b"".join(lines))
    return "They were taken out; the others stay."


def _deleted(path: Path, sentence: str = "It was deleted, and is made again when it is asked for.") -> str:
    shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    return sentence


def _restored(path: Path) -> str:
    copy = marks_copies.restore(path)
    if copy is None:
        return "There is no whole copy: the damaged file was moved aside, and marking begins anew."
    return f"The copy {copy.name} took their place; what was marked after it is lost."


def to_text(record: dict[str, Any]) -> str:
    """The findings as lines, and what was checked."""
    lines = [f"{found['level']}: {found['where']}: {found['sentence']}" for found in record["findings"]]
    checked = ", ".join(count(number, _CHECKED[name], name) for name, number in record["checked"].items())
    verdict = f"{record['damaged']} damaged." if record["damaged"] else "Everything that was checked is whole."
    return "\n".join([*lines, f"Checked {checked}. {verdict}"])
