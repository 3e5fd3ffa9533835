"""Costs of named versions: measured in turns, kept, and a sentence where there is nothing to measure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mpt_studio import cost as costs
from mpt_studio import jobs, report
from mpt_studio.cli.commands import main
from mpt_studio.errors import UserError


@pytest.fixture(autouse=True)
def _two_rounds(monkeypatch) -> None:
    from mpt_studio.engine import cost

    monkeypatch.setattr(cost, "MOST", 2)


@pytest.fixture(scope="module")
def named(finished_update) -> tuple[jobs.Session, str, str]:
    """Session, the old model's weights and the update's run."""
    session, result, _ = finished_update
    return session, result["old"]["checkpoint"], result["candidates"][1]["run"]


def test_that_two_versions_are_measured_together_once_and_then_read(named, monkeypatch) -> None:
    session, old, new = named
    first = jobs.cost(session, old, new)
    assert first["old"]["cost"]["measured"] == first["new"]["cost"]["measured"]
    assert first["new"]["cost"]["parameters"] > first["old"]["cost"]["parameters"]
    assert set(first["calibration"]["new"]) == {"old_classes", "all"}
    assert set(first["notes"]) <= {costs.DISTURBANCE}
    from mpt_studio.engine import cost

    monkeypatch.setattr(cost, "measure", None)
    assert jobs.cost(session, old, new) == first
    monkeypatch.undo()
    monkeypatch.setattr(cost, "MOST", 3)
    again = jobs.cost(session, old, new, again=True)
    assert again["old"]["cost"]["latency"][0]["rounds"] == 3
    sha256 = again["old"]["cost"]["sha256"]
    assert costs.kept(session.store.root, sha256) == costs.from_json(again["old"]["cost"])


def test_that_predictions_alone_have_a_calibration_and_a_sentence(named) -> None:
    session, _, new = named
    answers = str(session.store.run(new).predictions("test"))
    record = jobs.cost(session, answers, new)
    assert record["old"]["cost"] is None
    assert record["notes"][0] == (
        "test is known by its answers alone: it has no weights whose size and latency could be measured."
    )
    assert record["calibration"]["old"] is not None
    told = report.cost_report(record)
    assert "known by its answers alone" in told
    assert "ECE [95 %] (old classes)" in told


def test_that_a_file_that_is_not_there_is_a_sentence(named, tmp_path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        jobs.measure_costs(named[0], [str(tmp_path / "none.safetensors")])


def test_that_the_command_tells_the_table_and_json(named, capsys) -> None:
    session, old, new = named
    words = ["cost", old, new, "--store", str(session.store.root)]
    assert main(words, lambda _: 0) == 0
    told = capsys.readouterr().out
    for part in ("parameters", "FLOPs", "ms, batch 1", "images/s", "the versions take turns", "cpu ("):
        assert part in told
    assert main([*words, "--json"], lambda _: 0) == 0
    record = json.loads(capsys.readouterr().out)
    assert set(record) == {"method", "old", "new", "calibration", "notes"}
    assert Path(record["new"]["checkpoint"]).is_file()
