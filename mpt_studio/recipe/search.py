"""Everything that decides a search for the best update: what is tried, within which limits, for how long.

As in ``recipe``: the options, the form and the file on disk are the same thing; the text under a field is its help.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Interval

from mpt_studio.made_of import STRICT
from mpt_studio.recipe import UpdateRecipe, Words


@dataclass(frozen=True, kw_only=True)
class Space:
    """What a search varies. A range is LOW:HIGH, one value is fixed; empty leaves the method's or the recipe's own."""

    __pydantic_config__ = STRICT

    search_methods: str = "auto"
    """Methods that may be proposed, separated by commas; auto: none, the PCT and the MPT ones that the old model can
    teach."""
    search_start: str = "auto"
    """recipe, old (go on from the old model's weights), or both; auto: both where the old model has such weights."""
    search_learning_rate: str = "auto"
    """Range of the learning rate, on a logarithmic scale; auto: a tenth to three times the recipe's."""
    search_logit_margin: str = "0:6"
    """Range of b, for methods with a margin."""
    search_weight: str = "0.25:4"
    """Range of the factor on a method's own distillation weights, on a logarithmic scale."""
    search_temperature: str = ""
    """Range of τ of the KL distillation, on a logarithmic scale; empty keeps each method's own."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an update must not lose to plain training on all data, on the validation part."""

    __pydantic_config__ = STRICT

    max_accuracy_drop: Annotated[float, Interval(ge=-100, le=100)] = 0.5
    """Points of accuracy (all) that an update may have less than plain training; below 0 it must have more."""
    max_new_accuracy_drop: Annotated[float, Interval(ge=-100, le=100)] | None = 5.0
    """The same for the accuracy on new classes: an update that hardly answers with them flips little and is worth
    little. Empty asks nothing of it."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How much may be spent."""

    __pydantic_config__ = STRICT

    trials: Annotated[int, Interval(ge=1, le=1000)] = 30
    """Updates that are trained and compared, plain training not counted."""
    hours: Annotated[float, Interval(ge=0, le=10_000), Words(unlimited=0)] = 0.0
    """Time for everything, kept to within one training; unlimited (0): as long as the trials take."""
    stop_below: Annotated[float, Interval(ge=0, le=100), Words(never=0)] = 5.0
    """A trial is stopped where its accuracy (all, at the best offset) on the validation part is so many points below
    the limit that plain training sets in the same epoch; never (0): all are trained to their end."""
    finalists: Annotated[int, Interval(ge=1, le=10)] = 3
    """The best trials, which are trained again with other seeds, beside plain training."""
    finalist_seeds: Annotated[int, Interval(ge=0, le=20), Words(none=0)] = 2
    """So many more seeds for each finalist; none (0): the best trial wins, whatever chance had to do with it."""
    control: bool = False
    """Also train a control of the best finalist that is taught: which images its teachers got right is shuffled. Where
    that does as well, it was not the teachers' correctness that helped."""
    jobs: Annotated[int, Interval(ge=1, le=64)] = 1
    """Trials at once, each a process of its own, one per GPU; only 1 proposes the same again."""


@dataclass(frozen=True, kw_only=True)
class SearchRecipe:
    """A search: the update that it is for, what it varies, its limits and its budget."""

    __pydantic_config__ = STRICT

    update: UpdateRecipe = field(default_factory=UpdateRecipe)
    """Data, old model, training; its methods are the first trials where the space has them, its seed the search's."""
    space: Space = field(default_factory=Space)
    limits: Limits = field(default_factory=Limits)
    budget: Budget = field(default_factory=Budget)

    def with_trials(self, more: int) -> SearchRecipe:
        """The same with so many more trials."""
        return dataclasses.replace(self, budget=dataclasses.replace(self.budget, trials=self.budget.trials + more))
