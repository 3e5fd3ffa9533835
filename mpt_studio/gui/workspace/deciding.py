"""The policy in force, and what it makes of the comparison on show: read, watched and judged beside the window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from mpt_studio import paths
from mpt_studio.compare import Comparison, write_ids
from mpt_studio.decide import IdSet, Policy, Verdict, digest_of, judge, read_policy, sign, sign_offs, write_policy
from mpt_studio.decide.policy_file import moved, seen_from
from mpt_studio.errors import UserError
from mpt_studio.gui.beside.jobs import Latest
from mpt_studio.gui.widgets.settings import JsonFile
from mpt_studio.gui.workspace.opened import Opened

_RECENT = 5
_SETTLES_MS = 150
"""After a file has changed: editors write in several steps."""
Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, eq=False)
class Judged:
    """What the policy makes of a comparison."""

    comparison: Comparison
    policy: Policy
    name: str
    """What the candidate is called, with its logit offset."""
    verdict: Verdict | None
    problem: str = ""
    """Why there is no verdict."""
    digest: str = ""
    signed: tuple[str, ...] = ()
    """Sign-offs in sentences, the oldest first."""


class Deciding(QObject):
    """One policy for all that is compared; its file belongs to the user, and whatever changes it is heard."""

    changed = Signal()
    """Another policy, another verdict, or a problem with one of them."""
    wanted = Signal(str)
    """Asks for a window: "policy", "open", "must_not_flip", "sign_off"."""

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened)
        self._opened, self._settings = opened, JsonFile("policy.json")
        self.policy: Policy | None = None
        """What the file says; None without one, and where it cannot be read."""
        self.draft: Policy | None = None
        """What is being edited, judged in its place."""
        self.problem = ""
        """Why the file cannot be read."""
        self.judged: Judged | None = None
        """Of the comparison on show; None while it is being judged."""
        self.path: Path | None = None
        self._stamp: Stamp = ()
        self._reading, self._judging = Latest(self._cannot_read, self), Latest(self._cannot_judge, self)
        self._watcher = QFileSystemWatcher(self)
        self._settles = QTimer(self, singleShot=True, interval=_SETTLES_MS)
        self._settles.timeout.connect(self.look)
        self._watcher.fileChanged.connect(lambda _: self._settles.start())
        self._watcher.directoryChanged.connect(lambda _: self._settles.start())
        opened.comparison_changed.connect(self.judge)
        if self.recent and self._settings.values.get("open"):
            self._follow(Path(self.recent[0]))

    # The file -----------------------------------------------------------------------------------------------------

    def place(self) -> Path:
        """Where the policy lies, or will lie until somebody saves it elsewhere."""
        folder = paths.config_dir()
        names = chain(["policy.toml"], (f"policy_{i}.toml" for i in count(2)))
        return self.path or next(folder / name for name in names if not paths.exists(folder / name))

    @property
    def is_own(self) -> bool:
        """Whether nobody has saved it elsewhere yet."""
        return self.path is None or self.path.parent == paths.config_dir()

    @property
    def called(self) -> str:
        """What the policy is called on screen."""
        return self.path.name if self.path is not None and not self.is_own else "My policy"

    @property
    def recent(self) -> list[str]:
        """Policies opened last, the newest first."""
        found = self._settings.values.get("recent")
        return [entry for entry in found if isinstance(entry, str)][:_RECENT] if isinstance(found, list) else []

    @property
    def in_force(self) -> Policy | None:
        """What is judged by."""
        return self.draft or self.policy

    @property
    def is_unknown(self) -> bool:
        """Whether there is a policy, and what it asks is not known: it is being read, or cannot be."""
        return self.path is not None and self.in_force is None

    def open(self, path: Path) -> None:
        """Judge by this file from now on."""
        self._remember(path)
        self.policy = self.draft = self.judged = None
        self._follow(path)
        self.judge()

    def judge_by_none(self) -> None:
        """No verdict any more; the file stays."""
        self._settings.set(open=False)
        self._reading.cancel()
        self.path = self.policy = self.draft = None
        self.problem = ""
        self._watch()
        self.judge()

    def look(self) -> None:
        """Read the file again where it, or a list that it names, is another one now."""
        if self.path is not None and self._now() != self._stamp:
            self._read()

    def save(self, policy: Policy, path: Path | None = None) -> None:
        """Write the policy to its file, or to another one, and judge by that. Raises ``UserError``."""
        before = self.place()
        at = path or before
        at.parent.mkdir(parents=True, exist_ok=True)
        if at.is_file():
            read_policy(at)  # what cannot be read is not written over
        policy = moved(policy, before.parent, at.parent)
        write_policy(at, policy)
        self._reading.cancel()
        self._remember(at)
        self.path, self.policy, self.draft, self.problem = at, policy, None, ""
        self._watch()
        self.judge()

    def start(self, policy: Policy) -> None:
        """Judge by this; tells where it could not be kept."""
        try:
            self.save(policy)
        except (UserError, OSError) as error:
            self._opened.message.emit("error", str(error), "")

    def add_set(self, name: str, ids: list[str], file: Path, notes: Mapping[str, str]) -> None:
        """Write ids as a list, and add it to the policy. Raises ``UserError``."""
        if self.problem:
            raise UserError(f"{self.problem} Mend the policy first.")
        write_ids(file, ids, notes)
        folder = self.place().parent
        listed = IdSet(name, tuple(ids), seen_from(folder, file))
        self.save((self.policy or Policy()).replaced(listed))

    def _remember(self, path: Path) -> None:
        entries = dict.fromkeys([str(path), *self.recent])
        self._settings.set(recent=list(entries)[:_RECENT], open=True)

    def _follow(self, path: Path) -> None:
        self.path = path
        self._read()

    def _read(self) -> None:
        path = self.path
        assert path is not None
        self._stamp = before = self._now()
        self._reading.ask(lambda _: (read_policy(path), before[0]), self._take, beside=True)

    def _take(self, found: tuple[Policy, tuple[str, int, int]]) -> None:
        self.policy, self.problem = found[0], ""
        self._watch()
        if found[1] != self._stamp[0]:  # written while it was read
            self._stamp = ()
            self._settles.start()
        self.judge()

    def _cannot_read(self, sentence: str, detail: str) -> None:
        self.policy, self.problem = None, sentence
        self._watch()
        self.judge()

    def _files(self) -> list[Path]:
        if self.path is None:
            return []
        listed = self.policy.must_not_flip if self.policy else ()
        return [self.path, *(self.path.parent / each.file for each in listed if each.file)]

    def _now(self) -> Stamp:
        return tuple(_stamp(path) for path in self._files())

    def _watch(self) -> None:
        """The files and their folders: an editor may put a new file in the place of the old one."""
        watched = [*self._watcher.files(), *self._watcher.directories()]
        if watched:
            self._watcher.removePaths(watched)
        files = self._files()
        there = dict.fromkeys(str(p) for p in (*files, *(f.parent for f in files)) if paths.exists(p))
        if there:
            self._watcher.addPaths(list(there))
        self._stamp = self._now()

    # The verdict --------------------------------------------------------------------------------------------------

    def try_out(self, draft: Policy | None) -> None:
        """Judge by what is being edited; None goes back to the file."""
        self.draft = draft
        self.judge()

    def judge(self) -> None:
        """Judge the comparison on show, beside the window; until then a verdict on other samples is not shown."""
        policy, before = self.in_force, self.judged
        comparison = self._opened.comparison() if policy is not None and policy.asks() else None
        if comparison is None or policy is None:
            self._judging.cancel()
            self.judged = None
            self.changed.emit()
            return
        if before is not None and before.comparison.base is not comparison.base:
            self.judged = None
        name, root = self._opened.current_name, self._opened.store.root
        self.changed.emit()
        self._judging.ask(lambda _: _judged(comparison, policy, name, root), self._show, beside=True)

    @property
    def is_judging(self) -> bool:
        """Whether a verdict is on its way."""
        return self._judging.is_busy

    def sign(self, name: str, comment: str, done: Callable[[str], object]) -> None:
        """Sign off the verdict on show, beside the window; ``done`` is told why it could not be kept, or nothing."""
        judged = self.judged
        if judged is None or judged.verdict is None:
            return
        of, root = (judged.comparison, judged.policy, judged.verdict), self._opened.store.root
        self._settings.set(name=name)

        def work() -> Judged | str:
            try:
                sign(root, *of, name, comment)
            except UserError as error:
                return str(error)
            return _judged(judged.comparison, judged.policy, judged.name, root)

        def take(found: Judged | str) -> None:
            if isinstance(found, Judged):
                self._show(found)
            done("" if isinstance(found, Judged) else found)

        self._judging.ask(lambda _: work(), take, beside=True)

    @property
    def signer(self) -> str:
        """Who signed last on this machine."""
        return str(self._settings.values.get("name", ""))

    def _show(self, judged: Judged) -> None:
        self.judged = judged
        self.changed.emit()

    def _cannot_judge(self, sentence: str, detail: str) -> None:
        self._opened.message.emit("error", sentence, detail)
        self.judged = None
        self.changed.emit()

    def close(self) -> None:
        """Nothing is asked or watched any more."""
        self._settles.stop()
        self._reading.cancel()
        self._judging.cancel()


def _judged(comparison: Comparison, policy: Policy, name: str, root: Path) -> Judged:
    try:
        verdict = judge(comparison, policy)
    except UserError as error:
        return Judged(comparison, policy, name, None, str(error))
    try:
        found = sign_offs(root, comparison)
    except UserError as error:  # the verdict holds without them
        return Judged(comparison, policy, name, verdict, signed=(str(error),))
    digest = digest_of(comparison, policy, verdict) if found else ""
    return Judged(comparison, policy, name, verdict, "", digest, tuple(each.sentence(digest) for each in found))


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:
        return str(path), -1, -1
    return str(path), found.st_mtime_ns, found.st_size
