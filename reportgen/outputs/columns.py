"""A table as parts that fit a page, with columns as wide as what they hold.

Layout engines find such widths by setting every cell several times; from the widths of a font's
characters they follow in no time, however long a stranger's text is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reportgen.figures import ruler as figures_ruler
from reportgen.tables import Cell, Column, Table

__all__ = ["Part", "Ruler", "parts"]

_FONT_PT = 7.5
_MM = 25.4 / 72
# Between columns, and what kerning and rounding may add to a word.
_GUTTER_MM = 3.1 + 0.4
# No word asks for more than this; the longest run names of the field stand on one line.
_LONGEST_WORD_MM = 50.0
# Sentences wrap: a column of text asks for a few words a line.
_TEXT_MM = 42.0
_LONGEST_LINE_MM = 90.0


@dataclass(frozen=True, slots=True)
class Part:
    """Some columns of a table.

    Attributes:
        columns: Those that fit the page.
        shares: Of the page's width, percent, one a column.
        rows: A cell for each column.
        head: Place of the column that names the rows.
        slugs: Of the runs that rows stand for, None for several.
    """

    columns: tuple[Column, ...]
    shares: tuple[float, ...]
    rows: tuple[tuple[Cell, ...], ...]
    head: int
    slugs: tuple[str | None, ...] = ()


class Ruler:
    """Measures text of tables, in mm."""

    def __init__(self) -> None:
        self._ruler = figures_ruler.Ruler()

    def __call__(self, text: str, *, bold: bool = False) -> float:
        return self._ruler(text, bold=bold) * _FONT_PT * _MM


def parts(table: Table, ruler: Ruler, width_mm: float) -> tuple[Part, ...]:
    """A table in parts that fit ``width_mm``: columns that are too many go on in the next.

    Each part begins with the column that names its rows. Columns without any text are left out.
    """
    shown = [
        i
        for i, column in enumerate(table.columns)
        if column.kind != "sparkline" and any(row.cells[i].text for row in table.rows)
    ] or [0]
    head = next((i for i in shown if table.columns[i].key in ("label", "name")), shown[0])
    wishes = {i: _wish(table.columns[i], [row.cells[i].text for row in table.rows], ruler) for i in shown}
    split: list[list[int]] = [[]]
    room = width_mm
    fits = sum(wishes[i].least for i in shown) <= width_mm  # text wraps rather than being torn apart
    if fits:
        split = [shown]
    for i in () if fits else shown:
        if wishes[i].usual > room and split[-1] not in ([], [head]):
            split.append([head])
            room = width_mm - wishes[head].usual
        split[-1].append(i)
        room -= wishes[i].usual
    return tuple(
        Part(
            tuple(table.columns[i] for i in part),
            _shares([wishes[i] for i in part], width_mm),
            tuple(tuple(row.cells[i] for i in part) for row in table.rows),
            part.index(head),
            tuple(row.run.slug if row.run else None for row in table.rows),
        )
        for part in split
    )


@dataclass(frozen=True, slots=True)
class _Wish:
    """Widths of a column, mm: with its longest word on a line; with few lines; with each text on one."""

    least: float
    usual: float
    full: float


def _wish(column: Column, texts: Sequence[str], ruler: Ruler) -> _Wish:
    # Not split(): a no-break space holds its words together.
    words = {word for text in set(texts) for word in text.split(" ")}
    longest = max(map(ruler, words), default=0.0)
    heading = max(ruler(word, bold=True) for word in column.title.split(" "))
    line = max(map(ruler, set(texts)), default=0.0)
    least = min(max(heading, longest), _LONGEST_WORD_MM)
    full = max(least, min(max(line, ruler(column.title, bold=True) / 2), _LONGEST_LINE_MM))
    usual = full if column.numeric else max(least, min(full, _TEXT_MM))
    return _Wish(least + _GUTTER_MM, usual + _GUTTER_MM, full + _GUTTER_MM)


def _shares(wishes: Sequence[_Wish], width_mm: float) -> tuple[float, ...]:
    """What each column gets, percent: all its text needs, or its least and a fair part of the rest."""
    least, full = sum(wish.least for wish in wishes), sum(wish.full for wish in wishes)
    if full <= width_mm or full == least:
        return tuple(100 * wish.full / full for wish in wishes)
    part = max(0.0, (width_mm - least) / (full - least))
    widths = [wish.least + part * (wish.full - wish.least) for wish in wishes]
    return tuple(100 * width / sum(widths) for width in widths)
