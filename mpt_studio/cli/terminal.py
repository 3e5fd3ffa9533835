"""What a person or a log sees while a job runs: a moving bar on a terminal, plain lines otherwise. All on stderr."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from mpt_studio.events import Ended, Epoch, Event, Note, Paused, Stage, Started, Step, Tried
from mpt_studio.methods import shown
from mpt_studio.units import count, told


class Terminal:
    """Listens to a job's events and progress; a context manager."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Console(file=sys.stderr, quiet=quiet, highlight=False, markup=False, soft_wrap=True)
        self.bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[figures]}", markup=False),
            TimeRemainingColumn(),
            console=self.console,
            disable=quiet or not self.console.is_terminal,
            transient=True,
        )
        self.task = self.bar.add_task("starting", total=None, figures="")
        self.label, self.steps, self.epochs, self.samples = "", 0, 0, 0
        self.labels: dict[str, str] = {}
        """Of runs that have begun and not ended, by their ids; where there are several, lines say whose they are."""
        self.sentence = ""
        self.noted: set[str] = set()

    def __enter__(self) -> Terminal:
        self.bar.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self.bar.stop()

    def progress(self, sentence: str, fraction: float | None) -> None:
        """Show work that is not training (drawing data, evaluating)."""
        if self.bar.disable:
            if _without_numbers(sentence) != _without_numbers(self.sentence):  # one line per activity in a log
                self._print(sentence)
        else:
            total = None if fraction is None else 1.0
            self.bar.update(self.task, description=sentence, total=total, completed=fraction or 0, figures="")
        self.sentence = sentence

    def listen(self, run_id: str, event: Event) -> None:
        """Show one event."""
        self.label = self.labels.get(run_id, self.label)
        match event:
            case Stage():
                self.label = self.labels[event.run] = shown(event.label)
                self._print(f"[{event.index + 1}/{event.count}] {self.label}: run {event.run}")
            case Started():
                self.steps, self.epochs = event.steps, event.epochs
                resumed = f", resumed at step {event.step}" if event.step else ""
                work = f"{count(event.train_samples, 'image')}, {count(event.epochs, 'epoch')}"
                self._print(f"{self._whose()}{work} on {event.device}{resumed}")
            case Step():
                self._show_step(event)
            case Epoch():
                self._print(f"{self._whose()}epoch {event.epoch}/{self.epochs}: {_epoch_figures(event)}")
            case Note():
                if event.level != "error":  # the error itself is printed at the end
                    self._print_once(event.text)
            case Tried():
                self._print_tried(event)
            case Paused():
                waits = "waiting for the disk" if event.by_disk else "paused"
                self._print(f"{self._whose()}{waits if event.paused else 'going on'}")
            case Ended():
                self.labels.pop(run_id, None)
                if event.outcome in ("stopped", "cancelled"):  # failures and interruptions are told at the end
                    self._print_once(event.message or event.outcome)

    def _whose(self) -> str:
        return f"  {self.label}: " if len(self.labels) > 1 else "  "

    def _show_step(self, event: Step) -> None:
        loss = event.losses.get("loss")
        figures = f"loss {loss:.3f}, {event.images_per_second:.0f} images/s" if loss is not None else ""
        self.bar.update(self.task, description=self.label, total=self.steps, completed=event.step, figures=figures)

    def _print_tried(self, event: Tried) -> None:
        trial = event.trial
        if trial["outcome"] == "running":
            return
        nfr, accuracy = (told("share", trial[name]) for name in ("nfr", "accuracy"))
        rates = f"NFR {nfr} (old classes) at an accuracy (all) of {accuracy}; " if trial["nfr"] is not None else ""
        self._print(f"  {trial['label']}: {rates}{trial['message'] or 'within the limits.'}")
        self._print(f"  {event.found['sentence']}")

    def _print_once(self, text: str) -> None:
        if text not in self.noted:
            self._print(f"  {text}")
        self.noted.add(text)

    def _print(self, text: str) -> None:
        with suppress(OSError):  # a log on a full disk must not end the training; the text comes when it can
            self.bar.console.print(text)


def _without_numbers(sentence: str) -> str:
    return "".join(c for c in sentence if not c.isdigit() and c not in ",.")


def _epoch_figures(event: Epoch) -> str:
    parts = [
        f"loss {event.losses.get('loss', float('nan')):.3f}",
        f"training accuracy {100 * event.train_accuracy:.1f} % (n={event.train_images})",
    ]
    every: dict[str, Any] = event.validation.get("all", {})
    if every.get("accuracy_new") is not None:
        parts.append(f"validation accuracy {100 * every['accuracy_new']:.1f} % (all, n={every['samples']})")
    old: dict[str, Any] = event.validation.get("old_classes", {})
    if old.get("nfr") is not None:
        parts.append(f"NFR {100 * old['nfr']:.1f} % (old classes, n={old['samples']})")
    return ", ".join(parts)
