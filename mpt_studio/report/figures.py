"""Updates, comparisons and classes as text: the tables that the command line prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mpt_studio.compare.figures.columns import FIGURES, Figure
from mpt_studio.compare.figures.noise_floor import noise_floors_of
from mpt_studio.compare.matching.doctor import PAIR_WORDS
from mpt_studio.compare.tally import SUBSET_WORDS, SUBSETS, Subset
from mpt_studio.errors import one_sentence
from mpt_studio.methods import shown
from mpt_studio.report.text_table import TextTable
from mpt_studio.units import UNITS, told

if TYPE_CHECKING:
    from mpt_studio.compare import Matching


def update_report(result: dict[str, Any]) -> str:
    """An update's versions side by side, the recommended one with the reason, and what failed."""
    lines = [_headline(result), *_skipped(result["data"]), "", _candidates_table(result)]
    recommended = result.get("recommended")
    if recommended:
        lines += ["", f"Recommended: {'' if recommended['run'] else 'none. '}{reason_told(result)}"]
    if floors := noise_floors_of(result):
        lines += ["", f"Noise floor, between two plain models of other seeds: {_floor(floors)}."]
    lines += [f"{row['method']} failed: {row['error']}" for row in result.get("failed", [])]
    return "\n".join(lines)


def _skipped(data: dict[str, Any]) -> list[str]:
    """The images that no version has seen: the first ones by name, all of them by count."""
    names = [f"{sample['id']} ({sample['reason']})" for sample in data["skipped"]]
    count = data.get("skipped_count", len(names))
    return [f"Left out, unreadable: {count:,}: {', '.join(names[:3])}{', …' if count > 3 else ''}"] if names else []


def _floor(floors: dict[str, dict[str, Any]]) -> str:
    subsets: tuple[Subset, ...] = ("old_classes", "all")
    return " and ".join(
        f"NFR {rate_told(floors[subset], 'nfr')} ({SUBSET_WORDS[subset]}, n={floors[subset]['samples']})"
        for subset in subsets
        if subset in floors
    )


def _headline(result: dict[str, Any]) -> str:
    data, own = result["data"], result["old"]["own_classes"]
    old, new = len(data["old_classes"]), len(data["new_classes"])
    classes = f"{old} old and {new} new classes" if new else f"{old} classes, none of them new"
    return (
        f"{data['spec']}: {classes}. "
        f"Old model: accuracy {told('share', own['accuracy'])} on its own classes (n={own['samples']})."
    )


def reason_told(result: dict[str, Any]) -> str:
    """As it was recorded, with the candidate as the table calls it."""
    chosen = result["recommended"]
    label = next((row["label"] for row in result["candidates"] if row["run"] == chosen.get("run")), "")
    reason = str(chosen["reason"])
    return reason.replace(label, shown(label), 1) if label else reason


def _candidates_table(result: dict[str, Any]) -> str:
    rows = result["candidates"]
    chosen = (result.get("recommended") or {}).get("run")
    subsets = {subset for subset in SUBSETS if not rows or _is_told(rows[0], subset)}
    columns = [(figure, subset) for figure in FIGURES for subset in figure.told_on if subset in subsets]

    def head(figure: Figure, subset: Subset) -> str:
        samples = rows[0][subset]["samples"] if rows else 0
        return f"{figure.name}{' [95 %]' * figure.told_with_interval}\n{SUBSET_WORDS[subset]}, n={samples}"

    verdict = ["verdict"] if any("verdict" in row for row in rows) else []
    table = TextTable("", "candidate", *verdict, *(head(*column) for column in columns), words=2 + len(verdict))
    for row in rows:
        cells = (_cell(figure, row[subset], figure.told_with_interval) for figure, subset in columns)
        star = "*" if row["run"] == chosen else ""
        table.add_row(star, shown(row["label"]), *(row.get(name, "") for name in verdict), *cells)
    return str(table)


def _is_told(record: dict[str, Any], subset: Subset) -> bool:
    """Whether there is anything to tell: where no class is new, nobody asks about new classes."""
    return subset != "new_classes" or bool(record[subset]["samples"])


def _cell(figure: Figure, subset: dict[str, Any], with_interval: bool) -> str:
    return rate_told(subset, figure.key) if with_interval else told(figure.unit, subset.get(figure.key))


_SIDES = {"old": "Old model's predictions", "new": "Update's predictions"}


def comparison_report(record: dict[str, Any]) -> str:
    """One comparison (``compare.record_of``): the old model on its own classes, every figure on all, old, new ones."""
    shown = [subset for subset in SUBSETS if _is_told(record, subset)]
    table = TextTable("", *(f"{SUBSET_WORDS[subset]}\nn={record[subset]['samples']}" for subset in shown))
    for figure in sorted(FIGURES, key=lambda figure: list(UNITS).index(figure.unit)):
        table.add_row(figure.title, *(_cell(figure, record[subset], figure.counts is not None) for subset in shown))
    own = record["old_classes"]
    head = f"Old model: accuracy {rate_told(own, 'accuracy_old')} on its own classes (n={own['samples']})."
    return "\n".join(([head, ""] if own["samples"] else []) + [str(table)])


def classes_report(record: dict[str, Any]) -> str:
    """Two class lists side by side (``jobs.diagnose_versions``), what differs first, and what blocks."""
    order = ("removed", "dropped", "mapped", "respelled", "reordered", "added", "same")
    table = TextTable("old model", "update", "", words=3)
    for row in sorted(record["rows"], key=lambda row: order.index(row["kind"])):
        near = f" (near: {row['suggestion']})" if row["suggestion"] else ""
        table.add_row(*(one_sentence(row[side], 80) for side in ("old", "new")), f"{PAIR_WORDS[row['kind']]}{near}")
    counts = ", ".join(f"{count:,} {PAIR_WORDS[kind]}" for kind, count in record["counts"].items())
    lines = [str(table), "", f"{counts}."] if record["rows"] else []
    verdict = record["problems"] or ["Every class of the old model is explained."]
    return "\n".join([*lines, *record["notes"], *verdict])


def judged_report(record: dict[str, Any], matching: Matching, judged: Sequence[str] = ()) -> str:
    """One comparison with what does not match, the rates without wrong labels, and the lines of its verdict."""
    lines = [comparison_report(record), *_fusion(record), *matching.sentences(), *record.get("not_available", [])]
    for side, notes in record.get("notes", {}).items():
        lines += [f"{_SIDES[side]}: {note}" for note in notes]
    if "adjusted" in record:
        left_out = record["samples"] - record["adjusted"]["all"]["samples"]
        samples = "1 sample" if left_out == 1 else f"{left_out:,} samples"
        lines += ["", f"Adjusted: without {samples} marked as wrongly labelled", comparison_report(record["adjusted"])]
    return "\n".join([*lines, "", *judged] if judged else lines)


def _fusion(record: dict[str, Any]) -> list[str]:
    """The best mixture of both versions' probabilities, where there is one."""
    found = record.get("fusion")
    if not found or not found["weight"]:
        return []
    subset: Subset = "old_classes" if record["old_classes"]["samples"] else "all"
    return [
        f"Fusion: {found['weight']:.2f} · old + {1 - found['weight']:.2f} · update, of probabilities, has an NFR "
        f"({SUBSET_WORDS[subset]}, n={record[subset]['samples']}) of {told('share', found[f'nfr_{subset}'])} at an "
        f"accuracy (all, n={record['samples']}) of {told('share', found['accuracy_all'])}; {found['needs']}."
    ]


def accuracy_report(label: str, figures: dict[str, Any]) -> str:
    """Accuracy of one version (``jobs.versions.accuracy_figures``)."""
    every, own = figures["all"], figures["own_classes"]
    return (
        f"{label}: accuracy {rate_told(own, 'accuracy')} on the samples of its own classes (n={own['samples']}), "
        f"{rate_told(every, 'accuracy')} on all (n={every['samples']})."
    )


def rate_told(subset: dict[str, Any], key: str) -> str:
    """ "12.3 % [10.1–14.9]": a share with its 95 % interval; a dash where there is none."""
    rate, interval = subset.get(key), subset.get(f"{key}_ci95")
    if rate is None or interval is None:
        return "–"
    return f"{told('share', rate)} [{100 * interval[0]:.1f}–{100 * interval[1]:.1f}]"
