"""A search as text: its trials on the validation part, its finalists, and the test part."""

from __future__ import annotations

from typing import Any

from mpt_studio.jobs.search.telling import around, of_test
from mpt_studio.methods import shown, shown_in
from mpt_studio.report.text_table import TextTable
from mpt_studio.units import count, duration, told


def search_report(result: dict[str, Any]) -> str:
    """The trials, the finalists, the test part, and what was found in a sentence."""
    parts = [
        _trials(result),
        _finalists(result),
        _importance(result),
        _test(result),
        "\n".join(around(result)),
        shown_in(result["sentence"]),
    ]
    return "\n\n".join(part for part in parts if part)


def _trials(result: dict[str, Any]) -> str:
    table = TextTable(
        "", "trial, on the validation part", "outcome", "NFR, old classes", "accuracy, all", "accuracy, new", "γ", "α",
        words=3,
    )  # fmt: skip
    best = result["best"]["number"] if result["best"] else None
    for row in result["trials"]:
        mark = "*" if row["number"] == best else ""
        decided = (_short(row["offset"]), _short(row["interpolation"]))
        table.add_row(
            mark,
            f"{shown(row['label'])}{'' if row['number'] else ' and an offset'}",
            row["outcome"],
            told("share", row["nfr"]),
            told("share", row["accuracy"]),
            told("share", row.get("accuracy_new_classes")),
            *decided,
        )
    notes = [f"{shown(row['label'])}: {row['message']}" for row in result["trials"] if row["message"]]
    tried = count(len(result["trials"]) - 1, "trial")
    head = f"Search {result['search']}: {tried} in {duration(result['seconds']) or '0 s'}."
    return "\n".join([head, "", str(table), *notes])


def _short(value: float) -> str:
    return f"{value:.2f}".replace("-", "−") if value else ""


def _finalists(result: dict[str, Any]) -> str:
    rows = result.get("finalists") or []
    if not any(row["spread_nfr"] is not None for row in rows):
        return ""
    table = TextTable("finalist, on the validation part", "seeds", "NFR, mean", "± (seeds)", "accuracy, mean", "limits")
    for row in rows:
        spread = "–" if row["spread_nfr"] is None else f"{100 * row['spread_nfr']:.1f}"
        rates = (told("share", row["mean_nfr"]), spread, told("share", row["mean_accuracy"]))
        table.add_row(shown(row["label"]), str(len(row["nfr"])), *rates, "met" if row["holds"] else "missed")
    return str(table)


def _importance(result: dict[str, Any]) -> str:
    shares = result["importance"]
    told_ = ", ".join(f"{name.replace('_', ' ')} {100 * share:.0f} %" for name, share in shares.items())
    return f"What the NFR depended on among the trials: {told_}." if shares else ""


def _test(result: dict[str, Any]) -> str:
    rows = result.get("test") or []
    if not rows:
        return ""
    subset = "old_classes" if rows[0]["old_classes"]["samples"] else "all"
    words = {"old_classes": "old classes", "all": "all"}[subset]
    table = TextTable(
        "",
        "on the test part, once",
        f"NFR [95 %]\n{words}, n={rows[0][subset]['samples']}",
        f"accuracy [95 %]\nall, n={rows[0]['all']['samples']}",
        f"accuracy [95 %]\nnew classes, n={rows[0]['new_classes']['samples']}",
        words=2,
    )
    for row in rows:
        mark = "*" if row == result["best"] else ""
        accuracies = (_with_interval(row[part], "accuracy_new") for part in ("all", "new_classes"))
        table.add_row(mark, shown(row["label"]), _with_interval(row[subset], "nfr"), *accuracies)
    return "\n".join([str(table), *of_test(result)])


def _with_interval(rates: dict[str, Any], key: str) -> str:
    interval = rates.get(f"{key}_ci95")
    if rates.get(key) is None or interval is None:
        return told("share", rates.get(key))
    return f"{told('share', rates[key])} [{100 * interval[0]:.1f}–{100 * interval[1]:.1f}]"
