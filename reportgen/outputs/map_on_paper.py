"""A map of useful nodes as a picture for paper: WeasyPrint needs several times as long for such a table."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import accumulate

from markupsafe import Markup, escape

from reportgen.analysis import Analysis
from reportgen.outputs.analysis_map import AnalysisMap, MapCell
from reportgen.text import one_line

__all__ = ["map_on_paper"]

# All in mm; the widths are those of a column of a journal and of the text.
_WIDTH, _WIDE = 85.0, 178.0
_HIGHEST = 215.0
_SIDE, _HEAD, _LINE, _PADDING = 7.5, 7.0, 2.75, 0.9
_FONT, _INK, _RULE = 2.4, "#16181c", "#d3d6db"
_SHADES = ("#f4f6f8", "#e6ecf2", "#cfdbe6", "#aec3d6")
# Letters that fit a cell; what is longer goes on after its point.
_LETTERS = 6
_LONGEST_WORDS = 1000


def map_on_paper(shown: AnalysisMap, found: Analysis) -> Markup:
    """An image, as wide as a column or as the text, with the nodes as words for who cannot see it.

    Args:
        shown: The map.
        found: What it is of.
    """
    width = _WIDE if shown.wide else _WIDTH
    lines = [[_lines(cell) for cell in cells] for _, cells in shown.rows]
    heights = [max(1, *map(len, row)) * _LINE + _PADDING for row in lines]
    tops = list(accumulate(heights, initial=_HEAD))
    rows = sum(bottom <= _HIGHEST for bottom in tops[1:])
    body = "".join(_parts(shown, lines[:rows], tops, (width - _SIDE) / len(shown.parts)))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {tops[rows]:.2f}"'
        f' font-family="Report Sans" font-size="{_FONT}" fill="{_INK}">{body}</svg>'
    )
    data = base64.b64encode(svg.encode()).decode()
    image = Markup('<img src="data:image/svg+xml;base64,{}" alt="{}" style="width:{:g}mm;height:{:.2f}mm">')
    rest = len(lines) - rows
    cut = f" The map ends at {shown.rows[rows - 1][0]}; {rest} more do not fit a page." if rest else ""
    return image.format(data, one_line(_words(found), _LONGEST_WORDS), width, tops[rows]) + Markup(
        escape(cut)
    )


def _lines(cell: MapCell | None) -> tuple[str, ...]:
    """What stands in a cell: sub-tasks, else the share that fails."""
    if cell is None:
        return ()
    more = (f"+{cell.more}",) if cell.more else ()
    if cell.tasks:
        return (*(line for task in cell.tasks for line in _broken(task)), *more)
    return (cell.fails or "•",)


def _broken(task: str) -> Iterator[str]:
    head, point, rest = task.partition(".")
    for part in (task,) if len(task) <= _LETTERS or not rest else (head + point, rest):
        yield one_line(part, _LETTERS + 1)


def _parts(
    shown: AnalysisMap, lines: list[list[tuple[str, ...]]], tops: list[float], column: float
) -> Iterator[str]:
    left = _SIDE
    for title, columns in shown.layers:
        right = left + columns * column
        yield _text((left + right) / 2, _HEAD - 4.2, title, "600")
        line = f"M{left + 0.3:.2f} {_HEAD - 3.5}H{right - 0.3:.2f}"
        yield f'<path d="{line}" stroke="{_INK}" stroke-width=".12"/>'
        left = right
    for at, part in enumerate(shown.parts):
        yield _text(_SIDE + (at + 0.5) * column, _HEAD - 0.9, part)
    for row, (name, cells) in enumerate(shown.rows[: len(lines)]):
        top, bottom = tops[row], tops[row + 1]
        yield _text(0, (top + bottom) / 2 + _FONT / 3, name, anchor="start")
        for at, (cell, words) in enumerate(zip(cells, lines[row], strict=True)):
            x = _SIDE + at * column
            fill = "none" if cell is None else _SHADES[cell.shade]
            yield (
                f'<rect x="{x:.2f}" y="{top:.2f}" width="{column:.2f}" height="{bottom - top:.2f}"'
                f' fill="{fill}" stroke="{_RULE}" stroke-width=".12"/>'
            )
            first = (top + bottom - (len(words) - 1) * _LINE) / 2 + _FONT / 3
            for number, word in enumerate(words):
                yield _text(x + column / 2, first + number * _LINE, word)


def _text(x: float, y: float, text: str, weight: str = "400", anchor: str = "middle") -> str:
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" font-weight="{weight}">{escape(text)}</text>'
    )


def _words(found: Analysis) -> str:
    """Node by node: ``P9: layer 0 head 1, A5.SC, 1 % fail without it``."""
    said = []
    for node in found.nodes:
        which = "MLP" if node.head is None else f"head {node.head}"
        tasks = "".join(f", {task}" for task in found.tasks.get(node, ()))
        fails = found.fails.get(node)
        share = "" if fails is None else f", {fails:g} % fail without it"
        said.append(f"P{node.position} layer {node.layer} {which}{tasks}{share}")
        if len(said) * 20 > _LONGEST_WORDS:
            break
    return "Useful nodes: " + "; ".join(said)
