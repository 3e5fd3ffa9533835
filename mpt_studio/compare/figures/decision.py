"""A candidate as decided: what Compare shows and export writes is one of these."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Decision:
    """Which weights, how much of the old model's in them, under which logit offset."""

    weights: str
    """A weights file of any origin, or a run's folder."""
    alpha: float = 0.0
    """Share of the old model's weights: α · old + (1 − α) · weights."""
    gamma: float = 0.0
    """Subtracted from the logits of new classes."""

    def record(self) -> dict[str, float]:
        """For headers and other programs; empty as trained."""
        named = {"logit_offset": self.gamma, "interpolation": self.alpha}
        return {name: value for name, value in named.items() if value}

    def words(self) -> str:
        """ "γ = 1.19 and α = 0.4"; empty as trained."""
        return " and ".join(f"{letter} = {value:.6g}" for letter, value in self._told())

    def suffix(self) -> str:
        """For a file's name: "_gamma1.19_alpha0.4"; empty as trained."""
        names = {"γ": "gamma", "α": "alpha"}
        return "".join(f"_{names[letter]}{value:.4g}" for letter, value in self._told())

    def _told(self) -> list[tuple[str, float]]:
        return [(letter, value) for letter, value in (("γ", self.gamma), ("α", self.alpha)) if value]
