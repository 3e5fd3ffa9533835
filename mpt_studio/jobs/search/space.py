"""What a search may vary, read from its recipe; and what a proposal means: which method, trained how."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from mpt_studio.errors import UsageError, one_sentence
from mpt_studio.jobs.plan import Planned
from mpt_studio.methods import Method, label_of, method_named
from mpt_studio.recipe import UpdateRecipe, checked
from mpt_studio.recipe.search import Space

Parameters = Mapping[str, float | str]
METHODS = ("none", "pct_naive", "pct_kl", "pct_lm", "mpt_kl", "mpt_lm", "mpt_nodistillation")
RECIPE, OLD = "recipe", "old"
SENTENCES = {
    "method": "Which loss keeps the update close to the old model.",
    "start": "Training begins as the recipe says, or with the old model's own weights.",
    "learning_rate": "Peak learning rate of the training.",
    "logit_margin": "b: the lead that old classes get over new ones in the training loss.",
    "weight": "Factor on the method's own distillation weights: how much agreement with its teachers counts.",
    "temperature": "τ: how much the teachers' less likely classes count in KL distillation.",
}


@dataclass(frozen=True)
class Dimension:
    """One thing that a search varies."""

    name: str
    choices: tuple[str, ...] = ()
    """The words that may be proposed; empty for numbers."""
    low: float = 0.0
    high: float = 0.0
    is_logarithmic: bool = False

    @property
    def sentence(self) -> str:
        return SENTENCES[self.name]

    def holds(self, value: float | str) -> bool:
        """Whether it may be proposed."""
        return value in self.choices if isinstance(value, str) else self.low <= value <= self.high


@dataclass(frozen=True)
class Trained(Planned):
    """A version of a search: planned as in an update, with a learning rate of its own."""

    learning_rate: float = 0.0
    """0 is the recipe's."""


class Dimensions:
    """The space of one search. Raises ``UsageError`` for what is no range or no method.

    Args:
        space: as the recipe has it.
        update: its base.
        can: methods among ``METHODS`` that the old model can teach; they are what "auto" stands for.
        can_start: whether a candidate may go on from the old model's weights.
    """

    def __init__(self, space: Space, update: UpdateRecipe, can: tuple[str, ...], can_start: bool) -> None:
        self.update = update
        starts = (RECIPE, OLD) if can_start else (RECIPE,)
        rate = update.training.learning_rate
        found = (
            _words("method", space.search_methods, can, _check_method),
            _words("start", space.search_start, starts, _check_start),
            _range("learning_rate", space.search_learning_rate, f"{rate / 10:.3g}:{min(3 * rate, 100):.3g}", True),
            _range("logit_margin", space.search_logit_margin),
            _range("weight", space.search_weight, logarithmic=True),
            _range("temperature", space.search_temperature, logarithmic=True),
        )
        self.all = tuple(dimension for dimension in found if dimension is not None)
        self._by_name = {dimension.name: dimension for dimension in self.all}
        rates = self._by_name.get("learning_rate")
        if rates and not 0 < rates.low <= rates.high <= 100:
            raise UsageError("A learning rate lies above 0 and is 100 at most; see --search-learning-rate.")
        for name in self._by_name["method"].choices:  # the ends of each range make methods that can be
            for end in ("low", "high"):
                limits = {d.name: getattr(d, end) for d in self.all if not d.choices}
                self.method_of({"method": name, "start": RECIPE, **limits})

    def asked_of(self, method: str) -> tuple[Dimension, ...]:
        """What a proposal of this method names besides it: a margin only where it has one, and so on."""
        preset = method_named(method)
        has = {
            "logit_margin": preset.logit_margin > 0,
            "weight": preset.distillation != "none",
            "temperature": preset.distillation == "focal_kl",
        }
        return tuple(d for d in self.all if d.name != "method" and has.get(d.name, True))

    def __getitem__(self, name: str) -> Dimension:
        return self._by_name[name]

    def method_of(self, parameters: Parameters) -> Method:
        """The method that a proposal stands for. Raises ``UsageError`` for values out of range."""
        preset = method_named(str(parameters["method"]))
        asked = {d.name for d in self.asked_of(str(parameters["method"]))}
        given = {name: float(value) for name, value in parameters.items() if name in asked and not _is_word(value)}
        factor = given.get("weight", 1.0)
        changed = dataclasses.replace(
            preset,
            from_old=parameters.get("start") == OLD,
            logit_margin=given.get("logit_margin", preset.logit_margin),
            temperature=given.get("temperature", preset.temperature),
            old_weight=_short(preset.old_weight * factor),
            new_weight=_short(preset.new_weight * factor),
        )
        return checked(changed)

    def trained(self, number: int, parameters: Parameters) -> Trained:
        """The version that a proposal stands for."""
        method = self.method_of(parameters)
        rate = float(parameters.get("learning_rate", 0.0))
        same = rate == self.update.training.learning_rate
        label = f"#{number} {label_of(method)}" + ("" if same or not rate else f" lr={rate:g}")
        return Trained("candidate", method, label, learning_rate=rate)

    def first(self) -> list[dict[str, float | str]]:
        """The base recipe's own methods as proposals, as far as the space has them: no search is worse than they."""
        wanted = [m for m in self.update.candidate_methods()[1:] if not m.interpolates and not m.needs_ensemble]
        found = [self._proposed(method) for method in wanted]
        return [proposal for proposal in found if proposal is not None]

    def _proposed(self, method: Method) -> dict[str, float | str] | None:
        name, preset = method.name.lower(), method_named(method.name)
        own: dict[str, float | str] = {
            "start": OLD if method.from_old else RECIPE,
            "learning_rate": self.update.training.learning_rate,
            "logit_margin": method.logit_margin,
            "weight": 1.0,
            "temperature": preset.temperature,
        }
        name = "none" if name == "no_treatment" else name
        if not self["method"].holds(name) or not all(d.holds(own[d.name]) for d in self.asked_of(name)):
            return None
        return {"method": name, **{d.name: own[d.name] for d in self.asked_of(name)}}

    def told(self) -> list[dict[str, object]]:
        """What is varied, as plain JSON values, each with its sentence."""
        return [{**dataclasses.asdict(dimension), "sentence": dimension.sentence} for dimension in self.all]


def rounded(parameters: Parameters) -> dict[str, float | str]:
    """Three significant digits: nobody can tell more of them apart, and people have to read them."""
    return {name: value if isinstance(value, str) else _short(value) for name, value in parameters.items()}


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def _is_word(value: float | str) -> bool:
    return isinstance(value, str)


def _words(name: str, text: str, known: tuple[str, ...], check: object) -> Dimension:
    given = tuple(dict.fromkeys(word for word in map(str.strip, text.lower().split(",")) if word))
    if not given:
        raise UsageError(f"A search needs something to choose its {name} from: {', '.join(known)}, or auto.")
    if given == ("auto",):
        return Dimension(name, known)
    for word in given:
        check(word)  # type: ignore[operator]
    return Dimension(name, given)


def _check_method(name: str) -> None:
    if ":" in name or "@" in name:
        raise UsageError(
            f"{one_sentence(name, 40)!r} is no method to search: the margin and the start are ranges of their own "
            "(--search-logit-margin, --search-start)."
        )
    if method_named(name).needs_ensemble:
        raise UsageError(f"{name} needs an ensemble of reference models, which a search does not train; leave it out.")


def _check_start(word: str) -> None:
    if word not in (RECIPE, OLD):
        raise UsageError(f"{one_sentence(word, 40)!r} is no start to search; take recipe, old, or recipe,old.")


def _range(name: str, text: str, auto: str = "", logarithmic: bool = False) -> Dimension | None:
    """LOW:HIGH, or one value; None where it is not varied."""
    text = auto if text.strip() == "auto" and auto else text.strip()
    if not text:
        return None
    option = f"--search-{name.replace('_', '-')}"
    try:
        low, high = (float(part) for part in (text.split(":") if ":" in text else (text, text)))
    except ValueError:
        raise UsageError(
            f"{option} is {one_sentence(text, 40)!r}; write a range as LOW:HIGH, as in 0.001:0.1."
        ) from None
    if not low <= high < float("inf") or (logarithmic and low <= 0):
        above = " and above 0" if logarithmic else ""
        raise UsageError(f"{option} is {text!r}; its first number has to be no larger than the second{above}.")
    return Dimension(name, low=low, high=high, is_logarithmic=logarithmic and low < high)
