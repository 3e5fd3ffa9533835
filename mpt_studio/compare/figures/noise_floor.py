"""How far two plain trainings that differ only in the seed are apart: differences in NFR below it may be chance."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.figures.adjusted import adjusted_rates
from mpt_studio.compare.figures.columns import record_of
from mpt_studio.compare.tally import SUBSETS


def noise_floor(between: Comparison, old_classes: Collection[str]) -> dict[str, Any]:
    """The record of two plain trainings, on the same subsets as the candidates: those of the *deployed* model.

    The first of the two knows every class, so that the comparison alone would call all of them old.
    """
    known = set(old_classes)
    is_old = np.array([name in known for name in between.names], dtype=bool)[between.truth]
    left_out = {"old_classes": ~is_old, "new_classes": is_old}
    return record_of(between) | {
        subset: adjusted_rates(between, "all", without).to_json() for subset, without in left_out.items()
    }


def noise_floors_of(result: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """An update's noise floor by subset, only where it was counted on the samples that the candidates' NFR is."""
    floor, rows = result.get("noise_floor") or {}, result.get("candidates") or [{}]
    return {
        subset: floor[subset]
        for subset in SUBSETS
        if (floor.get(subset) or {}).get("samples")
        and floor[subset]["samples"] == (rows[0].get(subset) or {}).get("samples")
    }
