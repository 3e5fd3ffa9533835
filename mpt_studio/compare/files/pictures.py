"""The images of a selection: a folder by flow pair, or one contact sheet."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mpt_studio import paths
from mpt_studio.compare.blocks import Stop, check, never
from mpt_studio.compare.comparison import Comparison
from mpt_studio.data.dataset import Dataset, Progress
from mpt_studio.errors import UserError
from mpt_studio.files.tables import shielded
from mpt_studio.predictions import Ints

LARGEST_SHEET = 2_000
"""So many images fit one contact sheet."""
_INK, _MUTED, _PAPER = (32, 32, 36), (110, 110, 118), (255, 255, 255)
_GOOD, _BAD = (20, 110, 50), (176, 32, 32)
_TICK = (((0.1, 0.6), (0.4, 0.9), (0.95, 0.25)),)
_CROSS = (((0.15, 0.3), (0.8, 0.9)), ((0.8, 0.3), (0.15, 0.9)))


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
            name = str(comparison.sample_ids[row])
            file = folder / _place(comparison, row) / f"{done:06d}_{paths.file_name(name.rpartition('/')[2], 60)}.png"
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
    sheet = _Sheet(len(rows), min(across, len(rows)), side)
    for place, (row, index) in enumerate(zip(rows.tolist(), indices, strict=True)):
        check(stop)
        _tell(progress, place, len(rows))
        sheet.paste(place, dataset, index)
        sheet.caption(place, comparison, row)
    paths.write_chosen(path, lambda temporary: sheet.image.save(temporary, "PNG"))


class _Sheet:
    """A grid of images of one size, each with three lines of text below."""

    def __init__(self, images: int, columns: int, side: int) -> None:
        self.columns, self.side = columns, side
        self.font = ImageFont.load_default(size=max(9, side // 10))
        self.line = round(self.font.getbbox("Ag")[3] * 1.25)
        self.gap = max(4, side // 12)
        self.height = side + self.gap // 2 + 3 * self.line
        lines = -(-images // columns)
        size = (self.gap + columns * (side + self.gap), self.gap + lines * (self.height + self.gap))
        self.image = Image.new("RGB", size, _PAPER)
        self.draw = ImageDraw.Draw(self.image)

    def _corner(self, place: int) -> tuple[int, int]:
        across, down = place % self.columns, place // self.columns
        return self.gap + across * (self.side + self.gap), self.gap + down * (self.height + self.gap)

    def paste(self, place: int, dataset: Dataset, index: int) -> None:
        """The image as large as it fits; a crossed box where it cannot be read."""
        (x, y), side = self._corner(place), self.side
        try:
            image = Image.fromarray(np.ascontiguousarray(dataset.image(index)))
        except UserError:
            self.draw.rectangle((x, y, x + side - 1, y + side - 1), outline=_MUTED)
            self.draw.line((x, y, x + side - 1, y + side - 1), fill=_MUTED)
            return
        scale = side / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.NEAREST if scale >= 2 else Image.Resampling.LANCZOS)
        self.image.paste(image, (x + (side - size[0]) // 2, y + (side - size[1]) // 2))

    def caption(self, place: int, comparison: Comparison, row: int) -> None:
        """Three lines: the truth, and the two answers with whether they are right."""
        x, y = self._corner(place)
        top = y + self.side + self.gap // 2
        names, truth = comparison.names, int(comparison.truth[row])
        self._write((x, top), names[truth], None)
        for line, answer in enumerate((int(comparison.old_answer[row]), int(comparison.new_answer[row])), start=1):
            self._write((x, top + line * self.line), names[answer], answer == truth)

    def _write(self, at: tuple[int, int], words: str, right: bool | None) -> None:
        """An answer begins with a tick or a cross, which the font lacks, so that no one depends on colours."""
        (x, y), width = at, self.side
        size, ink = round(self.font.getbbox("A")[3]), _INK if right is None else (_GOOD if right else _BAD)
        if right is not None:
            for stroke in _TICK if right else _CROSS:
                points = [(x + size * a, y + size * b) for a, b in stroke]
                self.draw.line(points, fill=ink, width=max(1, size // 7))
            x, width = x + round(1.3 * size), width - round(1.3 * size)
        self.draw.text((x, y), self._fitting(words, width), font=self.font, fill=ink)

    def _fitting(self, text: str, width: int) -> str:
        if self.font.getlength(text) <= width:
            return text
        while text and self.font.getlength(f"{text}…") > width:
            text = text[:-1]
        return f"{text}…"


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
        csv.writer(stream, lineterminator="\n").writerows(
            map(shielded, line) for line in (("file", "sample_id"), *written)
        )


def _place(comparison: Comparison, row: int) -> Path:
    truth, answer = comparison.names[comparison.truth[row]], comparison.names[comparison.new_answer[row]]
    return Path(paths.file_name(truth)) / f"to {paths.file_name(answer)}"
