"""The images of a selection: a folder by flow pair, or one contact sheet."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mpt_studio import paths
from mpt_studio.compare.blocks import Stop, check, never
from mpt_studio.compare.comparison import Comparison
from mpt_studio.data.dataset import Dataset, Progress
from mpt_studio.errors import UserError
from mpt_studio.predictions import Ints

LARGEST_SHEET = 2_000
"""So many images fit one contact sheet."""
_RESERVED = ("CON", "PRN", "AUX", "NUL", *(f"{port}{i}" for port in ("COM", "LPT") for i in range(1, 10)))
"""Names that Windows keeps for itself."""
_INK, _MUTED, _PAPER = (32, 32, 36), (110, 110, 118), (255, 255, 255)
_GOOD, _BAD = (20, 110, 50), (176, 32, 32)
_TICK = (((0.1, 0.6), (0.4, 0.9), (0.95, 0.25)),)
_CROSS = (((0.15, 0.3), (0.8, 0.9)), ((0.8, 0.3), (0.15, 0.9)))
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def write_images(
    comparison: Comparison,
    rows: Ints,
    dataset: Dataset,
    folder: Path,
    progress: Progress | None = None,
    stop: Stop = never,
) -> int:
    """One PNG per sample in ``folder``/truth/answer, and index.csv, which tells each file's sample id.

    Returns how many were written; images that cannot be read are left out. Samples that the data lack raise
    ``UserError``, as does a folder that is not empty; ``Cancelled`` leaves what was written.
    """  # fmt: skip
    indices = _indices(comparison, rows, dataset)
    _make_empty(folder)
    written: list[tuple[str, str]] = []
    try:
        for done, (row, index) in enumerate(zip(rows.tolist(), indices, strict=True)):
            check(stop)
            pair = (
                _file_name(comparison.names[comparison.truth[row]]),
                _file_name(comparison.names[comparison.new_answer[row]]),
            )
            name = str(comparison.sample_ids[row])
            file = folder / pair[0] / f"to {pair[1]}" / f"{done:06d}_{_file_name(name.rpartition('/')[2], 60)}.png"
            if _save(dataset, index, file):
                written.append((file.relative_to(folder).as_posix(), name))
            _tell(progress, done, len(rows))
        _write_index(folder / "index.csv", written)
    except OSError as error:
        raise UserError(f"{folder} could not be filled ({error.strerror or error}); choose another one.") from error
    return len(written)


def write_contact_sheet(
    comparison: Comparison,
    rows: Ints,
    dataset: Dataset,
    path: Path,
    *,
    across: int = 8,
    side: int = 128,
    stop: Stop = never,
    progress: Progress | None = None,
) -> None:
    """One PNG with each image, its truth, and below it the old and the new answer with a tick or a cross.

    Args:
        across: images in a row.
        side: of each image in pixels.
    Raises ``UserError`` for too many or no samples, ``Cancelled`` once ``stop`` says so.
    """  # fmt: skip
    if not 0 < len(rows) <= LARGEST_SHEET:
        raise UserError(
            f"A contact sheet takes 1 to {LARGEST_SHEET:,} samples, not {len(rows):,}; filter or select fewer."
        )
    indices = _indices(comparison, rows, dataset)
    font = ImageFont.load_default(size=max(9, side // 10))
    line = round(font.getbbox("Ag")[3] * 1.25)
    gap = max(4, side // 12)
    width, height = side, side + gap // 2 + 3 * line
    columns = min(across, len(rows))
    lines = -(-len(rows) // columns)
    sheet = Image.new("RGB", (gap + columns * (width + gap), gap + lines * (height + gap)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for place, (row, index) in enumerate(zip(rows.tolist(), indices, strict=True)):
        check(stop)
        _tell(progress, place, len(rows))
        x, y = gap + place % columns * (width + gap), gap + place // columns * (height + gap)
        _paste(sheet, draw, dataset, index, (x, y), side)
        for i, (words, right) in enumerate(_caption(comparison, row)):
            _write(draw, font, (x, y + side + gap // 2 + i * line), width, words, right)
    try:
        paths.replace_file(path, lambda temporary: sheet.save(temporary, "PNG"))
    except OSError as error:
        raise UserError(f"{path} could not be written ({error.strerror or error}); choose another file.") from error


def _tell(progress: Progress | None, done: int, of: int) -> None:
    if progress is not None and done % 50 == 0:
        progress(f"Writing image {done + 1:,} of {of:,}", done / of)


def _indices(comparison: Comparison, rows: Ints, dataset: Dataset) -> list[int]:
    index_of = dataset.index_of
    found = [index_of.get(str(name), -1) for name in comparison.sample_ids[rows].tolist()]
    if -1 in found:
        lost = str(comparison.sample_ids[rows[found.index(-1)]])
        raise UserError(f"The open data have no sample {lost!r}; open the data that the versions were compared on.")
    return found


def _make_empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UserError(f"{folder} is not empty; choose a new folder.")
    except OSError as error:
        raise UserError(f"{folder} could not be made ({error.strerror or error}); choose another one.") from error


def _save(dataset: Dataset, index: int, file: Path) -> bool:
    try:
        image = dataset.image(index)
    except UserError:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(file, "PNG")
    return True


def _write_index(path: Path, written: list[tuple[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as stream:
        csv.writer(stream, lineterminator="\n").writerows([("file", "sample_id"), *written])


def _place(comparison: Comparison, row: int) -> Path:
    truth, answer = comparison.names[comparison.truth[row]], comparison.names[comparison.new_answer[row]]
    return Path(_file_name(truth)) / f"to {_file_name(answer)}"


def _file_name(text: str, longest: int = 80) -> str:
    """``text`` as the name of a file on any system; class names are data and never a path."""
    plain = re.sub(r'[\x00-\x1f<>:"/\\|?*\ud800-\udfff]', "_", text).strip(" .")[:longest]
    return f"_{plain}" if not plain or plain.partition(".")[0].upper() in _RESERVED else plain


def _paste(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, dataset: Dataset, index: int, at: tuple[int, int], side: int
) -> None:
    try:
        image = Image.fromarray(np.ascontiguousarray(dataset.image(index)))
    except UserError:
        draw.rectangle((*at, at[0] + side - 1, at[1] + side - 1), outline=_MUTED)
        draw.line((*at, at[0] + side - 1, at[1] + side - 1), fill=_MUTED)
        return
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    image = image.resize(size, Image.Resampling.NEAREST if scale >= 2 else Image.Resampling.LANCZOS)
    sheet.paste(image, (at[0] + (side - size[0]) // 2, at[1] + (side - size[1]) // 2))


def _caption(comparison: Comparison, row: int) -> Iterator[tuple[str, bool | None]]:
    """Three lines: the truth, and the two answers with whether they are right."""
    names, truth = comparison.names, int(comparison.truth[row])
    yield names[truth], None
    for answer in (int(comparison.old_answer[row]), int(comparison.new_answer[row])):
        yield names[answer], answer == truth


def _write(
    draw: ImageDraw.ImageDraw, font: Font, at: tuple[int, int], width: int, words: str, right: bool | None
) -> None:
    """One line; an answer begins with a tick or a cross, which the font lacks, so that no one depends on colours."""
    (x, y), size, ink = at, round(font.getbbox("A")[3]), _INK if right is None else (_GOOD if right else _BAD)
    if right is not None:
        strokes = _TICK if right else _CROSS
        for stroke in strokes:
            draw.line([(x + size * a, y + size * b) for a, b in stroke], fill=ink, width=max(1, size // 7))
        x, width = x + round(1.3 * size), width - round(1.3 * size)
    draw.text((x, y), _fitting(words, font, width), font=font, fill=ink)


def _fitting(text: str, font: Font, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"
