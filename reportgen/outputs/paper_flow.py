"""In which order figures and tables follow on paper, so that pages are filled.

A figure is not broken; where it does not fit the rest of a page, what follows on it is a table, which may
be. How high things are is reckoned from the widths of a font's characters: where that is off by a line or
two, a page's foot is empty that need not be, and nothing else happens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from reportgen.figures.ruler import Ruler
from reportgen.outputs.columns import Part
from reportgen.outputs.views import FigureView, TableView

__all__ = ["Block", "Flow"]

Block = FigureView | TableView

_MM = 25.4 / 72
_PAGE_MM = {"a4": 252.0 - 2.0, "letter": 234.4 - 2.0}
"""Height of a page's text, less what the reckoning may be wrong by."""
_FIRST_MM = 9.0
"""By which the first page has less."""
_TEXT_MM, _CAPTION_MM = 150.0, 165.0
# Margins collapse: of two that meet the larger counts, and the one below a figure or table is 6 mm.
_SECTION_MM = 3.0 + 7.2 + 4.0
"""Of a section's heading."""
_FIGURE_MM, _TABLE_MM = 1.5 + 6.0, 1.5 + 6.0
_TOP_MM = _TABLE_MM + 4.05
_ROW_MM = 1.1
_ROWS_TOGETHER = 4


class Flow:
    """Keeps how much of a page is left.

    Args:
        paper_size: ``a4`` or ``letter``.
        sizes: Figure name -> width and height, mm.
        parts: A table -> its parts that fit the page.
    """

    def __init__(
        self,
        paper_size: str,
        sizes: Mapping[str, tuple[float, float]],
        parts: Callable[[TableView], Sequence[Part]],
    ) -> None:
        self._page = _PAGE_MM[paper_size]
        self._left = self._page - _FIRST_MM
        self._head = 0.0  # of a heading and what is said below it, which stay with what follows
        self._sizes = sizes
        self._parts = parts
        self._ruler = Ruler()

    def text(
        self, texts: Iterable[str], pt: float = 9.5, *, space: float = 2.2, width: float = _TEXT_MM
    ) -> None:
        """Paragraphs."""
        for text in texts:
            self._take(self._paragraph(text, pt, width) + space)

    def space(self, height: float) -> None:
        """Anything of a height that is not broken, mm."""
        self._take(height)

    def section(self, texts: Iterable[str] = ()) -> None:
        """The heading of a section and what is said below it, which stay with what follows."""
        self._head += _SECTION_MM + sum(self._paragraph(text, 9.5, _TEXT_MM) + 2.2 for text in texts)

    def figure(self, view: FigureView) -> None:
        self._take(self._height(view))

    def ordered(self, blocks: Sequence[Block]) -> tuple[Block, ...]:
        """Figures and tables, each kind in its order; a table goes before a figure that does not fit."""
        waiting, found = list(blocks), []
        while waiting:
            block = waiting[0]
            if isinstance(block, FigureView) and self._head + self._height(block) > self._left:
                table = next((one for one in waiting if isinstance(one, TableView)), None)
                if table is not None and self._head + self._smallest(table) <= self._left:
                    block = table
            waiting.remove(block)
            found.append(block)
            if isinstance(block, FigureView):
                self.figure(block)
            else:
                self._table(block)
        return tuple(found)

    def _take(self, height: float, *, repeated: float = 0.0) -> None:
        """Places what is not broken, on the next page where it does not fit.

        Args:
            height: Of all of it.
            repeated: Of what stands above it on a page that it begins.
        """
        height += self._head
        self._head = 0.0
        if height > self._left:
            self._left = self._page - repeated
        self._left -= height
        while self._left < 0:  # higher than a page
            self._left += self._page

    def _table(self, block: TableView) -> None:
        """A table, whose first rows stay together and its last ones; its header is repeated on each page."""
        for part in self._parts(block):
            header, *rows = self._rows(part)
            if len(rows) < 2 * _ROWS_TOGETHER:
                self._take(_TOP_MM + header + sum(rows))
                continue
            self._take(_TOP_MM + header + sum(rows[:_ROWS_TOGETHER]))
            for row in (*rows[_ROWS_TOGETHER:-_ROWS_TOGETHER], sum(rows[-_ROWS_TOGETHER:])):
                self._take(row, repeated=header)

    def _paragraph(self, text: str, pt: float, width: float) -> float:
        return self._lines(text, pt, width) * pt * 1.42 * _MM

    def _height(self, block: FigureView) -> float:
        width, height = self._sizes.get(block.name, (178.0, 18.0))
        shown = height * min(1.0, 178.0 / width)
        finding = block.finding if block.kind in ("attribute", "all", "log") else ""
        says = f"Figure 99. {block.caption} {finding}"
        return shown + _FIGURE_MM + self._lines(says, 8.5, _CAPTION_MM) * 8.5 * 1.35 * _MM

    def _smallest(self, table: TableView) -> float:
        """What a table needs of a page to begin there."""
        header, *rows = self._rows(self._parts(table)[0])
        return _TOP_MM + header + sum(rows[:_ROWS_TOGETHER] if len(rows) >= 2 * _ROWS_TOGETHER else rows)

    def _rows(self, part: Part) -> list[float]:
        """Heights of the header and of each row."""
        widths = [178.0 * share / 100 - 3.1 for share in part.shares]
        titles = zip(part.columns, widths, strict=True)
        lines = [max(self._lines(one.title, 7.5, width, bold=True) for one, width in titles)]
        for row in part.rows:
            cells = zip(row, widths, strict=True)
            lines.append(max(self._lines(cell.text, 7.5, width) for cell, width in cells))
        return [one * 7.5 * 1.3 * _MM + _ROW_MM for one in lines]

    def _lines(self, text: str, pt: float, width: float, *, bold: bool = False) -> int:
        return max(1, math.ceil(self._ruler(text, bold=bold) * pt * _MM / max(width, 1.0) - 0.02))
