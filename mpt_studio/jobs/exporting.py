"""Write a version for deployment as it was decided, checked against what is on screen before the file gets its name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from mpt_studio import cost, paths
from mpt_studio.checkpoint import Checkpoint
from mpt_studio.compare import Comparison, Decision, aligned_by_store, at_offset
from mpt_studio.compare import compare as compared
from mpt_studio.data import Dataset
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.onnx_header import Inside
from mpt_studio.files.plain import sha256_of
from mpt_studio.jobs.between import between_named
from mpt_studio.jobs.comparing import compare_versions
from mpt_studio.jobs.costs import described
from mpt_studio.jobs.deployment import LABELS, README, write_beside
from mpt_studio.jobs.evaluating import run_of
from mpt_studio.jobs.images import open_data
from mpt_studio.jobs.read_weights import checkpoint_of, weights_in
from mpt_studio.jobs.session import Session
from mpt_studio.predictions import Floats
from mpt_studio.reading import NOTHING_CHOSEN, Choices
from mpt_studio.store.disk import written_to

if TYPE_CHECKING:
    from mpt_studio.engine.export import Decided, Exported
    from mpt_studio.engine.version import FrozenVersion

Format = Literal["pth", "onnx", "safetensors", "labels"]
FORMATS: tuple[Format, ...] = get_args(Format)
SUFFIXES: dict[Format, str] = {"pth": ".pth", "onnx": ".onnx", "safetensors": ".safetensors", "labels": ".txt"}
TIE = 1e-3
"""Logits closer than this, in units of the largest one, may change places where another program adds them up."""


def export(
    session: Session,
    decision: Decision,
    form: Format,
    out: Path | None = None,
    *,
    old: str = "",
    data: str = "",
    folder: Path | None = None,
    force: bool = False,
    preprocessing: Inside = "outside",
    opset: int | None = None,
    choices: Choices = NOTHING_CHOSEN,
) -> dict[str, Any]:
    """Write a version as decided, as ``form``.

    Args:
        out: the new file, alone.
        old, data: what it was decided against and on; by default those of the run that the weights are of.
        folder: where the weights go with ``labels.txt`` and ``README.txt`` beside them, if ``out`` is not given; by
            default a new one in the current folder, named after the version and the decision.
        force: whether files that are there are replaced.
        preprocessing: inside of an ONNX graph, which then takes whole pixels, or outside.
        opset: of an ONNX graph.

    Returns {"path", "files": [path], "format", "bytes", "sha256", "made_from_sha256": of the weights as trained,
    "difference": largest difference of a logit between the version and what was written or null, "samples": images that
    both answered, "notes": [sentence], "opset": of a graph or null, "check": null or what the file answers on the whole
    test part beside what is on screen (``_Screen.check``), "latency": null or {"sentence", "exported", "old": ``Cost``
    or null}}. Raises ``UserError``, also where these differ.
    """
    if form not in FORMATS:
        raise UserError(f"There is no format {one_sentence(str(form), 40)!r}; use {', '.join(FORMATS)}.")
    path = Path(decision.weights)
    checkpoint = checkpoint_of(session, weights_in(path), choices)
    labels = checkpoint.labels()
    target = _target(checkpoint, decision, form, out, folder)
    _check_target(target, path, checkpoint, force)
    is_folder = out is None and form != "labels"
    if is_folder:
        _check_beside(target, labels, force)
    screen, why_not = None, ""
    if form != "labels":
        try:
            screen = _screen(session, decision, checkpoint, old, data)
            why_not = "" if screen else "Name data to have all of their test part answered."
        except UserError as error:
            if decision.record():
                raise
            why_not = f"Its test part was not answered: {error}"  # as trained, a file can do without
    session.progress(f"Writing {one_sentence(target.name, 60)} and checking it", None)
    done, check, latency = _written(session, checkpoint, screen, form, target, preprocessing, opset)
    record = {
        "path": str(target),
        "files": [str(target)],
        "format": form,
        "bytes": target.stat().st_size,
        "sha256": sha256_of(target),
        "made_from_sha256": checkpoint.sha256(),
        **dataclasses.asdict(done),
        "notes": [*done.notes, *filter(None, [why_not])],
        "check": check,
        "latency": latency,
    }
    if is_folder:
        record["files"] = write_beside(record, checkpoint, decision, inside=preprocessing == "inside")
    return record


def _written(
    session: Session,
    checkpoint: Checkpoint,
    screen: _Screen | None,
    form: Format,
    target: Path,
    preprocessing: Inside,
    opset: int | None,
) -> tuple[Exported, dict[str, Any] | None, dict[str, Any] | None]:
    from mpt_studio.engine.export import Decided
    from mpt_studio.engine.export import export as write

    version = screen.decided() if screen else Decided(checkpoint)
    done: list[tuple[Exported, dict[str, Any] | None, dict[str, Any] | None]] = []

    def write_and_check(new: Path) -> None:
        told = write(version, form, new, preprocessing=preprocessing, opset=opset)
        session.progress(f"Checking {one_sentence(target.name, 60)}", None)  # who interrupts here gets no file
        check = screen.check(form, new, version.checkpoint) if screen else None
        latency = None if form == "labels" else _latency(session, form, new, version.checkpoint, screen)
        done.append((told, check, latency))

    with written_to(target):
        paths.replace_file(target, write_and_check)
    return done[0]


def _latency(
    session: Session, form: Format, path: Path, checkpoint: Checkpoint, screen: _Screen | None
) -> dict[str, Any]:
    """Of what was written, in turns with the old model where that has weights."""
    from mpt_studio.engine.cost import measure
    from mpt_studio.engine.export import opened
    from mpt_studio.engine.machine import device as devices
    from mpt_studio.engine.version import FrozenVersion

    device = devices.choose("auto")
    old = screen.old_weights() if screen else None
    versions = [opened(form, path, checkpoint, device), *([FrozenVersion(old, device)] if old else [])]
    exported, *others = measure(versions, session.progress)
    sentence = cost.beside(others[0], exported) if others else cost.alone(exported)
    return {"sentence": sentence, "exported": exported.to_json(), "old": others[0].to_json() if others else None}


@dataclass(frozen=True)
class _Screen:
    """The version as it is on screen: its comparison with the old model on the whole test part.

    Without an old model it is compared with itself, and the file with its weights.
    """

    session: Session
    decision: Decision
    checkpoint: Checkpoint
    dataset: Dataset
    comparison: Comparison
    """Under γ, of the version at α."""
    mixed: Callable[[], FrozenVersion]
    old: str
    """As it was named; empty where the version is alone."""

    @property
    def is_alone(self) -> bool:
        return not self.old

    def old_weights(self) -> Checkpoint | None:
        """None where the version is alone, or the old model is known by its answers."""
        return described(self.session, self.old, self.dataset.class_names) if self.old else None

    def decided(self) -> Decided:
        """With γ's offset for each class, α's weights, and both in what it says of itself."""
        from mpt_studio.engine.export import Decided

        version = self.mixed() if self.decision.alpha else None
        made = version.checkpoint if version else self.checkpoint
        if self.decision.record():
            note = f"It is {self.checkpoint.run or self.checkpoint.name} with {self.decision.words()}."
            made = dataclasses.replace(made, figures=self.decision.record(), notes=(*made.notes, note))
        known, gamma = set(self.comparison.old.class_names), self.decision.gamma  # as the update calls its classes
        offset = tuple(gamma * (name not in known) for name in made.class_names) if gamma else ()
        return Decided(made, version.network if version else None, offset)

    def check(self, form: Format, path: Path, checkpoint: Checkpoint) -> dict[str, Any]:
        """What the file answers on the whole test part, compared as on screen.

        Returns {"sentence": for people, "samples", "shown" and "exported": {"accuracy": of all, "nfr": of old classes},
        "ties": images whose answer hangs on rounding}. Raises ``UserError`` where other answers differ.
        """
        from mpt_studio.engine.export import answers

        found = answers(form, path, checkpoint, self.dataset, self.dataset.test, progress=self.session.progress)
        exported = compared(*aligned_by_store(self.comparison.old, found, self.session.store.root))
        gaps = _gaps(self.comparison, exported)
        figures = {"shown": self._figures(self.comparison), "exported": self._figures(exported)}
        if (gaps > TIE).any():
            raise UserError(
                f"What was written answers {int((gaps > TIE).sum()):,} of {len(exported):,} test images otherwise than "
                f"the version {self._place} ({_told(figures['exported'])} instead of {_told(figures['shown'])}), so it "
                "was not kept; try another format."
            )
        sentence = self._sentence(exported, figures, len(gaps))
        return {"sentence": sentence, "samples": len(exported), **figures, "ties": len(gaps)}

    @property
    def _place(self) -> str:
        return "with its weights" if self.is_alone else "on screen"

    def _figures(self, comparison: Comparison) -> dict[str, float | None]:
        if self.is_alone:
            return {"accuracy": comparison.rates("old_classes").accuracy_new, "nfr": None}
        accuracy, nfr = comparison.rates("all").accuracy_new, comparison.rates("old_classes").nfr
        return {"accuracy": accuracy, "nfr": nfr}

    def _sentence(self, exported: Comparison, figures: dict[str, dict[str, float | None]], ties: int) -> str:
        of_old, told = exported.rates("old_classes").samples, _told(figures["exported"])
        begins = f"On all {len(exported):,} test images the file has {told} (n={of_old:,})"
        if self.is_alone:
            begins = f"On all {of_old:,} test images of its classes the file has {told}"
        if not ties:
            return f"{begins}, as {self._place}."
        return f"{begins}; {self._place}: {_told(figures['shown'])}. {ties:,} lie between two answers but for rounding."


def _told(figures: dict[str, float | None]) -> str:
    names = {"accuracy": "accuracy", "nfr": "NFR (old classes)"}
    return ", ".join(f"{names[key]} {100 * value:.2f} %" for key, value in figures.items() if value is not None)


def _gaps(shown: Comparison, exported: Comparison) -> Floats:
    """Of each image that is answered otherwise, how far both answers lie apart on screen, in units of its logits."""
    order, others = np.argsort(shown.sample_ids), np.argsort(exported.sample_ids)
    if not np.array_equal(shown.sample_ids[order], exported.sample_ids[others]):
        raise UserError("What was written did not answer all of the test images that are on screen; it was not kept.")
    names = np.array(shown.names)
    before, after = names[shown.new_answer[order]], np.array(exported.names)[exported.new_answer[others]]
    differing = np.flatnonzero(before != after)
    rows = order[differing] if shown.rows.new is None else shown.rows.new[order[differing]]
    column = {name: i for i, name in enumerate(shown.new.class_names)}
    is_new = np.array([name not in set(shown.old.class_names) for name in shown.new.class_names])
    logits = np.asarray(shown.new.logits[rows], np.float64) - shown.gamma * is_new
    at = np.arange(len(rows))
    apart = [logits[at, [column[name] for name in side[differing]]] for side in (before, after)]
    gaps: Floats = np.abs(apart[0] - apart[1]) / np.maximum(np.abs(logits).max(axis=1, initial=TIE), TIE)
    return gaps


def _screen(session: Session, decision: Decision, checkpoint: Checkpoint, old: str, data: str) -> _Screen | None:
    """What is on screen; None where a version as trained can't be compared, as nothing says on what."""
    run = run_of(session, checkpoint)
    old, spec = old or (run.recipe.old if run else ""), data or (run.recipe.data if run else "")
    if decision.record() and not (old and spec):
        lacking = " and ".join(name for name, value in (("--old", old), ("--data", spec)) if not value)
        raise UserError(f"{decision.words()} was decided against an old model and on data; name them with {lacking}.")
    if not spec:
        return None
    dataset = open_data(session, spec)
    new, mixed = checkpoint.path, _nothing
    if decision.alpha:
        between = between_named(session, old, checkpoint.path, spec)
        new, mixed = str(between.folder(decision.alpha)), lambda: between.version(decision.alpha)
    comparison = at_offset(compare_versions(session, old or new, new, spec), decision.gamma)
    if decision.gamma and set(comparison.new.class_names) <= set(comparison.old.class_names):
        raise UserError("Old model and update have the same classes here, so γ has no logit to lower; leave it out.")
    return _Screen(session, decision, checkpoint, dataset, comparison, mixed, old)


def _nothing() -> FrozenVersion:
    raise ValueError("this version is not mixed with another one")


def _target(checkpoint: Checkpoint, decision: Decision, form: Format, out: Path | None, folder: Path | None) -> Path:
    """The file itself, or in a folder of its own under its name; labels alone need none."""
    name = _name(checkpoint, decision, form)
    if out is None and form != "labels":
        out = (folder or Path(f"{Path(name).stem}_{form}")) / name
    return (out or (folder or Path()) / name).expanduser().absolute()


def _check_beside(target: Path, labels: str, force: bool) -> None:
    """The files beside the weights are replaced only by force; a list of the same labels may stay."""
    folder = target.parent
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{one_sentence(str(folder), 150)} is a file; name a folder.")
    for name in (README, LABELS):
        there = target.with_name(name)
        same = name == LABELS and there.is_file() and there.read_bytes() == labels.encode()
        if there.exists() and not force and not same:
            raise UserError(f"{one_sentence(str(there), 150)} exists already; name another folder, or use --force.")


def _name(checkpoint: Checkpoint, decision: Decision, form: Format) -> str:
    stem = checkpoint.run or Path(checkpoint.source or Path(decision.weights).name).stem or "version"
    return f"{stem}{'_labels' if form == 'labels' else decision.suffix()}{SUFFIXES[form]}"


def _check_target(target: Path, path: Path, checkpoint: Checkpoint, force: bool) -> None:
    shown = one_sentence(str(target), 150)
    if target.is_dir():
        raise UserError(f"{shown} is a folder; name the file to write, or use --folder for the file with its README.")
    if not target.exists():
        return
    sources = [source for source in (path.expanduser(), Path(checkpoint.path)) if source.exists()]
    if any(target.samefile(source) for source in sources):
        raise UserError(f"{shown} is the version itself; name another file.")
    if not force:
        raise UserError(f"{shown} exists already; name another file, or replace it with --force.")
