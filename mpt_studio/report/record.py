"""A report as plain JSON values: what page, Markdown and JUnit are made of, and what --json writes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from mpt_studio import __version__
from mpt_studio.checkpoint import Checkpoint
from mpt_studio.compare import SUBSETS, Comparison, adjusted_rates, frontier, label_wrong, per_class, record_of
from mpt_studio.compare.comparison import Side
from mpt_studio.compare.figures.calibration import calibrations
from mpt_studio.compare.figures.noise_floor import noise_floors_of
from mpt_studio.decide import Finding
from mpt_studio.jobs import Handover
from mpt_studio.predictions import Predictions
from mpt_studio.recipe import to_json
from mpt_studio.report import broken, limits
from mpt_studio.store import Run
from mpt_studio.store.machine import machine, versions

FORMAT = 1
CURVE_POINTS = 120


def report_record(found: Handover, now: datetime | None = None) -> dict[str, Any]:
    """Everything that a report tells, less the images themselves."""
    comparison = found.comparison
    record: dict[str, Any] = {
        "format": FORMAT,
        "made": (now or datetime.now()).astimezone().isoformat(timespec="seconds"),
        "program": __version__,
        "verdict": _verdict(found),
        "recommended": (found.result or {}).get("recommended"),
        "versions": {side: _version(found, side) for side in ("old", "new")},
        "offset": comparison.gamma,
        "interpolation": found.alpha,
        "data": _data(found),
        "classes": _classes(comparison),
        "figures": record_of(comparison),
        "adjusted": _adjusted(comparison),
        "noise_floor": noise_floors_of(found.result or {}),
        "candidates": _candidates(found),
        "frontier": {"new": _curve(comparison.base), "plain": _curve(found.plain) if found.plain else []},
        "per_class": _per_class(comparison),
        "flows": broken.flows(comparison),
        "causes": broken.by_cause(found),
        "must_not_flip": broken.must_not_flip(found),
        "judgements": broken.judgements(found),
        "cost": {side: cost.to_json() for side, cost in found.costs.items()},
        "calibration": calibrations(comparison),
        "machine": {"report": {**_without_name(machine()), **versions()}},
        "notes": list(found.notes),
    }
    return record | {"limits": limits.sentences(record)}


def _verdict(found: Handover) -> dict[str, Any] | None:
    verdict = found.verdict
    if verdict is None:
        return None
    return verdict.to_json() | {
        "counted": verdict.counted(),
        "unknown": verdict.unknown_sentence(),
        "criteria": [_criterion(finding) for finding in verdict.findings],
        "sign_offs": list(found.sign_offs),
    }


def _criterion(finding: Finding) -> dict[str, Any]:
    words = {
        "asked": finding.told_threshold(),
        "value": finding.told_value(),
        "interval": f"[{finding.told_interval()}]" if finding.interval is not None else "",
    }
    more = {"by_value": finding.by_value, "makes": finding.makes(), "is_least": finding.is_least, "words": words}
    told = finding.to_json() | more | {"unknown_ids": len(finding.unknown_ids)}
    return told | {"title": f"{finding.title} ({finding.subset})", "sentence": finding.sentence()}


def _version(found: Handover, side: Side) -> dict[str, Any]:
    known: Predictions = getattr(found.comparison, side)
    origin = found.origins.get(side)
    checkpoint, run = (origin.checkpoint, origin.run) if origin else (None, None)
    label = known.version or (run.label if run else "") or ("old model" if side == "old" else "update")
    told = {"label": label, "sha256": known.checkpoint_sha256, "classes": len(known.class_names), "data": known.data}
    return told | _of_checkpoint(checkpoint) | _of_run(run)


def _of_checkpoint(checkpoint: Checkpoint | None) -> dict[str, Any]:
    if checkpoint is None:
        return {}
    return {
        "architecture": checkpoint.architecture,
        "image_size": checkpoint.preprocessing.image_size,
        "method": checkpoint.method,
        "start": checkpoint.start,
        "source": checkpoint.source,
        "source_sha256": checkpoint.source_sha256,
        "notes": list(checkpoint.notes),
    }


def _of_run(run: Run | None) -> dict[str, Any]:
    if run is None:
        return {}
    return {
        "run": run.id,
        "outcome": run.outcome,
        "trained": datetime.fromtimestamp(run.created).astimezone().isoformat(timespec="seconds"),
        "seed": run.recipe.training.seed,
        "recipe": dict(_flat(to_json(run.recipe))),
        "machine": _without_name(run.machine),
        "packages": run.versions,
    }


def _without_name(told: dict[str, Any]) -> dict[str, Any]:
    """What decides a result; what a computer is called is nobody else's business."""
    return {name: value for name, value in told.items() if name != "name"}


def _flat(values: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", list(value) if isinstance(value, tuple) else value


def _data(found: Handover) -> dict[str, Any]:
    comparison, dataset = found.comparison, found.dataset
    known = {"answered": comparison.new.data, "fingerprint": comparison.new.data_fingerprint}
    matching = {"samples": len(comparison), "matching": comparison.matching.sentences()}
    if dataset is None:
        return {**known, **matching}
    parts = {part: len(getattr(dataset, part)) for part in ("train", "validation", "test")}
    return {**known, **matching, "spec": dataset.spec, "parts": parts, "skipped": len(dataset.skipped)}


def _classes(comparison: Comparison) -> dict[str, Any]:
    matching, old, new = comparison.matching, comparison.old.class_names, comparison.new.class_names
    return {
        "old": len(old),
        "new": len(new),
        "added": list(matching.added),
        "removed": list(matching.removed),
        "reordered": matching.reordered,
    }


def _adjusted(comparison: Comparison) -> dict[str, Any] | None:
    wrong = label_wrong(comparison)
    if not wrong.any():
        return None
    return {subset: adjusted_rates(comparison, subset, wrong).to_json() for subset in SUBSETS}


def _candidates(found: Handover) -> list[dict[str, Any]]:
    """All that were trained in the same update, with what there is to choose by."""
    run = found.origins["new"].run if "new" in found.origins else None
    names = ("samples", "accuracy_new", "accuracy_new_ci95", "nfr", "nfr_ci95")
    return [
        {
            "label": row["label"],
            "run": row["run"],
            "is_this": run is not None and row["run"] == run.id,
            "verdict": row.get("verdict", ""),
            **{subset: {name: row[subset].get(name) for name in names} for subset in SUBSETS},
        }
        for row in (found.result or {}).get("candidates", [])
    ]


def _curve(comparison: Comparison) -> list[list[float]]:
    """[NFR (old classes, else all), accuracy (all), γ] of a version's offsets, few enough to be drawn."""
    curve = frontier(comparison)
    every = list(zip(curve.nfr.tolist(), curve.accuracy_all.tolist(), curve.offset.tolist(), strict=True))
    step = max(1, len(every) // CURVE_POINTS)
    kept = sorted({*range(0, len(every), step), len(every) - 1, curve.zero})
    return [[round(value, 6) for value in every[i]] for i in kept]


def _per_class(comparison: Comparison) -> list[dict[str, Any]]:
    """The classes that have samples, those with the most negative flips first."""
    found = [each for each in per_class(comparison) if each.rates.samples]
    return [
        {"name": each.name, "is_new": each.is_new, **each.rates.to_json()}
        for each in sorted(found, key=lambda each: (-each.rates.negative_flips, -(each.rates.nfr or 0.0), each.name))
    ]
