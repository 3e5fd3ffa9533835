"""The policy in force: its file is read, watched and kept, and what cannot be read judges nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.decide import Policy, read_policy
from mpt_studio.errors import UserError
from mpt_studio.gui.workspace.deciding import Deciding
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "policy.toml").write_text("# ours\n[nfr]\nmax = 0.01  # of old classes\n")
    return tmp_path / "policy.toml"


@pytest.fixture
def deciding(qtbot: QtBot, workspace: Workspace, file: Path) -> Deciding:
    workspace.deciding.open(file)
    qtbot.waitUntil(lambda: workspace.deciding.judged is not None)
    return workspace.deciding


def decided(deciding: Deciding) -> str:
    assert deciding.judged is not None
    assert deciding.judged.verdict is not None
    return deciding.judged.verdict.decided


def test_that_a_file_that_changes_on_disk_is_judged_by_anew(qtbot: QtBot, deciding: Deciding, file: Path) -> None:
    assert decided(deciding) == "hold"
    file.write_text("[nfr]\nmax = 0.99\n")
    qtbot.waitUntil(lambda: deciding.judged is not None and decided(deciding) == "ship")


def test_that_a_file_that_goes_bad_is_told_and_judges_nothing_until_it_is_mended(
    qtbot: QtBot, deciding: Deciding, file: Path
) -> None:
    file.write_text("[nfr]\nmax = 7\n")
    qtbot.waitUntil(lambda: bool(deciding.problem))
    assert "[nfr] max is 7; it is a fraction between 0 and 1" in deciding.problem
    assert deciding.judged is None
    assert deciding.is_unknown
    with pytest.raises(UserError, match=r"\[nfr\] max is 7"):
        deciding.save(Policy(max_nfr=0.5))
    assert file.read_text() == "[nfr]\nmax = 7\n"
    file.write_text("[nfr]\nmax = 0.99\n")
    qtbot.waitUntil(lambda: deciding.judged is not None)
    assert not deciding.problem


def test_that_a_list_that_changes_on_disk_is_read_again(
    qtbot: QtBot, deciding: Deciding, file: Path, tmp_path: Path
) -> None:
    deciding.add_set("blockers", ["test/00"], tmp_path / "blockers.txt", {})
    assert read_policy(file).must_not_flip[0].file == "blockers.txt"
    assert "# of old classes" in file.read_text()
    (tmp_path / "blockers.txt").write_text("test/00\ntest/01\n")
    qtbot.waitUntil(lambda: deciding.policy is not None and len(deciding.policy.must_not_flip[0].ids) == 2)


def test_that_the_policy_is_there_after_a_restart_and_gone_when_it_was_closed(
    qtbot: QtBot, deciding: Deciding, workspace: Workspace, file: Path
) -> None:
    again = Deciding(workspace)
    qtbot.waitUntil(lambda: again.policy == Policy(max_nfr=0.01))
    again.judge_by_none()
    assert Deciding(workspace).path is None
    assert Deciding(workspace).recent == [str(file)]


def test_that_a_policy_of_ones_own_is_never_written_over(workspace: Workspace, qtbot: QtBot) -> None:
    deciding = workspace.deciding
    deciding.start(Policy(max_nfr=0.01))
    first = deciding.path
    deciding.judge_by_none()
    deciding.start(Policy(max_nfr=0.02))
    assert first is not None
    assert deciding.path is not None
    assert deciding.path != first
    assert read_policy(first).max_nfr == 0.01


def test_that_what_is_tried_out_is_judged_and_leaves_the_file(qtbot: QtBot, deciding: Deciding, file: Path) -> None:
    deciding.try_out(Policy(max_nfr=0.99))
    qtbot.waitUntil(lambda: decided(deciding) == "ship")
    deciding.try_out(None)
    qtbot.waitUntil(lambda: decided(deciding) == "hold")
    assert read_policy(file) == Policy(max_nfr=0.01)


def test_that_the_recommendation_never_contradicts_the_verdict(
    qtbot: QtBot, deciding: Deciding, workspace: Workspace, file: Path
) -> None:
    recommending = workspace.recommending
    qtbot.waitUntil(lambda: recommending.picked is not None)
    assert recommending.picked is not None
    assert "None may ship" in recommending.picked.reason
    assert not any(recommending.star(version.key) for version in workspace.candidates)
    deciding.try_out(Policy(max_nfr=0.99))
    qtbot.waitUntil(lambda: recommending.picked is not None and bool(recommending.picked.key))
    assert recommending.star("mpt") == "★ recommended"
    deciding.try_out(None)
    file.write_text("[nfr]\nmax = 7\n")
    qtbot.waitUntil(lambda: bool(deciding.problem))
    assert recommending.picked is None  # nobody knows what is asked


def test_that_a_sign_off_stands_by_its_verdict_and_is_an_earlier_ones_after_a_change(
    qtbot: QtBot, deciding: Deciding
) -> None:
    told: list[str] = []
    deciding.sign("Ada", "the three are mislabelled", told.append)
    qtbot.waitUntil(lambda: bool(told))
    assert told == [""]
    assert deciding.signer == "Ada"
    assert deciding.judged is not None
    assert deciding.judged.signed[0].startswith("Signed off by Ada on ")
    assert deciding.judged.signed[0].endswith(", hold: the three are mislabelled")
    deciding.try_out(Policy(max_nfr=0.02))
    qtbot.waitUntil(lambda: "an earlier verdict" in "".join(deciding.judged.signed if deciding.judged else ()))


def test_that_the_window_is_not_held_up_by_judging(qtbot: QtBot, deciding: Deciding, workspace: Workspace) -> None:
    deciding.judge()
    assert deciding.is_judging  # beside the window: nothing is there yet when the call returns
    qtbot.waitUntil(lambda: not deciding.is_judging)
