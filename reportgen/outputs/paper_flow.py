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
_PAGE_MM = {"a4": 252.0 - 3.0, "letter": 234.4 - 3.0}
"""Height of a page's text, less what the reckoning may be wrong by."""
_FIRST_MM = 9.0
"""By which the first page has less."""
_TEXT_MM, _CAPTION_MM = 150.0, 165.0
# Margins collapse: of two that meet the larger counts, and the one below a figure or table is 6 mm.
_SECTION_MM = 3.0 + 7.2 + 4.0
"""Of a section's heading."""
_FIGURE_MM, _TABLE_MM = 1.5 + 6.0, 1.5 + 6.0
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
        self._sizes = sizes
        self._parts = parts
        self._ruler = Ruler()

    def text(
        self, texts: Iterable[str], pt: float = 9.5, *, space: float = 2.2, width: float = _TEXT_MM
    ) -> None:
        """Paragraphs."""
        for text in texts:
            self._take(self._lines(text, pt, width) * pt * 1.42 * _MM + space, broken=True)

    def space(self, height: float) -> None:
        """Anything of a height that is not broken, mm."""
        self._take(height)

    def section(self) -> None:
        """The heading of a section, which stays with what follows."""
        self._take(_SECTION_MM, needs=_SECTION_MM + 15)

    def figure(self, view: FigureView) -> None:
        self._take(self._height(view))

    def ordered(self, blocks: Sequence[Block]) -> tuple[Block, ...]:
        """Figures and tables, each kind in its order; a table goes before a figure that does not fit."""
        waiting, found = list(blocks), []
        while waiting:
            block = waiting[0]
            if isinstance(block, FigureView) and self._height(block) > self._left:
                table = next((one for one in waiting if isinstance(one, TableView)), None)
                if table is not None and self._smallest(table) <= self._left:
                    block = table
            waiting.remove(block)
            found.append(block)
            if isinstance(block, FigureView):
                self._take(self._height(block))
            else:
                self._take(self._height(block), broken=True, needs=self._smallest(block))
        return tuple(found)

    def _take(self, height: float, *, broken: bool = False, needs: float = 0.0) -> None:
        if max(height if not broken else 0.0, min(needs, self._page)) > self._left:
            self._left = self._page
        self._left -= height
        while self._left < 0:
            self._left += self._page

    def _height(self, block: Block) -> float:
        if isinstance(block, FigureView):
            width, height = self._sizes.get(block.name, (178.0, 18.0))
            shown = height * min(1.0, 178.0 / width)
            finding = block.finding if block.kind in ("attribute", "all", "log") else ""
            says = f"Figure 99. {block.caption} {finding}"
            return shown + _FIGURE_MM + self._lines(says, 8.5, _CAPTION_MM) * 8.5 * 1.35 * _MM
        return sum(_TABLE_MM + 4.05 + self._rows(part, len(part.rows)) for part in self._parts(block))

    def _smallest(self, table: TableView) -> float:
        """What a table needs of a page to begin there."""
        part = self._parts(table)[0]
        rows = len(part.rows)
        return _TABLE_MM + 4.05 + self._rows(part, rows if rows < 2 * _ROWS_TOGETHER else _ROWS_TOGETHER)

    def _rows(self, part: Part, rows: int) -> float:
        """The header and so many rows."""
        widths = [178.0 * share / 100 - 3.1 for share in part.shares]
        titles = zip(part.columns, widths, strict=True)
        lines = [max(self._lines(one.title, 7.5, width, bold=True) for one, width in titles)]
        for row in part.rows[:rows]:
            cells = zip(row, widths, strict=True)
            lines.append(max(self._lines(cell.text, 7.5, width) for cell, width in cells))
        return sum(one * 7.5 * 1.3 * _MM + _ROW_MM for one in lines)

    def _lines(self, text: str, pt: float, width: float, *, bold: bool = False) -> int:
        return max(1, math.ceil(self._ruler(text, bold=bold) * pt * _MM / max(width, 1.0) - 0.02))
