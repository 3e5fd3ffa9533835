"""A report's files, written from one record: what the window and the command line ask for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpt_studio import paths
from mpt_studio.data import Dataset
from mpt_studio.errors import UsageError, UserError
from mpt_studio.jobs import Asked, Session, gather
from mpt_studio.report.junit import junit
from mpt_studio.report.markdown import markdown
from mpt_studio.report.page import page
from mpt_studio.report.pictures import thumbnails
from mpt_studio.report.record import report_record

SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable that names the file that GitHub shows with a job."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """Where to; None is not written."""

    page: Path | None = None
    markdown: Path | None = None
    junit: Path | None = None
    json: Path | None = None

    def check(self) -> None:
        """Raise ``UserError`` where there is nothing to write, or nowhere, or two things in one place."""
        named = [paths.named(path).absolute() for path in vars(self).values() if path is not None]
        if not named:
            raise UsageError(
                "There is nothing to write; name a file, as in -o report.html (or --markdown, --junit, --json)."
            )
        if len(set(named)) < len(named):
            raise UsageError("Two of the files have the same name; each needs its own.")


def write_report(session: Session, asked: Asked, files: Files) -> dict[str, Any]:
    """Gather, and write the files.

    Returns {"files": [{"path", "bytes"}], "verdict": the verdict or "", "sentences": it for people, "notes"}.
    Raises ``UserError``.
    """
    files.check()
    found = gather(session, asked)
    session.progress("Counting flips, causes and classes", None)
    record = report_record(found)
    written = [_written(path, content) for path, content in _contents(session, found.dataset, record, files)]
    decided, sentences = (found.verdict.decided, found.verdict.sentences()) if found.verdict else ("", [])
    return {"files": written, "verdict": decided, "sentences": sentences, "notes": record["notes"]}


def _contents(
    session: Session, dataset: Dataset | None, record: dict[str, Any], files: Files
) -> Iterator[tuple[Path, str]]:
    if files.page is not None:
        images = thumbnails(dataset, shown_ids(record), session.progress)
        yield files.page, page(record, images)
    if files.markdown is not None:
        content = markdown(record)
        yield files.markdown, content
        _append_to_summary(content)
    if files.junit is not None:
        yield files.junit, junit(record)
    if files.json is not None:
        yield files.json, json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def shown_ids(record: dict[str, Any]) -> list[str]:
    """The samples whose images a page shows."""
    return [str(each["id"]) for part in (*record["must_not_flip"], *record["causes"]) for each in part["samples"]]


def _written(path: Path, content: str) -> dict[str, Any]:
    encoded = content.encode("utf-8", "replace")
    paths.write_chosen(paths.named(path), lambda temporary: temporary.write_bytes(encoded))
    return {"path": str(path), "bytes": len(encoded)}


def _append_to_summary(content: str) -> None:
    """Where a job of GitHub's asks for it."""
    name = os.environ.get(SUMMARY)
    if not name:
        return
    try:
        with Path(name).open("a", encoding="utf-8", errors="replace") as stream:
            stream.write(content)
    except OSError as error:
        raise UserError(
            f"The summary {name} could not be written ({error.strerror or error}); unset {SUMMARY}."
        ) from None
