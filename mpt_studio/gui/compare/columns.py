"""The columns of the table of candidates: each says what its cells show, and the user which of them there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from mpt_studio import cost as costs
from mpt_studio.compare import FIGURES, SUBSET_WORDS, Comparison, Figure, Paired, Subset
from mpt_studio.compare.figures.calibration import calibration
from mpt_studio.flips import Rates
from mpt_studio.gui.widgets.plain import interval, signed
from mpt_studio.gui.widgets.settings import JsonFile
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.units import count, p_value, told

PAIRED = "Δ NFR"
_PAIRED_HELP = (
    "NFR minus that of the candidate on show, on the same samples; p is the exact McNemar test's: "
    "the chance of such a difference between equally good candidates"
)
_ECE_HELP = (
    "Expected calibration error: mean distance between confidence and accuracy over 15 bins of confidence; "
    "of few samples it is too large by chance"
)


@dataclass(frozen=True)
class Cell:
    """What the delegate paints: a value above its interval."""

    value: str
    interval: str
    color: str = ""


NOTHING = Cell("–", "")


def _heading(name: str) -> str:
    """With a capital, as all headers have; units keep their letters: "ms, batch 1"."""
    return name if name.startswith("ms,") else name[0].upper() + name[1:]


@dataclass(frozen=True)
class At:
    """What a cell is about."""

    workspace: Workspace
    version: Version
    comparison: Comparison
    """As trained, without an offset."""
    subset: Subset

    @property
    def rates(self) -> Rates:
        return self.workspace.offsets.rates(self.version.key, self.comparison, self.subset)


class Column(Protocol):
    """A column behind the candidate's name."""

    @property
    def key(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def help(self) -> str: ...

    @property
    def has_subset(self) -> bool:
        """Whether it is counted on the subset that was chosen."""

    @property
    def is_default(self) -> bool: ...

    def cell(self, at: At) -> Cell: ...

    def tip(self, at: At) -> str: ...


@dataclass(frozen=True)
class FigureColumn:
    """A rate with its interval."""

    figure: Figure
    has_subset = True
    is_default = True

    @property
    def key(self) -> str:
        return self.figure.key

    @property
    def title(self) -> str:
        return _heading(self.figure.short or self.figure.name)

    @property
    def help(self) -> str:
        return self.figure.help

    def cell(self, at: At) -> Cell:
        return Cell(told(self.figure.unit, self.figure.value(at.rates)), interval(self.figure.interval(at.rates)))

    def tip(self, at: At) -> str:
        cell = self.cell(at)
        bounds = f", 95 % interval {cell.interval} %" if cell.interval else ""
        head = f"{self.title} ({SUBSET_WORDS[at.subset]}): {cell.value}{bounds}"
        noun, *which = self.figure.among.partition(" that ")
        return f"{head}; of {count(self.figure.basis(at.rates), noun)}{''.join(which)}\n{self.help}."


@dataclass(frozen=True)
class CostColumn:
    """What was measured of a candidate, with the old model's below."""

    column: costs.Column
    has_subset = False

    @property
    def key(self) -> str:
        return self.column.key

    @property
    def title(self) -> str:
        return _heading(self.column.name)

    @property
    def help(self) -> str:
        return self.column.help

    @property
    def is_default(self) -> bool:
        return self.key in ("size", "latency_1")

    def cell(self, at: At) -> Cell:
        own, old = at.workspace.costs.of(at.version), at.workspace.costs.of(at.workspace.old)
        if own is None:
            return NOTHING
        return Cell(self.column.told(own)[0], f"old {self.column.told(old)[0]}" if old else "")

    def tip(self, at: At) -> str:
        lines = []
        for name, version in ((at.version.label, at.version), ("Old model", at.workspace.old)):
            if found := at.workspace.costs.of(version):
                value, small = self.column.told(found)
                where = f"by {found.runtime} on {found.device}, measured at {found.measured}"
                lines.append(f"{name}: {value}{f' ({small})' if small else ''}; {where}")
        return "\n".join([*lines, f"{self.help}."]) if lines else f"Not measured yet. {self.help}."


class EceColumn:
    """Calibration of a candidate at its offset; free, but only asked for beside what else it costs."""

    key, title, help = "ece", "ECE", _ECE_HELP
    has_subset, is_default = True, False

    def cell(self, at: At) -> Cell:
        if "new" in at.comparison.without_scores:
            return NOTHING
        found = calibration(at.workspace.offsets.view(at.version.key, at.comparison), "new", at.subset)
        return Cell(told("share", found.ece), "")

    def tip(self, at: At) -> str:
        if "new" in at.comparison.without_scores:
            return f"{at.version.label} gave only answers, no scores.\n{self.help}."
        found = calibration(at.workspace.offsets.view(at.version.key, at.comparison), "new", at.subset)
        bounds = f", 95 % interval {interval(found.interval)} %" if found.interval else ""
        head = f"ECE ({SUBSET_WORDS[at.subset]}): {told('share', found.ece)}{bounds}"
        return f"{head}; of {count(found.samples, 'sample')}\n{self.help}."


class PairedColumn:
    """The difference to the candidate on show."""

    key, title, help = "paired", PAIRED, _PAIRED_HELP
    has_subset, is_default = True, True

    def __init__(self) -> None:
        self.pairs: Mapping[str, Paired] = {}
        """Each candidate against the one on show, by key."""

    def cell(self, at: At) -> Cell:
        if at.version is at.workspace.current:
            return Cell("–", "on show")
        pair = self.pairs.get(at.version.key)
        if pair is None or pair.nfr_difference is None:
            return NOTHING
        return Cell(f"{signed(100 * pair.nfr_difference)} pt", p_value(pair.mcnemar_p))

    def tip(self, at: At) -> str:
        pair, current = self.pairs.get(at.version.key), at.workspace.current
        if pair is None or current is None:
            return f"{self.help}."
        of = f"{SUBSET_WORDS[pair.subset]}, n={count(pair.samples)}"
        only = (
            f"{count(pair.only_first, 'negative flip')} only of {at.version.label}, {count(pair.only_second)} only of"
        )
        return f"{only} {current.label}, {count(pair.both)} of both ({of}).\n{self.help}."


COSTS: tuple[Column, ...] = (*(CostColumn(column) for column in costs.COLUMNS), EceColumn())
RATES: tuple[Column, ...] = tuple(FigureColumn(figure) for figure in FIGURES if figure.help)


class KeptColumns(JsonFile):
    """Which columns the user wants; those that were never asked for are as they are by default."""

    def __init__(self) -> None:
        super().__init__("columns.json")

    def wants(self, column: Column) -> bool:
        chosen = self.values.get(column.key)
        return chosen if isinstance(chosen, bool) else column.is_default

    def want(self, column: Column, wanted: bool) -> None:
        self.set(**{column.key: wanted})
