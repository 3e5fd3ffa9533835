"""What versions cost, measured in turns on this machine and kept in the store: nobody has to measure twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mpt_studio import cost as costs
from mpt_studio import paths
from mpt_studio.checkpoint import Checkpoint
from mpt_studio.compare.figures.calibration import calibrations
from mpt_studio.cost import DISTURBANCE, METHOD, Cost
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.kinds import PREDICTIONS
from mpt_studio.jobs.comparing import compare_versions
from mpt_studio.jobs.images import open_data
from mpt_studio.jobs.read_weights import checkpoint_of, weights_of
from mpt_studio.jobs.session import Session
from mpt_studio.predictions import is_predictions
from mpt_studio.store.disk import written_to


def cost(
    session: Session, old: str, new: str, spec: str = "", *, device: str = "auto", again: bool = False
) -> dict[str, Any]:
    """What two versions cost, side by side, and how well they know what they know.

    Returns {"method": how it was measured, "old" and "new": ``measure_costs``, "calibration": ``calibrations`` or null,
    "notes": [why something lacks]}. Raises ``UserError``.
    """
    before, after = measure_costs(session, (old, new), spec, device=device, again=again)["versions"]
    record = {"method": METHOD, "old": before, "new": after}
    notes = [each["why_not"] for each in (before, after) if each["why_not"]]
    measured = [costs.from_json(each["cost"]) for each in (before, after) if each["cost"]]
    notes += [DISTURBANCE] if any(each.is_disturbed for each in measured) else []
    try:
        found = calibrations(compare_versions(session, old, new, spec))
    except UserError as error:
        return {**record, "calibration": None, "notes": [*notes, f"There is no calibration: {error}"]}
    return {**record, "calibration": found, "notes": [*notes, *found["not_available"]]}


def measure_costs(
    session: Session, names: Sequence[str], spec: str = "", *, device: str = "auto", again: bool = False
) -> dict[str, Any]:
    """What named versions cost; measured where they were not in turns with each other, or ``again``.

    Returns {"versions": [{"name", "checkpoint", "cost": ``Cost`` or null, "why_not"}]}. Raises ``UserError``.
    """
    classes = open_data(session, spec).class_names if spec else ()
    found_as = [described(session, name, classes) for name in names]
    found = iter(_costs(session, [each for each in found_as if each], device, again))
    versions = [
        {
            "name": name,
            "checkpoint": each.path if each else "",
            "cost": next(found).to_json() if each else None,
            "why_not": "" if each else _why_not(name),
        }
        for name, each in zip(names, found_as, strict=True)
    ]
    return {"versions": versions}


def _why_not(name: str) -> str:
    shown = one_sentence(Path(name).name, 80)
    return f"{shown} is known by its answers alone: it has no weights whose size and latency could be measured."


def described(session: Session, name: str, classes: tuple[str, ...]) -> Checkpoint | None:
    """A named version with weights; None for predictions, which have none. Raises ``UserError``."""
    path = paths.named(name)
    if is_predictions(path) or (PREDICTIONS.fits(path) and path.is_file()):
        return None
    if not path.exists() and (path.suffix or len(path.parts) > 1):
        raise UserError(f"There is no file {path}.")
    return checkpoint_of(session, weights_of(session, name), data_classes=classes)


def _costs(session: Session, checkpoints: list[Checkpoint], device: str, again: bool) -> list[Cost]:
    if not checkpoints:
        return []
    from mpt_studio.engine.cost import measure
    from mpt_studio.engine.machine import device as devices
    from mpt_studio.engine.version import FrozenVersion

    chosen, store = devices.choose(device), session.store.root
    asked = devices.describe(chosen)
    known = [costs.kept(store, checkpoint.sha256(), asked) for checkpoint in checkpoints]
    if not again and all(known) and len({each.measured for each in known if each}) == 1:
        return [each for each in known if each]
    session.progress("Measuring what versions cost", None)
    found = measure([FrozenVersion(checkpoint, chosen) for checkpoint in checkpoints], session.progress)
    for each in found:
        path = costs.file_of(store, each.sha256, asked)
        with written_to(path):
            paths.write_text(path, json.dumps(each.to_json(), ensure_ascii=False), durable=False)
    return found
