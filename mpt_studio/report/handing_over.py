"""A report's files, written from one record: what the window and the command line ask for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpt_studio import paths
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
        """Raise ``UsageError`` where there is nothing to write, or two things would be written to one file."""
        named = [path.expanduser().absolute() for path in vars(self).values() if path is not None]
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
    written = []
    for path, content in _contents(session, found.dataset, record, files):
        encoded = content.encode("utf-8", "replace")
        paths.write_chosen(path, lambda temporary, encoded=encoded: _write(temporary, encoded))  # type: ignore[misc]
        written.append({"path": str(path), "bytes": len(encoded)})
        if path == files.markdown:
            _append_to_summary(content)
    verdict = found.verdict
    told = (
        {"verdict": verdict.decided, "sentences": verdict.sentences()} if verdict else {"verdict": "", "sentences": []}
    )
    return {"files": written, **told, "notes": record["notes"]}


def _contents(session: Session, dataset: Any, record: dict[str, Any], files: Files) -> Iterator[tuple[Path, str]]:
    if files.page is not None:
        images = thumbnails(dataset, shown_ids(record), session.progress)
        yield files.page, page(record, images)
    if files.markdown is not None:
        yield files.markdown, markdown(record)
    if files.junit is not None:
        yield files.junit, junit(record)
    if files.json is not None:
        yield files.json, json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def shown_ids(record: dict[str, Any]) -> list[str]:
    """The samples whose images a page shows."""
    return [str(each["id"]) for part in (*record["must_not_flip"], *record["causes"]) for each in part["samples"]]


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


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
