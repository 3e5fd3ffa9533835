"""An update's candidates held against a policy, and the metadata that its slices go by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mpt_studio.compare import Comparison, aligned_by_store, compare, read_metadata
from mpt_studio.compare.figures.data_of import data_of
from mpt_studio.decide import Policy, judge, recommend
from mpt_studio.jobs.images import metadata_file, open_data
from mpt_studio.jobs.session import Session
from mpt_studio.predictions import read_predictions
from mpt_studio.store import Store
from mpt_studio.store.marks import FILE, Marked, Marks


def judge_update(
    session: Session, result: dict[str, Any], policy: Policy, metadata: Path | None = None
) -> dict[str, Any]:
    """An update's result with each candidate's verdict, and with the recommendation that follows from them.

    Slices go by ``metadata``, else by what the data bring along. "verdict" is the recommended one's, and "hold" where
    none may be recommended.
    """
    rows = result["candidates"]
    every = {row["run"]: compared(session, result["old"], row) for row in rows}
    if policy.slices:
        attach_metadata(session, list(every.values()), result["data"]["spec"], metadata)
    judged = [{**row, **judge(every[row["run"]], policy).to_json()} for row in rows]
    plain = next((row["run"] for row in rows if row["role"] == "reference"), None)
    if plain is None:
        return {**result, "candidates": judged, "recommended": None, "verdict": "hold"}
    found = recommend(every[plain], every, policy=policy)
    decided = found.verdict.decided if found.verdict else "hold"
    recommended = {"run": found.key, "reason": found.reason, "nearest": found.key or found.nearest}
    return {**result, "candidates": judged, "recommended": recommended, "verdict": decided}


def attach_metadata(session: Session, compared: list[Comparison], spec: str = "", file: Path | None = None) -> None:
    """Give comparisons the columns of a table, or those that the data bring along. Raises ``UserError``."""
    kept = metadata_file(session.store, open_data(session, spec)) if file is None and spec else None
    file = kept if kept is not None and kept.is_file() else file
    if file is None:
        return
    for comparison in compared:
        comparison.set_metadata(read_metadata(file, comparison))


def read_marks(store: Store, comparison: Comparison) -> dict[str, Marked]:
    """Give a comparison what was marked on its data; returns marks and notes. A store without marks stays without."""
    if not (store.root / FILE).is_file():
        return {}
    opened = Marks(store.root)
    try:
        found = opened.all(data_of(comparison))
    finally:
        opened.close()
    comparison.set_marks({name: each.mark for name, each in found.items() if each.mark})
    return found


def compared(session: Session, old: dict[str, Any], row: dict[str, Any]) -> Comparison:
    """The old model of an update's result against one of its candidates."""
    before, after = (read_predictions(Path(each["predictions"])) for each in (old, row))
    return compare(*aligned_by_store(before, after, session.store.root))
