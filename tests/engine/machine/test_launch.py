"""Orders between the processes of a launch, and what becomes of what fails."""

from __future__ import annotations

import pytest
import torch.distributed as dist

from mpt_studio.engine.machine import launch as launching
from mpt_studio.engine.machine.launch import Launch
from mpt_studio.errors import RankLost, UserError


@pytest.fixture
def pair(tmp_path, monkeypatch) -> tuple[Launch, Launch]:
    """Two ranks that never meet in a process group."""
    monkeypatch.setattr(launching, "_SECONDS_TO_SAY_WHY", 0.2)
    for_all = str(tmp_path / "store")
    first, second = (Launch(rank, rank, 2, dist.FileStore(for_all, 2)) for rank in (0, 1))
    for one in (first, second):
        monkeypatch.setattr(one, "group", lambda device: launching.contextlib.nullcontext())
    return first, second


def test_that_orders_come_in_turn_until_it_is_over(pair):
    first, second = pair
    for run in ("a", "b"):
        with first.ordered({"run": run}, "cpu"):
            pass
    first.over()
    assert [order["run"] for order in second.orders()] == ["a", "b"]


def test_that_the_first_rank_says_what_another_one_could_not_do(pair):
    first, second = pair
    with second.helping("cpu"):
        raise UserError("There is no room.")
    with (
        pytest.raises(UserError, match=r"^Rank 1 of 2 ended: There is no room\.$"),
        first.ordered({"run": "a"}, "cpu"),
    ):
        raise RuntimeError("Connection closed by peer")


def test_that_a_rank_that_is_gone_without_a_word_ends_a_training_that_can_be_resumed(pair):
    with pytest.raises(RankLost, match="One of the 2 ranks"), pair[0].ordered({"run": "a"}, "cpu"):
        raise RuntimeError("Connection closed by peer")


def test_that_an_error_of_the_first_rank_stays_its_own(pair):
    with pytest.raises(RuntimeError, match=r"^Ours$"), pair[0].ordered({"run": "a"}, "cpu"):
        raise RuntimeError("Ours")


def test_that_what_breaks_after_the_first_rank_has_left_is_nobodys_fault(pair):
    first, second = pair
    with first.ordered({"run": "a"}, "cpu"):
        pass
    with second.helping("cpu"):
        raise RuntimeError("Connection closed by peer")


def test_that_ranks_beyond_the_gpus_are_refused_before_anyone_is_asked(pair):
    with pytest.raises(UserError, match="leave --device cuda:1 out"), pair[0].ordered({}, "cuda:1"):
        pass
