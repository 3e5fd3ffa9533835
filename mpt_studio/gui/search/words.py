"""What trials are and came to, in words that are the same in table, plot and notices."""

from __future__ import annotations

from mpt_studio.gui.widgets.plain import number, percent
from mpt_studio.methods import shown
from mpt_studio.recipe.words import number_text
from mpt_studio.store import Trial

TITLES = {
    "method": "Method",
    "start": "Start",
    "learning_rate": "Learning rate",
    "logit_margin": "Logit margin b",
    "weight": "Distillation weight",
    "temperature": "Temperature τ",
}
_SHORT = {"learning_rate": "lr", "logit_margin": "b", "weight": "weight ×", "temperature": "τ"}


def name_of(trial: Trial) -> str:
    """The method as it is called everywhere, and whether it went on from the old model: "Margin (MPT_KL) @old"."""
    published = trial.label.removeprefix(f"#{trial.number} ").partition(" ")[0]
    return shown(published) + " @old" * (trial.parameters.get("start") == "old")


def parameters(trial: Trial) -> str:
    """What was proposed for it: "lr 0.0128, b 2.13"."""
    given = {
        name: value for name, value in trial.parameters.items() if name in _SHORT and isinstance(value, float | int)
    }
    parts = [f"{_SHORT[name]} {number_text(float(value))}" for name, value in given.items()]
    return ", ".join(parts)


def outcome(trial: Trial) -> tuple[str, str]:
    """A sentence, and the field of ``Colors`` that it is told in."""
    if trial.outcome == "running":
        return "▶ Is trained now", "accent"
    if trial.outcome == "failed":
        return f"✗ Failed: {trial.message}", "wrong"
    if trial.outcome == "stopped":
        return f"■ {trial.message}", "muted"
    if trial.is_feasible:
        return "✓ Within the limits", "right"
    return f"○ {trial.message or 'Misses the limits.'}", "both_wrong"


def decided(trial: Trial) -> str:
    """Its γ and α; empty as trained."""
    parts = [f"γ = {number(trial.offset, 2)}"] * bool(trial.offset)
    parts += [f"α = {trial.interpolation:g}"] * bool(trial.interpolation)
    return ", ".join(parts)


def sentence(trial: Trial) -> str:
    """One trial in full, as the plot's read-out has it."""
    name = f"#{trial.number} {name_of(trial)}" if trial.number else "Plain training and γ, the line to beat"
    more = ", ".join(filter(None, (parameters(trial), decided(trial))))
    rates = f"NFR (old classes) {percent(trial.nfr)}, accuracy (all) {percent(trial.accuracy)} on the validation part"
    miss = f" {trial.message}" if trial.message and trial.number else ""
    return f"{name}{f' ({more})' if more else ''}: {rates}.{miss}"
