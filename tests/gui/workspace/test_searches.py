"""A search's trials and its outcome as open versions, each at what was decided for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.compare import Decision
from mpt_studio.gui.workspace.place import Returning, place_of
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.predictions import write_predictions
from mpt_studio.store import Search

from ..search.conftest import PLAIN, answers, found, made, trained, trial

pytestmark = pytest.mark.gui


@pytest.fixture
def opened(empty_workspace: Workspace) -> Iterator[Workspace]:
    yield empty_workspace
    empty_workspace.close()


def searched(workspace: Workspace, **of_trial: Any) -> Search:
    """A search with plain training at γ = 0.5 and a trial."""
    store = workspace.store
    runs = {name: trained(store, name, wrong) for name, wrong in (("plain", 3), ("mpt", 2))}
    plain = PLAIN.__class__(**{**vars(PLAIN), "run": runs["plain"]})
    search = made(store, plain, trial(1, run=runs["mpt"], **of_trial), found=found(1))
    write_predictions(answers("old", 1), search.old_answers)
    return search


def test_that_a_trial_opens_on_the_validation_part_at_its_own_offset(qtbot: QtBot, opened: Workspace) -> None:
    search = searched(opened, offset=1.234567)
    assert opened.searching.open_trial(search, 1)
    current = opened.current
    assert current is not None
    assert [(v.role, v.label) for v in opened.versions] == [
        ("old", "Old model (validation)"),
        ("reference", "Plain training"),
        ("candidate", "#1 Margin (MPT_KL) b=2"),
    ]
    decision = opened.decision(current)
    assert decision is not None
    assert (decision.gamma, decision.alpha) == (1.234567, 0)
    assert current.predictions is not None
    assert current.predictions.sample_ids[0] == "validation/0"
    assert opened.update_id == search.id


def test_that_a_mixed_trial_opens_with_its_share_of_the_old_model(opened: Workspace) -> None:
    search = searched(opened, offset=0.5, interpolation=0.4)
    said: list[str] = []
    opened.message.connect(lambda _level, sentence, _detail: said.append(sentence))
    write_predictions(answers("mixed", 1), search.mixed_answers(1))
    assert opened.searching.open_trial(search, 1), said
    current = opened.current
    assert current is not None
    decision = opened.decision(current)
    assert decision is not None
    assert (decision.gamma, decision.alpha) == (0.5, 0.4)
    assert decision.weights.endswith("last.safetensors")


def test_that_a_trial_without_answers_says_so_and_takes_nothing_away(workspace: Workspace) -> None:
    before = list(workspace.versions)
    search = made(workspace.store, PLAIN, trial(1))
    said: list[str] = []
    workspace.message.connect(lambda _level, sentence, _detail: said.append(sentence))
    assert not workspace.searching.open_trial(search, 1)
    assert said
    assert workspace.versions == before


def row(folder: Path, number: int, name: str, offset: float, interpolation: float = 0.0) -> dict[str, Any]:
    write_predictions(answers(name, number), folder / name)
    return {
        "number": number,
        "label": f"{name} with γ",
        "run": name,
        "checkpoint": f"{folder}/{name}.safetensors",
        "predictions": str(folder / name),
        "method": "MPT_KL",
        "offset": offset,
        "interpolation": interpolation,
    }


def test_that_the_outcome_opens_the_winner_exactly_as_decided(opened: Workspace, tmp_path: Path) -> None:
    write_predictions(answers("old", 1), tmp_path / "old")
    best = row(tmp_path, 2, "winner", 0.98765, 0.2)
    plain = row(tmp_path, 0, "plain", 0.75)
    result = {
        "old": {"label": "Old model", "checkpoint": "", "predictions": str(tmp_path / "old")},
        "test": [{**plain, "offset": 0.0}, plain, best],
        "best": best,
    }
    search = made(opened.store, PLAIN, trial(2), found=found(2), result=result)
    assert opened.searching.open_outcome(search)
    current = opened.current
    assert current is not None
    assert opened.decision(current) == Decision(best["checkpoint"], 0.2, 0.98765)
    reference = next(v for v in opened.versions if v.role == "reference")
    assert opened.decision(reference) == Decision(plain["checkpoint"], 0.0, 0.75)
    assert len(opened.versions) == 3


def test_that_a_search_without_an_outcome_says_so(opened: Workspace) -> None:
    said: list[str] = []
    opened.message.connect(lambda _level, sentence, _detail: said.append(sentence))
    assert not opened.searching.open_outcome(made(opened.store, PLAIN))
    assert "no outcome on the test part yet" in said[0]


def test_that_a_restart_brings_a_trial_back_as_it_was_looked_at(qtbot: QtBot, opened: Workspace) -> None:
    search = searched(opened, offset=1.5)
    assert opened.searching.open_trial(search, 1)
    place = place_of(opened)
    opened.clear()
    Returning(opened).bring_back(place)
    assert opened.update_id == search.id
    assert opened.current is not None
    decision = opened.decision(opened.current)
    assert decision is not None
    assert (opened.current.key, decision.gamma) == (f"{search.id}/1", 1.5)
