"""A finished update held against a policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mpt_studio import jobs
from mpt_studio.decide import Policy, Slice
from mpt_studio.errors import UserError
from mpt_studio.predictions import read_predictions


def test_that_every_candidate_is_judged_and_the_recommendation_follows(finished_update: Any) -> None:
    session, result, _ = finished_update
    easy = jobs.judge_update(session, result, Policy(max_nfr=1.0))
    assert {row["criteria"][0]["outcome"] for row in easy["candidates"]} == {"pass"}
    decided = {row["run"]: row["verdict"] for row in easy["candidates"]}  # so short a training is often refused
    assert easy["verdict"] == decided[easy["recommended"]["nearest"]]
    assert easy["recommended"]["run"] == (easy["recommended"]["nearest"] if easy["verdict"] == "ship" else "")
    hard = jobs.judge_update(session, result, Policy(min_accuracy_gain=1.0))
    assert {row["verdict"] for row in hard["candidates"]} == {"hold"}
    assert (hard["verdict"], hard["recommended"]["run"]) == ("hold", "")
    assert hard["recommended"]["nearest"] in {row["run"] for row in result["candidates"]}
    assert "verdict" not in result  # what is kept is not judged


def test_that_slices_by_true_class_need_no_metadata_and_others_a_table(finished_update: Any, tmp_path: Path) -> None:
    session, result, _ = finished_update
    judged = jobs.judge_update(session, result, Policy(slices=(Slice("truth:0,1", max_nfr=1.0),)))
    assert all(row["criteria"][0]["n"] for row in judged["candidates"])
    night, table = Policy(slices=(Slice("camera = night", max_nfr=1.0),)), tmp_path / "cameras.csv"
    with pytest.raises(UserError, match="needs metadata"):
        jobs.judge_update(session, result, night)
    ids = read_predictions(Path(result["old"]["predictions"])).sample_ids
    table.write_text("id,camera\n" + "".join(f"{name},night\n" for name in ids))
    judged = jobs.judge_update(session, result, night, table)
    assert judged["candidates"][0]["criteria"][0]["n"]
