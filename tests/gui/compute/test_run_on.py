"""The choice where jobs are done: what there is, what is kept, what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpt_studio.errors import UserError
from mpt_studio.gui.compute.run_on import RunOn
from mpt_studio.gui.widgets.settings import Settings
from mpt_studio.jobs.cluster.described import clusters_file

from ..fake_worker import FakeWorker

pytestmark = pytest.mark.gui
TWO = '[desk]\nkind = "local"\nn_workers = 2\n[night]\nkind = "slurm"\n'


def described(text: str) -> Path:
    clusters_file().parent.mkdir(parents=True, exist_ok=True)
    clusters_file().write_text(text)
    return clusters_file()


def chosen(gpus: int = 0, worker: FakeWorker | None = None) -> RunOn:
    made = RunOn(Settings(), worker, count_gpus=lambda take: take(gpus))  # type: ignore[arg-type]
    made.renew()
    return made


def titles(run_on: RunOn) -> list[str]:
    return [place.title for place in run_on.places()]


@pytest.mark.usefixtures("qapp")
def test_that_there_are_this_machine_its_gpus_where_there_are_several_and_what_the_file_describes() -> None:
    assert titles(chosen()) == titles(chosen(gpus=1)) == ["This machine"]
    described(TWO)
    assert titles(chosen(gpus=4)) == ["This machine", "Each GPU of this machine (4)", "desk (local)", "night (slurm)"]


@pytest.mark.usefixtures("qapp")
def test_that_the_choice_is_kept_and_becomes_options_of_the_command_line() -> None:
    described(TWO)
    run_on = chosen()
    assert (run_on.cluster, run_on.options(False)) == ("", ())
    run_on.choose("desk")
    again = chosen()
    assert (again.cluster, again.options(False), again.options(True)) == ("desk", *2 * [("--cluster", "desk")])
    again.choose("tcp://node0:8786")
    again.choose("")
    assert (chosen().options(False), chosen().address) == ((), "tcp://node0:8786")


@pytest.mark.usefixtures("qapp")
def test_that_a_training_is_spread_over_gpus_that_are_there_and_a_search_or_a_cluster_spreads_none() -> None:
    run_on = chosen(gpus=4)
    run_on.choose_spread(3)
    assert (run_on.options(False), run_on.options(True)) == (("--gpus", "3"), ())
    assert run_on.problem("cpu") == (
        "A training is spread over GPUs, and its device is cpu; choose auto, or spread it over one."
    )
    assert (run_on.problem("cuda"), run_on.problem("cpu", searches=True)) == ("", "")
    assert chosen(gpus=2).options(False) == ("--gpus", "2")
    assert chosen(gpus=1).options(False) == ()
    run_on.choose("gpus")
    assert run_on.options(False) == ("--cluster", "gpus")


@pytest.mark.usefixtures("qapp")
def test_that_a_fault_of_the_file_is_a_sentence_and_is_gone_when_it_is_mended() -> None:
    path = described('[desk]\nkind = "locl"')
    run_on, changes = chosen(), list[str]()
    run_on.changed.connect(lambda: changes.append(run_on.fault))
    assert run_on.fault.startswith(f"{path}: [desk] kind is 'locl'; it is one of local, ssh")
    assert (run_on.problem(), titles(run_on)) == ("", ["This machine"])  # nobody chose one of its clusters
    run_on.choose("desk")
    assert run_on.problem() == run_on.fault
    with pytest.raises(UserError, match="'locl'"):
        run_on.check()
    assert titles(run_on)[-1] == "desk"
    described(TWO)
    run_on.renew()
    assert (run_on.problem(), changes[-1]) == ("", "")


@pytest.mark.usefixtures("qapp")
def test_that_a_cluster_that_is_no_longer_described_is_still_shown_and_refused() -> None:
    run_on = chosen()
    run_on.choose("old")
    assert titles(run_on) == ["This machine", "old"]
    assert run_on.problem() == (
        f"There is no cluster 'old' in {clusters_file()}; choose where to run, or describe it there."
    )


@pytest.mark.usefixtures("qapp")
def test_that_the_worker_says_what_is_not_installed_of_the_cluster_that_is_chosen_now() -> None:
    described(TWO)
    run_on = chosen(worker=(worker := FakeWorker()))
    run_on.choose("night")
    asked = worker.last
    assert (asked.job, asked.args) == ("check_cluster", {"cluster": "night"})
    asked.fail("A cluster needs Dask; install it: pip install 'mpt-studio[cluster]'.")
    assert run_on.problem() == "A cluster needs Dask; install it: pip install 'mpt-studio[cluster]'."
    run_on.choose("")
    assert run_on.problem() == ""
    asked.fail("too late")
    assert run_on.problem() == ""


@pytest.mark.usefixtures("qapp")
def test_that_settings_of_others_that_make_no_sense_are_this_machine() -> None:
    Settings().set(run_on=["desk"])
    assert chosen().cluster == ""


@pytest.mark.usefixtures("qapp")
def test_that_a_time_that_was_measured_here_is_told_as_such() -> None:
    run_on = chosen()
    assert run_on.about_time("About 2 min on the CPU") == "About 2 min on the CPU"
    run_on.choose("gpus")
    assert run_on.about_time("About 2 min on the CPU") == "Done here: about 2 min on the CPU"
    assert run_on.about_time("Estimating the time…") == "Estimating the time…"
