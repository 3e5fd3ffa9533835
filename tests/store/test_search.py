"""A search on disk."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mpt_studio.errors import UserError
from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.store import Member, Store, Trial

from .conftest import finished_run

TRIAL = Trial(number=1, run="r1", label="#1 MPT_KL", method="mpt_kl", parameters={"weight": 2.0, "start": "old"})


def test_that_a_search_reads_back_with_trials_members_and_what_was_found(store: Store) -> None:
    search = store.create_search(SearchRecipe(), title="Letters")
    assert (search.outcome, search.trials, search.found, search.result) == ("queued", (), {}, None)
    judged = Trial(
        **{**TRIAL.to_json(), "outcome": "done", "nfr": 0.1, "shortfall": 0.0, "frontier": ((0.1, 0.9, 0.0, 0.0),)}
    )
    with store.write_search(search.id) as writer:
        writer.add_member(Member("r1", "candidate", "MPT_KL", "#1 MPT_KL"))
        writer.keep(TRIAL)
        writer.keep(judged, found={"best": 1}, seconds=2.5)
        writer.keep(Trial(number=0, run="r0", label="plain", method="none"))
        writer.finish("done", result={"best": None})
    read = store.search(search.id)
    assert [trial.number for trial in read.trials] == [0, 1]
    assert (read.trials[1], read.trials[1].is_feasible) == (judged, True)
    assert (read.found, read.seconds, read.title, read.outcome) == ({"best": 1}, 2.5, "Letters", "done")
    assert [member.run for member in read.members] == ["r1"]
    assert [search.id for search in store.searches()] == [read.id]


def test_that_a_run_of_a_running_search_cannot_be_deleted_and_stays_without_it(store: Store) -> None:
    search = store.create_search(SearchRecipe())
    with store.write_search(search.id) as writer:
        run = finished_run(store, update=search.id)
        with pytest.raises(UserError, match=f"while the search {search.id} is running and needs it"):
            store.delete(run.id)
        writer.finish("done")
    store.delete(search.id)
    assert store.searches() == []
    assert store.run(run.id).id == run.id


@pytest.mark.parametrize(
    "change",
    [{"trials": {}}, {"trials": [{"number": "one"}]}, {"found": []}, {"seconds": -1.0}, {"members": ["run"]}],
)
def test_that_a_damaged_record_is_told_and_the_others_are_read(store: Store, change: dict[str, Any]) -> None:
    search, whole = store.create_search(SearchRecipe()), store.create_search(SearchRecipe())
    path = search.folder / "search.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")
    with pytest.raises(UserError, match=r"search\.json is damaged"):
        store.search(search.id)
    assert [each.id for each in store.searches()] == [whole.id]
    assert len(store.problems) == 1


def test_that_a_search_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(UserError, match="There is no search 'nothing'"):
        store.search("nothing")
