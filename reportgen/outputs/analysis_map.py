"""The map of what analysing a model found: positions down, layers and their heads across.

It is a table, so that it is read aloud, printed and searched as tables are.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from reportgen.analysis import Analysis, Node
from reportgen.text import one_line

__all__ = ["AnalysisMap", "MapCell", "analysis_map"]

# What a page and a column of paper hold; such a model has some 20 positions and 4 to 15 heads and MLPs.
_MOST_ROWS, _MOST_COLUMNS = 40, 20
_MOST_TASKS, _LONGEST_TASK = 3, 10
# More columns than these take the whole width of paper, not half of it.
_NARROW = 9
# Percentages of failing questions from which a cell is darker.
_STEPS = (5, 25)
_CAPTION = (
    "Useful nodes by position (P), layer and head (H), with their sub-tasks; two darker shades"
    " mark nodes without which at least 5\N{NO-BREAK SPACE}% and 25\N{NO-BREAK SPACE}% of questions fail."
    " Positions, heads and MLPs without a useful node are omitted."
)


@dataclass(frozen=True, slots=True)
class MapCell:
    """A useful node.

    Attributes:
        tasks: Its sub-tasks, cut where they are long or many.
        more: How many sub-tasks are left out.
        fails: Percentage of questions that fail without it, as text; empty where nobody knows.
        shade: From 0, unknown, to 3, where most questions fail.
    """

    tasks: tuple[str, ...]
    more: int
    fails: str
    shade: int


@dataclass(frozen=True, slots=True)
class AnalysisMap:
    """The map of one run.

    Attributes:
        caption: What every map of the report shows.
        cut: What of this one is left out, a sentence after a space; empty where nothing is.
        layers: Heading of each layer, and how many columns it spans.
        parts: Heading of each column: ``H1``, ``MLP``.
        rows: Heading of each position, and a cell for each column, None where no node is useful.
        wide: It takes the whole width of paper.
    """

    caption: str
    cut: str
    layers: tuple[tuple[str, int], ...]
    parts: tuple[str, ...]
    rows: tuple[tuple[str, tuple[MapCell | None, ...]], ...]
    wide: bool


def analysis_map(found: Analysis) -> AnalysisMap | None:
    """The map of ``found``; None where no node is useful."""
    if not found.nodes:
        return None
    positions = sorted({node.position for node in found.nodes})
    columns = sorted({(node.layer, node.head is None, node.head or 0) for node in found.nodes})
    shown_positions, shown_columns = positions[:_MOST_ROWS], columns[:_MOST_COLUMNS]
    known = set(found.nodes)

    def cell(node: Node) -> MapCell | None:
        if node not in known:
            return None
        tasks, fails = found.tasks.get(node, ()), found.fails.get(node)
        return MapCell(
            tuple(one_line(task, _LONGEST_TASK) for task in tasks[:_MOST_TASKS]),
            max(0, len(tasks) - _MOST_TASKS),
            "" if fails is None else f"{fails:g}\N{NO-BREAK SPACE}%",
            0 if fails is None else 1 + sum(fails >= step for step in _STEPS),
        )

    rows = tuple(
        (
            f"P{position}",
            tuple(
                cell(Node(position, layer, None if is_mlp else head)) for layer, is_mlp, head in shown_columns
            ),
        )
        for position in shown_positions
    )
    return AnalysisMap(
        _CAPTION,
        _cut(len(positions), len(columns)),
        tuple(
            (f"Layer {layer}", sum(1 for _ in own))
            for layer, own in groupby(shown_columns, lambda one: one[0])
        ),
        tuple("MLP" if is_mlp else f"H{head}" for _, is_mlp, head in shown_columns),
        rows,
        len(shown_columns) > _NARROW,
    )


def _cut(positions: int, columns: int) -> str:
    """What a map too large to be shown leaves out."""
    left = [
        f"the first {most} of {total:,} {what}"
        for total, most, what in (
            (positions, _MOST_ROWS, "positions"),
            (columns, _MOST_COLUMNS, "heads and MLPs"),
        )
        if total > most
    ]
    return f" Shown are {' and '.join(left)}." if left else ""
