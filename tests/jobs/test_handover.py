"""What a report is made of: the right version, what lies around it, and sentences for what cannot be had."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mpt_studio import jobs
from mpt_studio.compare.figures.data_of import data_of
from mpt_studio.cost import Cost, file_of
from mpt_studio.decide import Policy, sign
from mpt_studio.errors import UserError
from mpt_studio.flips import Mark
from mpt_studio.jobs import Asked, gather
from mpt_studio.predictions import Predictions, write_predictions
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store.marks import Marks

ANYTHING, NOTHING = Policy(max_nfr=1.0, confidence=0), Policy(min_accuracy_gain=1.0)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    """Two versions by their answers, of data that nobody knows."""
    ids, labels = np.array([f"s{i}" for i in range(8)]), np.arange(8) % 2
    for name, answers in (("old", labels), ("new", labels[::-1].copy())):
        made = Predictions(ids, labels, ("a", "b"), np.eye(2, dtype=np.float32)[answers], ("a", "b"), version=name)
        write_predictions(made, tmp_path / name)
    return str(tmp_path / "old"), str(tmp_path / "new")


def test_that_an_update_is_reported_by_the_candidate_that_its_policy_recommends(finished_update: Any) -> None:
    session, result, _ = finished_update
    found = gather(session, Asked(old=result["update"], policy=ANYTHING))
    assert found.result is not None
    run = found.origins["new"].run
    assert run is not None
    recommended = found.result["recommended"]
    assert run.id == (recommended["run"] or recommended["nearest"])
    assert found.verdict is not None
    assert found.verdict.decided == ("ship" if recommended["run"] else "hold")  # so short a training is often refused
    assert found.dataset is not None
    assert found.dataset.spec == "builtin"


def test_that_where_none_may_ship_it_is_the_one_that_comes_nearest(finished_update: Any) -> None:
    session, result, _ = finished_update
    found = gather(session, Asked(old=result["update"], policy=NOTHING))
    run = found.origins["new"].run
    assert found.result is not None
    assert run is not None
    assert (found.result["recommended"]["run"], found.result["recommended"]["nearest"]) == ("", run.id)


def test_that_a_candidate_has_plain_training_beside_it_and_plain_training_has_not(finished_update: Any) -> None:
    session, result, _ = finished_update
    plain, other = (row["run"] for row in result["candidates"])
    of_other, of_plain = (gather(session, Asked(old=result["old"]["run"], new=run)) for run in (other, plain))
    assert of_other.plain is not None
    assert of_other.plain.rates("all").to_json() == of_plain.comparison.rates("all").to_json()
    assert of_plain.plain is None
    assert of_plain.result == of_other.result == session.store.update(result["update"]).result


def test_that_nothing_of_an_update_is_told_where_the_old_model_is_another_one(finished_update: Any) -> None:
    session, result, _ = finished_update
    plain, other = (row["run"] for row in result["candidates"])
    assert gather(session, Asked(old=plain, new=other)).result is None


def test_that_what_people_said_and_what_was_measured_is_looked_up(pair: tuple[str, str], session: jobs.Session) -> None:
    asked = Asked(old=pair[0], new=pair[1], policy=ANYTHING)
    before = gather(session, asked)
    assert (before.marked, before.sign_offs, before.costs) == ({}, (), {})
    assert before.policy is not None
    assert before.verdict is not None
    marks = Marks(session.store.root)
    marks.set(data_of(before.comparison), ["s1"], Mark.BLOCKER)
    marks.close()
    sign(session.store.root, before.comparison, before.policy, before.verdict, "Ada")
    found = gather(session, asked)
    assert {name: each.mark for name, each in found.marked.items()} == {"s1": Mark.BLOCKER}
    assert found.comparison.marks[1] == Mark.BLOCKER
    assert [(each["name"], each["is_current"]) for each in found.sign_offs] == [("Ada", True)]
    stricter = gather(session, dataclasses.replace(asked, policy=NOTHING))
    assert [each["is_current"] for each in stricter.sign_offs] == [False]


def test_that_costs_are_those_of_exactly_these_weights(finished_update: Any) -> None:
    session, result, _ = finished_update
    asked = Asked(old=result["old"]["run"], new=result["candidates"][0]["run"])
    sha256 = gather(session, asked).comparison.new.checkpoint_sha256
    cost = Cost(sha256, 9, 3, None, "PyTorch", "cpu", "2026-11-30 12:00:00")
    path = file_of(session.store.root, sha256, "cpu")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(cost.to_json()))
    try:
        assert gather(session, asked).costs["new"] == cost
    finally:
        path.unlink()


def test_that_images_that_cannot_be_shown_are_a_note(pair: tuple[str, str], session: jobs.Session) -> None:
    found = gather(session, Asked(old=pair[0], new=pair[1]))
    assert found.dataset is None
    assert found.notes == ("No images are shown: it is not known which data they are of; name them with --data.",)


def test_that_an_update_without_a_result_is_a_sentence(session: jobs.Session) -> None:
    update = jobs.start_update(session.store, UpdateRecipe(data="builtin"))
    with pytest.raises(UserError, match=r"\(queued\) has nothing to report yet; mpt-studio resume"):
        gather(session, Asked(old=update.id))
