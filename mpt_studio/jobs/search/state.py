"""A search as the window draws it: read from its record alone, quick enough to ask after every event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mpt_studio.store import Search, Store, Trial


@dataclass(frozen=True)
class OnEnvelope:
    """A point that no other of any trial beats in both NFR and accuracy."""

    nfr: float
    accuracy: float
    offset: float
    interpolation: float
    trial: int
    """Number of the trial that it is of."""


@dataclass(frozen=True)
class SearchState:
    """What a search has done so far; each trial has its own frontier."""

    search: Search
    trials: tuple[Trial, ...]
    """By number; 0 is plain training, whose frontier is what an offset alone gives."""
    envelope: tuple[OnEnvelope, ...]
    floor: float | None
    """The accuracy (all) that the limits ask for; None before plain training."""
    best: Trial | None
    importance: dict[str, float]
    """Parameter → share; empty before it can be told."""
    sentence: str
    result: dict[str, Any] | None
    """Finalists, test part and winner; see ``docs/find.md``."""


def search_state(store: Store, search_id: str) -> SearchState:
    """A search by its id or the unambiguous beginning of it. Raises ``UserError``."""
    return state_of(store.search(search_id))


def state_of(search: Search) -> SearchState:
    """A search as it was read."""
    found = search.found
    by_number = {trial.number: trial for trial in search.trials}
    return SearchState(
        search=search,
        trials=search.trials,
        envelope=tuple(OnEnvelope(a, b, c, d, int(trial)) for a, b, c, d, trial in found.get("envelope", [])),
        floor=found.get("floor"),
        best=by_number.get(found.get("best", -1)),
        importance=dict(found.get("importance", {})),
        sentence=str(found.get("sentence", "")),
        result=search.result,
    )
