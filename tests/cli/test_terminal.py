"""What a log sees while a job runs: plain lines on stderr, each activity and each note once."""

from __future__ import annotations

import pytest

from mpt_studio.cli.terminal import Terminal
from mpt_studio.events import Ended, Epoch, Note, Stage, Started


def test_that_a_log_tells_versions_epochs_and_notes_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    old = {"samples": 5, "nfr": 0.2}
    with Terminal() as terminal:
        terminal.progress("Drawing 1 of 9", 0.1)
        terminal.progress("Drawing 2 of 9", 0.2)
        terminal.listen("r", Stage(run="r", role="old", method="none", label="Old model", index=0, count=3))
        terminal.listen(
            "r",
            Started(device="cpu", epochs=2, steps=4, step=1, train_samples=8, validation_samples=2, parameters=1),
        )
        terminal.listen(
            "r",
            Epoch(
                epoch=1,
                step=2,
                losses={"loss": 0.5},
                train_accuracy=0.75,
                train_images=6,
                validation={"old_classes": old},
            ),
        )
        for _ in range(2):
            terminal.listen("r", Note(text="No GPU was found.", level="warning"))
        terminal.listen("r", Note(text="told at the end", level="error"))
        terminal.listen("r", Ended(outcome="stopped", message="Stopped early."))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "Drawing 1 of 9",
        "[1/3] Old model: run r",
        "  8 images, 2 epochs on cpu, resumed at step 1",
        "  epoch 1/2: loss 0.500, training accuracy 75.0 % (n=6), NFR 20.0 % (old classes, n=5)",
        "  No GPU was found.",
        "  Stopped early.",
    ]


def test_that_a_quiet_terminal_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Terminal(quiet=True) as terminal:
        terminal.progress("Drawing", None)
    assert capsys.readouterr().err == ""


def test_that_lines_of_versions_trained_at_once_say_whose_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    begun = Started(device="cpu", epochs=2, steps=4, step=0, train_samples=8, validation_samples=2, parameters=1)
    with Terminal() as terminal:
        for index, label in enumerate(("MPT", "PCT")):
            terminal.listen("", Stage(run=label, role="candidate", method="none", label=label, index=index, count=2))
        terminal.listen("PCT", begun)
        terminal.listen("MPT", begun)
        terminal.listen("PCT", Ended(outcome="done"))
        terminal.listen("MPT", begun)
    _, err = capsys.readouterr()
    work = "8 images, 2 epochs on cpu"
    assert err.splitlines()[2:] == [f"  PCT: {work}", f"  MPT: {work}", f"  {work}"]
