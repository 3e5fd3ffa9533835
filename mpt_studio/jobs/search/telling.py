"""What a search has found so far, in figures and in a sentence: the same for window, terminal and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mpt_studio.compare.figures.within import undominated
from mpt_studio.methods import shown_in
from mpt_studio.store import Trial
from mpt_studio.units import count, p_value, told

_ROW = (
    "number",
    "label",
    "run",
    "method",
    "parameters",
    "outcome",
    "message",
    "nfr",
    "accuracy",
    "accuracy_new_classes",
    "offset",
)


def ranked(trials: Sequence[Trial]) -> list[Trial]:
    """Those that meet the limits, the lowest NFR first; of equals the more accurate, then the earlier."""
    return sorted((t for t in trials if t.is_feasible), key=lambda t: (t.nfr or 0.0, -(t.accuracy or 0.0), t.number))


def found(trials: Sequence[Trial], importance: dict[str, float]) -> dict[str, Any]:
    """After a trial: {"envelope": [[NFR, accuracy, γ, α, trial]], "best": number or null, "importance", "sentence"}."""
    best = next(iter(ranked(trials)), None)
    points = ((*point, float(t.number)) for t in trials for point in t.frontier)
    return {
        "envelope": [list(point) for point in undominated(points)],
        "best": None if best is None else best.number,
        "importance": importance,
        "sentence": _so_far(trials, best),
    }


def _so_far(trials: Sequence[Trial], best: Trial | None) -> str:
    when = f"After {count(len(trials) - 1, 'trial')}" if len(trials) > 1 else "Before the first trial"
    if best is None:
        near = min((t for t in trials if t.shortfall is not None), key=lambda t: t.shortfall or 0.0, default=None)
        nearest = f" The nearest is {near.label}, {near.shortfall:.1f} points short." if near else ""
        return f"{when} nothing meets the limits.{nearest}"
    of = "plain training with a logit offset" if best.number == 0 else best.label
    return (
        f"{when} the lowest NFR (old classes) within the limits is {told('share', best.nfr)}, of {of}, at an "
        f"accuracy (all) of {told('share', best.accuracy)} on the validation part."
    )


def record(search: str, trials: Sequence[Trial], so_far: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The result's beginning, as ``--json`` prints it; rates of trials are those of the validation part."""
    rows = [{name: getattr(trial, name) for name in (*_ROW, "interpolation")} for trial in trials]
    best = next((row for row in rows if row["number"] == so_far.get("best")), None)
    return {
        "search": search,
        "trials": rows,
        "envelope": [point[:2] for point in so_far.get("envelope", [])],
        "best": best,
        "importance": so_far.get("importance", {}),
        "sentence": so_far.get("sentence", ""),
        "seconds": round(seconds, 1),
    }


def decided(offset: float, interpolation: float) -> str:
    """ " with γ = 1.2 and α = 0.4"; empty as trained."""
    parts = (("γ", offset), ("α", interpolation))
    words = " and ".join(f"{letter} = {value:.2g}".replace("-", "−") for letter, value in parts if value)
    return f" with {words}" if words else ""


def of_test(result: dict[str, Any]) -> list[str]:
    """Below the figures on the test part: how the best does against plain training, and whether that is still clean."""
    apart, looks = result.get("against_plain") or {}, result.get("test_looks", 1)
    sentences = []
    if apart.get("nfr_difference") is not None and result["best"]["number"]:
        points = f"{100 * apart['nfr_difference']:+.1f}".replace("-", "−")
        sentences.append(
            f"Against plain training with its offset: {points} points of NFR (McNemar {p_value(apart['mcnemar_p'])})."
        )
    if looks > 1:
        sentences.append(f"The test part was looked at {looks} times in this search: it is no longer untouched.")
    return sentences


def around(result: dict[str, Any]) -> list[str]:
    """What a result's figures are held against: the noise floor, a control, and what is never chosen."""
    floor = (result.get("noise_floor") or {}).get("old_classes") or {}
    fusion = (result.get("fusion") or {}).get("nfr_old_classes")
    sentences = []
    if floor.get("nfr") is not None:
        sentences.append(
            "Noise floor: two plain trainings that differ in the seed have an NFR of "
            f"{told('share', floor['nfr'])} between them."
        )
    if control := (result.get("control") or {}).get("sentence"):
        sentences.append(shown_in(control))
    if fusion is not None:
        sentences.append(
            "Serving old and new together (fusion) would have an NFR of "
            f"{told('share', fusion)} on the validation part; never chosen."
        )
    return sentences
