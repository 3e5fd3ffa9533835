"""Text in columns, for terminals."""

from __future__ import annotations

import itertools

from rich.cells import cell_len


class TextTable:
    """Text in columns. The first ones hold words and begin at the left; numbers end at the right, so that their digits
    line up. Never folded: what does not fit a terminal can be scrolled or piped.
    """

    def __init__(self, *headers: str, words: int = 1) -> None:
        self.headers, self.words = headers, words
        self.rows: list[tuple[str, ...]] = []

    def add_row(self, *cells: str) -> None:
        self.rows.append(cells)

    def __str__(self) -> str:
        cells = [line for row in (self.headers, *self.rows) for line in _lines(row)]
        widths = [max(cell_len(cell) for cell in column) for column in zip(*cells, strict=True)]
        return "\n".join("  ".join(map(self._aligned, itertools.count(), line, widths)).rstrip() for line in cells)

    def _aligned(self, column: int, cell: str, width: int) -> str:
        space = " " * (width - cell_len(cell))
        return cell + space if column < self.words else space + cell


def _lines(row: tuple[str, ...]) -> list[tuple[str, ...]]:
    """A row's lines; where a cell has fewer, they are the last ones."""
    from_below = itertools.zip_longest(*(reversed(cell.splitlines()) for cell in row), fillvalue="")
    return list(from_below)[::-1]
