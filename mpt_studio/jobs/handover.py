"""Everything that a report tells of an update, brought together from the store; ``report`` makes text of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mpt_studio.checkpoint import Checkpoint, has_our_header, read_checkpoint
from mpt_studio.compare import ClassMap, Comparison, at_offset, label_wrong
from mpt_studio.compare.comparison import Side
from mpt_studio.compare.matching.class_map import NO_MAP
from mpt_studio.cost import Cost, kept
from mpt_studio.data import Dataset
from mpt_studio.decide import Policy, Verdict, digest_of, judge, sign_offs
from mpt_studio.errors import UserError
from mpt_studio.jobs.comparing import Classes, compare_versions
from mpt_studio.jobs.evaluating import may_be_of, run_of
from mpt_studio.jobs.images import open_data
from mpt_studio.jobs.judging import attach_metadata, compared, judge_update, read_marks
from mpt_studio.jobs.read_weights import weights_of
from mpt_studio.jobs.session import Session
from mpt_studio.predictions import Predictions, Scale
from mpt_studio.store import Run
from mpt_studio.store.marks import Marked


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Of what a report is wanted, and how the update is to be judged for it; as ``compare`` takes them."""

    old: str
    """The old model, or an update: then of its recommended candidate, or of the one that comes nearest."""
    new: str = ""
    data: str = ""
    policy: Policy | None = None
    metadata: Path | None = None
    offset: float = 0.0
    alpha: float = 0.0
    """Share of the old model's weights in the new version."""
    adjusted: bool = False
    class_map: ClassMap = NO_MAP
    old_classes: Classes = ()
    new_classes: Classes = ()
    scores: Scale | None = None


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a version comes from, as far as it is known."""

    checkpoint: Checkpoint | None = None
    run: Run | None = None


@dataclass(frozen=True, eq=False)
class Handover:
    """An update as it is to be told to those who were not there."""

    comparison: Comparison
    policy: Policy | None = None
    verdict: Verdict | None = None
    sign_offs: tuple[dict[str, Any], ...] = ()
    """``SignOff.to_json``, the oldest first."""
    marked: dict[str, Marked] = field(default_factory=dict)
    """By sample id."""
    origins: dict[Side, Origin] = field(default_factory=dict)
    dataset: Dataset | None = None
    """Whose images are shown."""
    result: dict[str, Any] | None = None
    """Of the update that the version was trained in, beside others."""
    plain: Comparison | None = None
    """The old model against plain training, where that is another version."""
    costs: dict[Side, Cost] = field(default_factory=dict)
    """What was measured of them, where it was."""
    alpha: float = 0.0
    """Share of the old model's weights in the new version."""
    notes: tuple[str, ...] = ()
    """What could not be had, one sentence each."""


def gather(session: Session, asked: Asked) -> Handover:
    """Compare, judge and look up what is known of two versions. Raises ``UserError``."""
    comparison, result = _named(session, asked) if asked.new else _of_update(session, asked)
    marked = read_marks(session.store, comparison)
    spec = asked.data or (result or {}).get("data", {}).get("spec", "")
    if asked.metadata is not None or (asked.policy is not None and asked.policy.slices):
        attach_metadata(session, [comparison], spec, asked.metadata)
    comparison = at_offset(comparison, asked.offset)
    origins: dict[Side, Origin] = {
        "old": _origin(session, comparison.old),
        "new": _origin(session, comparison.new, weights_of(session, asked.new) if asked.alpha else None),
    }
    result = result or _around(session, comparison, origins["new"].run)
    costs = _costs(session, comparison)
    found = Handover(
        comparison, asked.policy, marked=marked, origins=origins, result=result, costs=costs, alpha=asked.alpha
    )
    found = dataclasses.replace(found, plain=_plain(session, found), **_images(session, found, asked.data))
    return _judged(session, found, asked) if asked.policy is not None else found


def _named(session: Session, asked: Asked) -> tuple[Comparison, None]:
    lists = {"class_map": asked.class_map, "old_classes": asked.old_classes, "new_classes": asked.new_classes}
    more = {"scores": asked.scores, "alpha": asked.alpha}
    return compare_versions(session, asked.old, asked.new, asked.data, **lists, **more), None  # type: ignore[arg-type]


def _of_update(session: Session, asked: Asked) -> tuple[Comparison, dict[str, Any]]:
    """The candidate that is recommended, else the one that comes nearest, else plain training."""
    if asked.alpha:
        raise UserError("α mixes the weights of two versions; name the old model and the candidate, not their update.")
    update = session.store.update(asked.old)
    if not update.result or not update.result["candidates"]:
        raise UserError(
            f"The update {update.id} ({update.outcome}) has nothing to report yet; mpt-studio resume {update.id}."
        )
    result, policy = update.result, asked.policy
    result = judge_update(session, result, policy, asked.metadata) if policy is not None else result
    chosen = result.get("recommended") or {}
    wanted, rows = chosen.get("run") or chosen.get("nearest"), result["candidates"]
    row = next((row for row in rows if row["run"] == wanted), rows[0])
    return compared(session, result["old"], row), result


def _origin(session: Session, version: Predictions, weights: Path | None = None) -> Origin:
    """Of a version; of a mixture, which has no file, by the weights that the old model's were mixed into."""
    path = weights or (Path(version.checkpoint) if version.checkpoint else None)
    if path is None or not has_our_header(path):
        return Origin()
    try:
        checkpoint = read_checkpoint(path)
    except UserError:
        return Origin()
    return Origin(checkpoint, run_of(session, checkpoint))


def _around(session: Session, comparison: Comparison, run: Run | None) -> dict[str, Any] | None:
    """The result of the update that a run belongs to, where it was made against the same old model."""
    try:
        result = session.store.update(run.update).result if run is not None and run.update else None
        old = str((result or {}).get("old", {}).get("run") or "")
        known = session.store.run(old) if old else None
    except UserError:
        return None
    digests = {each.get("sha256") for each in known.checkpoints.values()} if known is not None else set()
    return result if comparison.old.checkpoint_sha256 in digests else None


def _costs(session: Session, comparison: Comparison) -> dict[Side, Cost]:
    digests: dict[Side, str] = {
        "old": comparison.old.checkpoint_sha256,
        "new": comparison.new.checkpoint_sha256,
    }
    known = {side: kept(session.store.root, sha256) for side, sha256 in digests.items() if sha256}
    return {side: cost for side, cost in known.items() if cost is not None}


def _plain(session: Session, found: Handover) -> Comparison | None:
    rows = (found.result or {}).get("candidates", [])
    plain = next((row for row in rows if row["role"] == "reference"), None)
    run = found.origins["new"].run
    if found.result is None or plain is None or (run is not None and plain["run"] == run.id):
        return None
    try:
        return compared(session, found.result["old"], plain)
    except UserError:
        return None


def _images(session: Session, found: Handover, spec: str) -> dict[str, Any]:
    """The data whose images are shown, or the sentence that says why none are."""
    runs = [origin.run for origin in found.origins.values() if origin.run is not None]
    known = [(found.result or {}).get("data", {}).get("spec", ""), *(run.recipe.data for run in runs)]
    wanted = spec or next(filter(None, known), "")
    if not wanted:
        return {"notes": ("No images are shown: it is not known which data they are of; name them with --data.",)}
    try:
        dataset = open_data(session, wanted)
    except UserError as error:
        return {"notes": (f"No images are shown: {error}",)}
    if not may_be_of(found.comparison.new, dataset):
        return {"notes": ("No images are shown: the data have changed since the versions answered them.",)}
    return {"dataset": dataset}


def _judged(session: Session, found: Handover, asked: Asked) -> Handover:
    assert found.policy is not None
    comparison, notes = found.comparison, found.notes
    verdict = judge(comparison, found.policy, leave_out=label_wrong(comparison) if asked.adjusted else None)
    try:
        signed = sign_offs(session.store.root, comparison)
    except UserError as error:  # the verdict holds without them
        signed, notes = [], (*notes, str(error))
    current = digest_of(comparison, found.policy, verdict) if signed else ""
    told = tuple(each.to_json(current) for each in signed)
    return dataclasses.replace(found, verdict=verdict, sign_offs=told, notes=notes)
