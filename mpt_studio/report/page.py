"""The report as one page: HTML that needs no network, no script and no second file."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from mpt_studio import methods
from mpt_studio.compare.figures.columns import FIGURES, Figure
from mpt_studio.compare.figures.decision import Decision
from mpt_studio.compare.figures.missing import SIDES
from mpt_studio.compare.tally import SUBSET_WORDS, SUBSETS, Subset
from mpt_studio.cost import COLUMNS, DISTURBANCE, METHOD, from_json
from mpt_studio.errors import one_sentence
from mpt_studio.report import charts
from mpt_studio.report.figures import rate_told, reason_told
from mpt_studio.units import told

if TYPE_CHECKING:
    from jinja2 import Environment

SHOWN_CLASSES = 30
MOST_CLASSES = 1000
"""Rows of one table; a class more is counted and not told."""
VERDICTS = {
    "ship": ("✓", "Ship"),
    "hold": ("✗", "Hold"),
    "review": ("!", "Review"),
    "too little evidence": ("?", "Too little evidence"),
    "": ("–", "Not judged"),
}
OUTCOMES = {"pass": "✓ passes", "fail": "✗ fails", "too little evidence": "? too little evidence"}
MAIN = ("accuracy_old", "accuracy_new", "nfr", "pfr", "churn")
"""The figures that are told first."""
_LONGEST = 600
"""Characters of one text of others'."""


def page(record: dict[str, Any], images: dict[str, str]) -> str:
    """The whole page.

    Args:
        record: ``report_record``.
        images: sample id → data URI, of those that are shown.
    """
    style = (Path(__file__).parent / "templates" / "report.css").read_text("utf-8")
    ours = {"style": Markup(style), "images": {name: Markup(uri) for name, uri in images.items()}}
    return _templates().get_template("report.html").render(**record, **_told(record), **ours).lstrip()


def _told(record: dict[str, Any]) -> dict[str, Any]:
    """What the template asks beside the record."""
    figures = record["figures"]
    shown = [subset for subset in SUBSETS if subset == "all" or figures[subset]["samples"]]
    deciding: Subset = "old_classes" if figures["old_classes"]["samples"] else "all"
    verdict = record["verdict"]
    return {
        "title": " → ".join(methods.shown(record["versions"][side]["label"]) for side in SIDES),
        "decided": verdict["verdict"] if verdict else "",
        "why": _why(record),
        "decision": Decision("", record["interpolation"], record["offset"]).words(),
        "criteria": sorted(verdict["criteria"], key=_worst_first) if verdict else [],
        "subsets": [(subset, SUBSET_WORDS[subset]) for subset in shown],
        "deciding": deciding,
        "deciding_words": SUBSET_WORDS[deciding],
        "main_figures": [figure for figure in FIGURES if figure.key in MAIN],
        "other_figures": [figure for figure in FIGURES if figure.key not in MAIN],
        "here": (figures[deciding]["nfr"], figures["all"]["accuracy_new"]),
        **_cost(record["cost"]),
        "version_rows": _version_rows(record["versions"]),
        "recipe_rows": _recipe_rows(record["versions"]),
    }


def _why(record: dict[str, Any]) -> str:
    """Why this candidate of its update, or why none; empty where another one was chosen."""
    chosen, run = record["recommended"] or {}, record["versions"]["new"].get("run")
    return reason_told(record) if run and run in (chosen.get("run"), chosen.get("nearest")) else ""


def _cost(known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What was measured of the versions: rows of a table, and how."""
    costs = {side: from_json(cost) for side, cost in known.items()}
    rows = [
        (column.name, column.help, *(column.told(costs[side]) if side in costs else ("–", "") for side in SIDES))
        for column in COLUMNS
    ]
    found = list(costs.values())
    return {
        "cost_rows": rows if costs else [],
        "cost_method": METHOD,
        "cost_ran": [
            f"{side} by {cost.runtime} on {cost.device}, {cost.measured}"
            for side, cost in ((words, costs[side]) for side, words in SIDES.items() if side in costs)
        ],
        "cost_warnings": [
            *([DISTURBANCE] if any(cost.is_disturbed for cost in found) else []),
            *(["The two were not measured in turns."] if len({cost.measured for cost in found}) > 1 else []),
        ],
    }


def _worst_first(criterion: dict[str, Any]) -> int:
    return ("hold", "review", "too little evidence", "ship").index(criterion["makes"])


def _version_rows(versions: dict[str, dict[str, Any]]) -> list[tuple[str, str, str, bool]]:
    """What is known of either version: in words, of the old model, of the update, and whether it is a digest."""

    def network(version: dict[str, Any]) -> str:
        return f"{version['architecture']}, {version['image_size']} px" if "architecture" in version else ""

    tells: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
        ("Name", lambda v: methods.shown(v["label"])),
        ("Weights, SHA-256", lambda v: v["sha256"]),
        ("Run", lambda v: v.get("run", "")),
        ("Method", lambda v: methods.plain_name(v.get("method", ""))),
        ("Architecture", network),
        ("Start", lambda v: v.get("start", "")),
        ("Made from", lambda v: v.get("source", "")),
        ("Made from, SHA-256", lambda v: v.get("source_sha256", "")),
        ("Classes", lambda v: f"{v['classes']:,}"),
    )
    rows = [(words, tell(versions["old"]), tell(versions["new"]), "SHA" in words) for words, tell in tells]
    return [row for row in rows if row[1] or row[2]]


def _recipe_rows(versions: dict[str, dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Each field of either recipe: what it is called, its value for the old model and for the update."""
    old, new = (versions[side].get("recipe", {}) for side in ("old", "new"))
    return [(key, _value(old.get(key)), _value(new.get(key))) for key in dict.fromkeys((*new, *old))]


def _value(value: Any) -> str:
    if value in (None, "", []):
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@cache
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "share": partial(told, "share"),
        "count": lambda n: f"{n:,}",
        "cell": _cell,
        "shown": methods.shown,
        "day": lambda text: str(text).partition("T")[0],
    }
    made.globals |= {
        "charts": charts,
        "sides": SIDES,
        "subset_words": SUBSET_WORDS,
        "kinds": charts.KINDS,
        "verdicts": VERDICTS,
        "outcomes": OUTCOMES,
        "most_classes": MOST_CLASSES,
        "shown_classes": SHOWN_CLASSES,
    }
    return made


def _plain(value: Any) -> Any:
    """Whatever is written into the page: what is not of ours loses control characters and excessive length."""
    return one_sentence(value, _LONGEST) if isinstance(value, str) and not isinstance(value, Markup) else value


def _cell(subset: dict[str, Any], figure: Figure) -> str:
    if figure.counts is not None:
        return rate_told(subset, figure.key)
    return told(figure.unit, subset.get(figure.key))
