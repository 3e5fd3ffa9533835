"""Images listed in a CSV file: a path and a label per line, optionally the part, more columns kept as metadata.

Sample ids are the listed paths, relative to the file's folder where they lie below it. Without a column for the part
a fifth of the images, by a hash of their ids, is the test part.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mpt_studio.data.by_name import ByName
from mpt_studio.data.dataset import Part, Progress, Skipped
from mpt_studio.data.folder import FolderDataset
from mpt_studio.data.index import PARTS, Index, load_index, save_index
from mpt_studio.data.manifest_table import Line, Table, called, places, read_table
from mpt_studio.data.part_names import part_of
from mpt_studio.data.parts import Sample, agreed_classes, build_index, classes_of, split
from mpt_studio.data.scan import Found, composed, is_text, sample_id
from mpt_studio.data.verdicts import verify
from mpt_studio.errors import UserError, one_sentence, quoted
from mpt_studio.files.plain import digest_of, what_else
from mpt_studio.files.tables import content_of

_TELL_EVERY = 5000
_NOT_THERE = "no such file"


@dataclass(frozen=True)
class _Listed:
    """A line whose file is there."""

    line: Line
    found: Found
    part: Part


def open_manifest(file: Path, progress: Progress) -> FolderDataset:
    """Read a manifest, look at its files and verify them as those of a folder.

    Lines that cannot be used (no label, no such file, listed twice, an unknown part, …) are listed in ``skipped`` with
    their numbers. Raises ``UserError`` for what is no manifest, labels that differ only by case, fewer than two
    classes, and a class that cannot be learned.
    """
    progress(f"Reading {one_sentence(file.name, 80)}", None)
    content = content_of(file, called(file))
    digest = digest_of(content).hex()
    index = load_index(file, digest)
    if index is None:
        index = _indexed(file, content, progress)
    return FolderDataset(f"manifest:{file}", file.parent, index)


def _indexed(file: Path, content: bytes, progress: Progress) -> Index:
    table = read_table(file, content)
    if not table.lines:
        raise UserError(f"{one_sentence(str(file))} lists no images; write one line for each below the header.")
    _refuse_twins(table, file)
    listed, skipped = _found(table, file.parent, progress)
    by_name = not listed and any(each.reason.endswith(_NOT_THERE) for each in skipped)
    if by_name:
        listed, skipped = _found(table, file.parent, progress, ByName(file, progress))
    if not listed:
        raise UserError(_none_there(table, file, skipped))
    found_by_name = _found_by_name(listed, table, file) if by_name else ()
    listed, repeated = _without_repeats(listed)
    verdicts = verify(file, [each.found for each in listed], progress, folder=file.parent)
    judged = [(each, Sample(each.found, verdict, each.part)) for each, verdict in zip(listed, verdicts, strict=True)]
    unusable = [_skipped(each.line, s.verdict.reason) for each, s in judged if s.verdict.reason]
    usable = {s.found.sample_id: each.line for each, s in judged if not s.verdict.reason}
    index = _arranged(table, file, [s for _, s in judged if not s.verdict.reason], usable)
    index = replace(index, skipped=(*skipped, *repeated, *unusable), notes=(*table.notes, *found_by_name, *index.notes))
    if all(verdict.is_lasting for verdict in verdicts):
        places_of = [place for line in table.lines for place in places(file.parent, line.path)]
        places_of += [os.path.join(file.parent, each.found.path) for each in listed] if by_name else []
        save_index(file, digest_of(content).hex(), index, [place for place in places_of if "\0" not in place])
    return index


def _arranged(table: Table, file: Path, samples: list[Sample], line_of: Mapping[str, Line]) -> Index:
    """The index of the usable samples, their parts and classes."""
    where = one_sentence(str(file))
    given = {part for part in PARTS if any(s.part == part for s in samples)} if table.has_parts else set()
    if given == {"train"}:
        raise UserError(
            f"{where} lists training images only; name some test, or leave the column out to have it split."
        )
    if given and "test" not in given:
        samples = [replace(s, part="test") if s.part == "validation" else s for s in samples]
        given = given - {"validation"} | {"test"}
    samples = samples if given else split(samples)
    names_of: dict[Part, str] = {part: f"the {part} lines" for part in PARTS if part in (given or ("train", "test"))}
    named = {composed(line.label) for line in table.lines if not _problem(line, _part(table, line))}
    class_names, notes = agreed_classes(classes_of(samples, names_of), named, names_of, where, is_split=not given)
    ordered = sorted(samples, key=lambda s: PARTS.index(s.part))
    columns = zip(*(line_of[s.found.sample_id].more for s in ordered), strict=True)
    return build_index(ordered, class_names, (), notes, dict(zip(table.more, columns, strict=True)))


def _found(
    table: Table, folder: Path, progress: Progress, names: ByName | None = None
) -> tuple[list[_Listed], list[Skipped]]:
    """What is there and what is not; with ``names``, files are looked for by their names alone."""
    listed: list[_Listed] = []
    skipped: list[Skipped] = []
    for done, line in enumerate(table.lines):
        if done % _TELL_EVERY == 0:
            progress(f"Looking for images: {done:,} of {len(table.lines):,}", done / len(table.lines))
        part = _part(table, line)
        problem = _problem(line, part)
        path, reason = names.find(line.path) if names and not problem else (line.path, "")
        found = problem or reason or _look(replace(line, path=path), folder)
        if isinstance(found, Found) and part is not None:
            listed.append(_Listed(line, found, part))
        else:
            skipped.append(_skipped(line, str(found)))
    return listed, skipped


def _found_by_name(listed: Sequence[_Listed], table: Table, file: Path) -> tuple[str]:
    where = one_sentence(str(file.parent))
    return (f"{len(listed):,} of {len(table.lines):,} files were found by their names alone, below {where}.",)


def _none_there(table: Table, file: Path, skipped: Sequence[Skipped]) -> str:
    missing = [line for line in table.lines if line.path]
    if not any(each.reason.endswith(_NOT_THERE) for each in skipped) or not missing:
        return f"{called(file)} lists no image that can be used: {skipped[0].sample_id!r}, {skipped[0].reason}."
    name = one_sentence(missing[0].path, 60)
    return (
        f"None of the {len(table.lines):,} files that {called(file)} lists is there, such as {name!r} in line "
        f"{missing[0].number:,}; put the table beside the folder of the images, or write their paths from there."
    )


def _part(table: Table, line: Line) -> Part | None:
    return part_of(line.part) if table.has_parts else "train"


def _problem(line: Line, part: Part | None) -> str:
    if not line.path:
        return "no path"
    if not line.label:
        return "no label"
    if "://" in line.path:
        return "a web address, not a file"
    if part is None:
        return f"the part {one_sentence(line.part, 40)!r} is none of train, val, test" if line.part else "no part"
    return ""


def _look(line: Line, folder: Path) -> Found | str:
    """The file of a line, or why there is none; it is only asked what it is."""
    reason = _NOT_THERE
    for place in places(folder, line.path):
        try:
            status = os.stat(place)
        except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
            if not isinstance(error, FileNotFoundError | NotADirectoryError):
                reason = one_sentence(getattr(error, "strerror", None) or "no valid path", 80)
            continue
        other = what_else(status.st_mode)
        path = os.path.normpath(place)
        if other or not is_text(path):
            return other or "its name is no valid text"
        start = os.path.join(folder, "")
        relative = path[len(start) :] if path.startswith(start) else path
        return Found(relative, sample_id(relative), composed(line.label), status.st_size, status.st_mtime_ns)
    return reason


def _without_repeats(listed: Sequence[_Listed]) -> tuple[list[_Listed], list[Skipped]]:
    """Each file once. Lines that agree count once, lines that give a file two labels or parts not at all."""
    of_file: dict[str, list[_Listed]] = {}
    for each in listed:
        of_file.setdefault(each.found.sample_id, []).append(each)
    kept: list[_Listed] = []
    skipped: list[Skipped] = []
    for same in of_file.values():
        first, *others = same
        numbers = _numbers(each.line.number for each in same)
        if len({(each.found.class_name, each.part) for each in same}) > 1:
            what = "labels" if len({each.found.class_name for each in same}) > 1 else "parts"
            skipped += [_skipped(each.line, f"lines {numbers} give this file different {what}") for each in same]
            continue
        kept.append(first)
        skipped += [_skipped(each.line, f"listed already in line {first.line.number:,}") for each in others]
    return kept, skipped


def _refuse_twins(table: Table, file: Path) -> None:
    """Labels that differ by case alone are a slip of the pen or two classes: only the user knows."""
    seen: dict[str, tuple[str, int]] = {}
    for line in table.lines:
        label = composed(line.label)
        key = unicodedata.normalize("NFC", label.casefold())
        other, number = seen.setdefault(key, (label, line.number))
        if other != label:
            raise UserError(
                f"The labels {quoted([other, label])} in lines {number:,} and {line.number:,} of "
                f"{called(file)} differ only by upper and lower case; write both the same way."
            )


def _skipped(line: Line, reason: str) -> Skipped:
    name = one_sentence(line.path, 200) if line.path else "(no path)"
    return Skipped(name, f"line {line.number:,}: {reason}")


def _numbers(numbers: Iterable[int]) -> str:
    every = [f"{n:,}" for n in numbers]
    return ", ".join(every[:4]) + (f" and {len(every) - 4} more" if len(every) > 4 else "")
