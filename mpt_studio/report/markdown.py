"""The report for a pull request: GitHub's Markdown, short enough for a job's summary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mpt_studio import methods
from mpt_studio.compare.figures.columns import FIGURES
from mpt_studio.compare.tally import SUBSET_WORDS, SUBSETS
from mpt_studio.errors import one_sentence
from mpt_studio.report.figures import rate_told
from mpt_studio.report.page import MAIN, VERDICTS
from mpt_studio.units import told

MOST_CHARACTERS = 200_000
"""GitHub refuses a summary of more than 1 MiB, and nobody reads as much."""
SHOWN_CRITERIA, SHOWN_CLASSES, SHOWN_FLIPS = 100, 20, 20
_MARKUP = re.compile(r"[#$&*<>@\[\\\]^_`{|}~]|:(?=\S)|\.(?=[^\W\d])")
"""What Markdown, HTML or GitHub could take for more than text; of colons and stops those that make a link."""
_CALLS = ("@", "#")
"""Followed by a name or a number they would call somebody, or link to something, even when written as entities."""
_BEGINS = re.compile(r"(?:[-+]|\d+[.)])(?:\s|$)|[-=]+$")
"""What would begin a list or underline a heading where a line begins with it."""
_NOTHING = "&#8203;"
"""A space of no width."""
_OUTCOMES = {"pass": "✅ passes", "fail": "❌ fails", "too little evidence": "❔ too little evidence"}


def markdown(record: dict[str, Any]) -> str:
    """Of a ``report_record``."""
    verdict, versions = record["verdict"], record["versions"]
    sign, word = VERDICTS[verdict["verdict"] if verdict else ""]
    old, new = (text(methods.shown(versions[side]["label"])) for side in ("old", "new"))
    blocks = [
        f"## {sign} {word}: {old} → {new}",
        text(verdict["counted"]) if verdict else "No policy was given, so nothing is judged.",
        *_criteria(verdict),
        _figures(record),
        *_classes(record),
        *_flips(record),
        *_listed(record),
        *_small(record),
    ]
    whole = "\n\n".join(blocks) + "\n"
    return whole if len(whole) <= MOST_CHARACTERS else whole[:MOST_CHARACTERS].rsplit("\n", 1)[0] + "\n\n… cut short.\n"


def text(words: str, limit: int = 400) -> str:
    """Text of anybody's as Markdown that shows it and does nothing else."""
    shown = _MARKUP.sub(_as_entity, one_sentence(words, limit))
    return _NOTHING + shown if _BEGINS.match(shown) else shown


def _as_entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};{_NOTHING if found[0] in _CALLS else ''}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column is words, the others end below each other."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _criteria(verdict: dict[str, Any] | None) -> list[str]:
    if not verdict:
        return []
    criteria = sorted(verdict["criteria"], key=lambda each: bool(each["makes"] == "ship"))
    rows = [
        (
            text(each["title"]),
            text(each["words"]["asked"]),
            f"**{text(each['words']['value'])}** {text(each['words']['interval'])}",
            f"{each['n']:,}",
            _OUTCOMES[each["outcome"]],
        )
        for each in criteria[:SHOWN_CRITERIA]
    ]
    table = _table(("Criterion", "Asked", "Value [interval]", "n", "Outcome"), rows)
    more = [f"… and {len(criteria) - SHOWN_CRITERIA:,} more criteria."] if len(criteria) > SHOWN_CRITERIA else []
    broken = [f"- {text(each['sentence'])}" for each in criteria[:SHOWN_CRITERIA] if each["makes"] != "ship"]
    signed = [
        f"Signed off by {text(each['name'])} on {text(each['date'].partition('T')[0])}."
        for each in verdict["sign_offs"]
        if each["is_current"]
    ][-10:]
    unknown = [text(verdict["unknown"])] if verdict["unknown"] else []
    return [table, *more, *unknown, *(["\n".join(broken)] if broken else []), *signed]


def _figures(record: dict[str, Any]) -> str:
    figures = record["figures"]
    shown = [subset for subset in SUBSETS if subset == "all" or figures[subset]["samples"]]
    heads = ["", *(f"{SUBSET_WORDS[subset]}, n={figures[subset]['samples']:,}" for subset in shown)]
    rows = [
        [
            figure.title,
            *(rate_told(figures[s], figure.key) for s in shown),
        ]
        for figure in FIGURES
        if figure.key in MAIN
    ]
    if floors := record["noise_floor"]:
        rows.append(["noise floor (NFR)", *(rate_told(floors.get(subset, {}), "nfr") for subset in shown)])
    return _table(heads, rows)


def _classes(record: dict[str, Any]) -> list[str]:
    """Those that lose most."""
    worst = [each for each in record["per_class"] if each["negative_flips"]]
    if not worst:
        return []
    rows = [
        (text(each["name"], 80), f"{each['samples']:,}", f"{each['negative_flips']:,}", rate_told(each, "nfr"))
        for each in worst[:SHOWN_CLASSES]
    ]
    more = len(worst) - SHOWN_CLASSES
    return _folded(
        f"Classes with negative flips: {len(worst):,}",
        _table(("Class", "n", "Broken", "NFR"), rows) + (f"\n\n… and {more:,} more." if more > 0 else ""),
    )


def _flips(record: dict[str, Any]) -> list[str]:
    """Causes, and the worst images of each by id."""
    total = record["figures"]["all"]["negative_flips"]
    if not total:
        return ["No image that the old model has right is wrong now."]
    rows = [(each["cause"], f"{each['count']:,}", told("share", each["share"])) for each in record["causes"]]
    worst = sorted(
        (sample for each in record["causes"] for sample in each["samples"]),
        key=lambda sample: -(sample["margin_drop"] or 0.0),
    )[:SHOWN_FLIPS]
    lines = [f"- {text(each['id'], 160)}, {text(each['truth'], 80)}: {text(each['what'])}" for each in worst]
    table = _table(("Cause", "Images", "Share"), rows)
    return _folded(f"{total:,} negative flips by cause", "\n".join((table, "", "The worst:", "", *lines)))


def _listed(record: dict[str, Any]) -> list[str]:
    """What became of images that must not flip."""
    rows = [
        (
            text(each["name"], 80),
            f"{len(each['ids']):,}",
            f"{each['broken']:,}",
            f"{sum(one['outcome'] == 'unknown' for one in each['ids']):,}",
        )
        for each in record["must_not_flip"][:SHOWN_CRITERIA]
    ]
    return [_table(("Must not flip", "Listed", "Broken", "Not among the images"), rows)] if rows else []


def _small(record: dict[str, Any]) -> list[str]:
    digests = [  # of weights
        f"{side} `{version['sha256'][:16]}`"
        for side, version in (("old model", record["versions"]["old"]), ("update", record["versions"]["new"]))
        if version["sha256"]
    ]
    limits = "\n".join(f"- {text(each)}" for each in record["limits"])
    return _folded(
        "Limits of this report", "\n\n".join(filter(None, (limits, text(", ".join(digests)) and ", ".join(digests))))
    )


def _folded(summary: str, inside: str) -> list[str]:
    return [f"<details><summary>{summary}</summary>", inside, "</details>"]
