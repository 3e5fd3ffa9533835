"""Write a version for deployment, checked against the version itself before the file gets its name."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from mpt_studio import paths
from mpt_studio.checkpoint import Checkpoint
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.jobs.read_weights import checkpoint_of, weights_in
from mpt_studio.jobs.session import Session
from mpt_studio.reading import NOTHING_CHOSEN, Choices
from mpt_studio.store.disk import written_to

if TYPE_CHECKING:
    from mpt_studio.engine.export import Exported

Format = Literal["pth", "onnx", "safetensors", "labels"]
FORMATS: tuple[Format, ...] = get_args(Format)
SUFFIXES: dict[Format, str] = {"pth": ".pth", "onnx": ".onnx", "safetensors": ".safetensors", "labels": ".txt"}


def export(
    session: Session,
    path: Path,
    form: Format,
    out: Path | None = None,
    *,
    force: bool = False,
    normalise: bool = False,
    choices: Choices = NOTHING_CHOSEN,
) -> dict[str, Any]:
    """Write the version at ``path`` (a weights file of any origin, or a run's folder) as ``form``.

    Args:
        out: the new file; by default one named after the version in the current folder.
        force: whether a file that is there is replaced.
        normalise: put the normalisation into an ONNX graph, which then takes pixels in 0…1.

    Returns {"path", "format", "bytes", "sha256", "difference": largest difference of a logit between the version and
    what was written or null, "samples": images that both answered, "notes": [sentence]}. Raises ``UserError``.
    """
    if form not in FORMATS:
        raise UserError(f"There is no format {one_sentence(str(form), 40)!r}; use {', '.join(FORMATS)}.")
    checkpoint = checkpoint_of(session, weights_in(path), choices)
    target = (out or Path(_name(checkpoint, path, form))).expanduser().absolute()
    _check_target(target, path, checkpoint, force)
    session.progress(f"Writing {one_sentence(target.name, 60)} and checking it", None)
    done = _written(checkpoint, form, target, normalise)
    return {
        "path": str(target),
        "format": form,
        "bytes": target.stat().st_size,
        "sha256": paths.sha256_of(target),
        **dataclasses.asdict(done),
    }


def _written(checkpoint: Checkpoint, form: Format, target: Path, normalise: bool) -> Exported:
    from mpt_studio.engine.export import export as write

    done: list[Exported] = []
    with written_to(target):
        paths.replace_file(target, lambda new: done.append(write(checkpoint, form, new, normalise=normalise)))
    return done[0]


def _name(checkpoint: Checkpoint, path: Path, form: Format) -> str:
    stem = checkpoint.run or Path(checkpoint.source or path.name).stem or "version"
    return f"{stem}{'_labels' if form == 'labels' else ''}{SUFFIXES[form]}"


def _check_target(target: Path, path: Path, checkpoint: Checkpoint, force: bool) -> None:
    shown = one_sentence(str(target), 150)
    if target.is_dir():
        raise UserError(f"{shown} is a folder; name the file to write.")
    if not target.exists():
        return
    sources = [source for source in (path.expanduser(), Path(checkpoint.path)) if source.exists()]
    if any(target.samefile(source) for source in sources):
        raise UserError(f"{shown} is the version itself; name another file.")
    if not force:
        raise UserError(f"{shown} exists already; name another file, or replace it with --force.")
