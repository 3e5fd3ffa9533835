"""An update on disk."""

from __future__ import annotations

import json

import pytest

from mpt_studio.errors import UserError
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store import Member, Store, control

from .conftest import finished_run


def test_that_a_finished_run_of_a_running_update_cannot_be_deleted(store: Store) -> None:
    update = store.create_update(UpdateRecipe())
    with store.write_update(update.id) as writer:
        run = finished_run(store, update=update.id)
        with pytest.raises(UserError, match=f"while the update {update.id} is running and needs it"):
            store.delete(run.id)
        writer.finish("done")
    store.delete(run.id)
    store.delete(update.id)
    assert store.updates() == []


def test_that_an_update_reads_back_with_members_and_result(store: Store) -> None:
    update = store.create_update(UpdateRecipe(methods="none,mpt_kl"), title="Letters")
    assert (update.outcome, update.result, update.members, update.is_active) == ("queued", None, (), False)
    with store.write_update(update.id) as writer:
        assert writer.update.outcome == "running"
        writer.add_member(Member("r1", "old", "No_Treatment", "old"))
        writer.add_member(Member("r2", "candidate", "MPT_KL", "MPT_KL"))
        writer.add_member(Member("r1", "old", "No_Treatment", "old model"))
        writer.finish("done", result={"candidates": []})
    read = store.update(update.id)
    assert [member.run for member in read.members] == ["r1", "r2"]
    assert read.members[0].label == "old model"
    assert (read.title, read.outcome, read.result) == ("Letters", "done", {"candidates": []})
    assert read.recipe.methods == "none,mpt_kl"


def test_that_a_command_to_a_queued_update_survives_its_opening(store: Store) -> None:
    update = store.create_update(UpdateRecipe())
    control.send_command(update.folder, "cancel")
    with store.write_update(update.id) as writer:
        assert control.read_command(update.folder) == "cancel"
        writer.finish("cancelled")


@pytest.mark.parametrize(
    "change",
    [
        {"members": {}},
        {"members": [{"run": 5, "role": "", "method": "", "label": ""}]},
        {"members": ["run"]},
        {"result": {"candidates": 5}},
        {"result": {"candidates": [{"all": {"nfr": "none"}}]}},
        {"result": {"recommended": {"run": 5}}},
        {"title": None},
    ],
    ids=str,
)
def test_that_one_odd_value_makes_one_damaged_update(store: Store, change: dict[str, object]) -> None:
    good, bad = store.create_update(UpdateRecipe()), store.create_update(UpdateRecipe())
    record = json.loads((bad.folder / "update.json").read_text())
    (bad.folder / "update.json").write_text(json.dumps(record | change))
    assert [update.id for update in store.updates()] == [good.id]
    assert "is damaged" in store.problems[0].sentence
