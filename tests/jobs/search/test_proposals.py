"""What is proposed: a function of seed, place and history; with a memory on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mpt_studio.compare.figures.within import Point
from mpt_studio.errors import UserError
from mpt_studio.jobs.search.proposals import AT_RANDOM, Proposal, Proposals
from mpt_studio.jobs.search.space import METHODS, Dimensions
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.recipe.search import Space
from mpt_studio.store.disk import DiskRefused

DIMENSIONS = Dimensions(Space(search_temperature="2:8"), UpdateRecipe(), METHODS, can_start=True)


def opened(folder: Path, seed: int = 1) -> Proposals:
    return Proposals(folder / "journal.log", "a-search", DIMENSIONS, seed)


def judged(parameters: dict[str, Any]) -> Point:
    """A made-up world in which small learning rates are good and large margins miss the limits."""
    short = float(parameters.get("logit_margin", 0.0)) / 100 - 0.03
    nfr = float(parameters["learning_rate"])
    return Point(nfr, 0.9, None, 0.0, 0.0, shortfall=short, shortfall_new_classes=float("-inf"))


def tell(proposals: Proposals, proposal: Proposal) -> None:
    match proposal.number % 5:
        case 3:
            proposals.tell_stopped(proposal.number, 2, 0.08)
        case 4:
            proposals.tell_failed(proposal.number)
        case _:
            proposals.tell(proposal.number, judged(proposal.parameters))


def run(proposals: Proposals, count: int) -> list[dict[str, Any]]:
    found = []
    for _ in range(count):
        proposal = proposals.next()
        tell(proposals, proposal)
        found.append(proposal.parameters)
    return found


def test_that_the_same_seed_proposes_the_same_and_another_one_does_not(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    first = run(opened(tmp_path / "a"), 14)
    assert run(opened(tmp_path / "b"), 14) == first
    assert run(opened(tmp_path / "c", seed=2), 14) != first


def test_that_a_killed_search_proposes_what_it_would_have(tmp_path: Path) -> None:
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    expected = run(opened(tmp_path / "whole"), 14)
    found = []
    for number in range(1, 15):
        proposal = opened(tmp_path / "killed").next()  # killed while it is trained
        assert proposal.number == number
        again = opened(tmp_path / "killed")
        assert again.open(range(1, number)) == [proposal]
        tell(again, proposal)  # killed before it is noted in the search's record
        assert opened(tmp_path / "killed").open(range(1, number)) == [proposal]
        assert opened(tmp_path / "killed").open(range(1, number + 1)) == []
        found.append(proposal.parameters)
    assert found == expected


@pytest.mark.parametrize("lines", range(1, 9))
def test_that_half_a_proposal_is_forgotten_and_proposed_again(tmp_path: Path, lines: int) -> None:
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    expected = run(opened(tmp_path / "whole"), 6)
    run(opened(tmp_path / "killed"), 4)
    journal = tmp_path / "killed" / "journal.log"
    before = journal.read_bytes()
    opened(tmp_path / "killed").next()
    added = journal.read_bytes()[len(before) :].splitlines(keepends=True)
    kept, torn = added[:-1][:lines], added[:-1][lines:]  # the last line says that the proposal is whole
    journal.write_bytes(before + b"".join(kept) + (torn[0][:9] if torn else b""))
    (tmp_path / "killed" / "journal.log.lock").touch()
    again = opened(tmp_path / "killed")
    assert again.open(range(1, 5)) == []
    assert [again.next().parameters] == expected[4:5]


@pytest.mark.skipif(os.name != "posix", reason="limits of a process")
@pytest.mark.parametrize("room", [100, 700, 1500])
def test_that_a_full_disk_is_told_and_what_was_to_be_proposed_is_proposed_afterwards(tmp_path: Path, room: int) -> None:
    import resource

    for name in ("whole", "full"):
        (tmp_path / name).mkdir()
    expected = run(opened(tmp_path / "whole"), 3)
    proposals = opened(tmp_path / "full")
    run(proposals, 2)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "full" / "journal.log").stat().st_size + room, limits[1]))
    try:
        with pytest.raises(DiskRefused, match="may hold no files as large"):
            proposals.next()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    again = opened(tmp_path / "full")
    assert again.open((1, 2)) == []
    assert again.next().parameters == expected[2]


def test_that_what_was_told_before_a_kill_is_told_once(tmp_path: Path) -> None:
    proposals = opened(tmp_path)
    proposal = proposals.next()
    tell(proposals, proposal)
    tell(opened(tmp_path), proposal)
    assert opened(tmp_path).count == 1


def test_that_importance_is_told_once_there_is_enough_to_tell(tmp_path: Path) -> None:
    proposals = opened(tmp_path)
    for number in range(2 * AT_RANDOM):
        assert proposals.importance() == {}
        proposal = proposals.next()
        proposals.tell(number + 1, judged(proposal.parameters))
    found = proposals.importance()
    assert set(found) <= {dimension.name for dimension in DIMENSIONS.all}
    assert sum(found.values()) == pytest.approx(1, abs=0.01)


def test_that_limits_are_constraints_of_the_sampler(tmp_path: Path) -> None:
    import optuna

    proposals = opened(tmp_path)
    run(proposals, 3)
    trials = proposals._study.get_trials()
    states = [optuna.trial.TrialState.COMPLETE] * 2 + [optuna.trial.TrialState.PRUNED]
    assert [trial.state for trial in trials] == states
    assert trials[2].constraints == {"accuracy": pytest.approx(8.0)}
    assert trials[0].constraints["accuracy_new_classes"] == -100.0


@pytest.mark.parametrize("content", [b"", b"not a journal\n", b"[]\n{}\n"])
def test_that_a_file_that_is_no_memory_of_this_search_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal.log").write_bytes(content)
    if not content:
        assert opened(tmp_path).count == 0
        return
    with pytest.raises(UserError, match="is damaged, or is not the memory of this search"):
        opened(tmp_path)
