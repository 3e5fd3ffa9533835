"""One search for the best update: its folder holds the recipe, every trial with its frontier, and what was found."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.store.members import Job, JobWriter, job_values
from mpt_studio.store.record import SearchFields

RECORD = "search.json"
JOURNAL = "journal.log"
"""What the sampler remembers, in Optuna's own format."""
TrialOutcome = Literal["running", "done", "stopped", "failed"]


@dataclass(frozen=True)
class Trial:
    """One training of a search, judged on the validation part. Rates are fractions; None where there is none (yet)."""

    number: int
    """0 is plain training, the yardstick."""
    run: str
    label: str
    method: str
    parameters: dict[str, float | str] = field(default_factory=dict)
    """What was proposed for it."""
    outcome: TrialOutcome = "running"
    message: str = ""
    """Why it was stopped or failed, or by how much it misses the limits."""
    nfr: float | None = None
    """The least NFR (old classes) over γ and α within the limits; the nearest to them where none is."""
    accuracy: float | None = None
    """On all samples, at that point; as are the following."""
    accuracy_new_classes: float | None = None
    offset: float = 0.0
    """γ."""
    interpolation: float = 0.0
    """α, the old model's share of the weights."""
    shortfall: float | None = None
    """Points below the limits; 0 or less meets them."""
    frontier: tuple[tuple[float, float, float, float], ...] = ()
    """(NFR, accuracy, γ, α) of the points that no other of this trial beats in both, by rising NFR."""
    seconds: float = 0.0

    @property
    def is_feasible(self) -> bool:
        """Whether it meets the limits."""
        return self.outcome == "done" and self.shortfall is not None and self.shortfall <= 0

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass(frozen=True, kw_only=True)
class Search(Job):
    """A search as its ``search.json`` told when it was read."""

    recipe: SearchRecipe
    trials: tuple[Trial, ...]
    found: dict[str, Any]
    """"envelope", "best", "importance" and "sentence" after the last trial; empty before the first."""
    seconds: float
    """Worked so far."""

    @property
    def old_answers(self) -> Path:
        """Folder with the old model's answers on the validation part."""
        return self.folder / "old"

    def mixed_answers(self, number: int) -> Path:
        """Folder with the answers there of a trial that is best with a share of the old model's weights."""
        return self.folder / "mixed" / str(number)


def read_search(folder: Path) -> Search:
    """Read ``search.json`` and nothing else. Raises ``UserError`` for damaged or newer ones."""
    values = job_values(Search, folder / RECORD, SearchFields, SearchRecipe)
    return Search(**values | {"trials": tuple(map(trial_of, values["trials"]))})


def trial_of(row: dict[str, Any]) -> Trial:
    """A trial as a record or an event tells it."""
    return Trial(**{**row, "frontier": tuple((a, b, c, d) for a, b, c, d in row["frontier"])})


class SearchWriter(JobWriter):
    """Writes one search; holds its lock."""

    record_name = RECORD

    @property
    def search(self) -> Search:
        """The search as it is on disk now."""
        return read_search(self.folder)

    def keep(self, trial: Trial, **fields: Any) -> None:
        """Put a trial in its place, with other fields of the record that change at the same time."""
        rows = {row["number"]: row for row in self._record["trials"]} | {trial.number: trial.to_json()}
        self.set(trials=[rows[number] for number in sorted(rows)], **fields)
