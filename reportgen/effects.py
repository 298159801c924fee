"""What varying an attribute did: the data of figures "By ...", chosen by what is varied. No report known.

One attribute is a panel of points, two are a heat map, more are small multiples of heat maps over the two
with the most values. Where runs fill no grid, as in a random search, each attribute is a panel of points.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from reportgen.comparisons import ordered
from reportgen.crosstab import crosstab
from reportgen.groups import value_key
from reportgen.inference import choose_scale
from reportgen.kinds import Scalar

if TYPE_CHECKING:
    from reportgen.crosstab import Cell, Crosstab, Values
    from reportgen.inference import Bounds, Scale

__all__ = ["MOST_ATTRIBUTES", "MOST_PANELS", "HeatMap", "Panel", "effects", "is_logarithmic"]

MOST_PANELS = 12
"""Small multiples at most; beyond, each attribute has a panel of its own over all others."""
MOST_ATTRIBUTES = 6
"""Panels of attributes at most: as many as a table has columns of them."""
_MOST_VALUES = 16
"""Rows or columns of a heat map at most."""
_MOST_ACROSS = 10
"""Of more values the longer side goes down: words fit a column, and a page is longer than wide."""
_MOST_NUMBERS = 1_000
"""Values of a number at most: a page holds each with its words."""
_MOST_CATEGORIES = 39
"""Rows of a panel at most, as many as a legend can name."""
_FILLED = 0.5
"""Share of a heat map's cells that hold a run: what fills less is no grid."""
_FEWEST = 3
"""Runs with a value that a figure needs: two are compared by their two numbers."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A metric against one attribute.

    Attributes:
        key: The attribute.
        kind: ``number`` where all its values are numbers, else ``category``.
        log: Whether its axis is better logarithmic.
        values: Of the attribute, numbers rising; None is missing.
        cells: What the runs of each value come to, in the order of ``values``.
        pooled: Runs of one value differ in other attributes too, so their spread is not that of repeats.
    """

    key: str
    kind: Literal["number", "category"]
    log: bool
    values: tuple[Scalar | None, ...]
    cells: tuple[Cell, ...]
    pooled: bool = False


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A metric over two attributes.

    Attributes:
        row: The attribute of rows.
        column: The attribute of columns.
        fixed: What all its runs share of the other varied attributes.
        table: Its cells, with n and spread.
    """

    row: str
    column: str
    fixed: Mapping[str, Scalar | None]
    table: Crosstab


def effects(
    attributes: Sequence[Mapping[str, Scalar]],
    values: Sequence[float | None],
    keys: Sequence[str],
    *,
    scale: Scale | None = None,
    bounds: Bounds = (None, None),
    counts: Sequence[bool] | None = None,
) -> tuple[Panel | HeatMap, ...]:
    """The panels of a family; none where nothing varies.

    Args:
        attributes: Of each run; a missing key is a value of its own.
        values: Of the metric; None for a run that has none.
        keys: What varies and follows from nothing else.
        scale: As the list says; None leaves it to the data.
        bounds: What the metric cannot be below, and above.
        counts: Which runs take part: a seed counts once; None for all.
    """
    part = [at for at in range(len(attributes)) if counts is None or counts[at]]
    if not keys or sum(values[at] is not None for at in part) < _FEWEST:
        return ()
    chosen = choose_scale([[value for at in part if (value := values[at]) is not None]], scale)

    def crossed(rows: Sequence[str], columns: Sequence[str], runs: Collection[int]) -> Crosstab:
        own = [at in runs for at in range(len(attributes))]
        return crosstab(attributes, values, rows, columns, scale=chosen, bounds=bounds, counts=own)

    sizes = {key: len({value_key(attributes[at].get(key)) for at in part}) for key in keys}
    main = sorted(keys, key=lambda key: -sizes[key])[:2]
    if len(main) > 1 and sizes[main[0]] > _MOST_ACROSS >= sizes[main[1]]:
        main.reverse()
    rest = [key for key in keys if key not in main]
    parts = _parts(attributes, part, rest)
    if len(keys) > 1 and len(parts) <= MOST_PANELS and max(sizes.values()) <= _MOST_VALUES:
        maps = tuple(
            HeatMap(
                main[1],
                main[0],
                dict(zip(rest, fixed, strict=True)),
                crossed((main[1],), (main[0],), frozenset(runs)),
            )
            for fixed, runs in parts
        )
        if all(map(_is_grid, maps)):
            return maps
    panels = (
        _panel(key, crossed((key,), (), frozenset(part)), pooled=len(keys) > 1)
        for key in keys[:MOST_ATTRIBUTES]
        if sizes[key] <= _MOST_NUMBERS
    )
    return tuple(
        one
        for one in panels
        if one.kind == "number"
        or (len(one.cells) <= _MOST_CATEGORIES and any(cell.of > 1 for cell in one.cells))
    )


def _is_grid(made: HeatMap) -> bool:
    """Whether runs cross the two attributes: cells are filled, and not one a row or column only."""
    rows, columns = len(made.table.rows), len(made.table.columns)
    return len(made.table.cells) >= max(_FILLED * rows * columns, max(rows, columns) + 1)


def is_logarithmic(values: Sequence[Scalar | None]) -> bool:
    """Whether numbers are spread more evenly on logarithms: 1e-4, 3e-4, 1e-3."""
    numbers = sorted({float(value) for value in values if isinstance(value, (int, float))})
    if (
        not all(map(_is_number, values))
        or len(numbers) < 3
        or numbers[0] <= 0
        or numbers[-1] < 10 * numbers[0]
    ):
        return False
    return _unevenness([math.log(number) for number in numbers]) < _unevenness(numbers)


def _parts(
    attributes: Sequence[Mapping[str, Scalar]], runs: Sequence[int], keys: Sequence[str]
) -> list[tuple[Values, list[int]]]:
    """Runs by what they share of ``keys``, in the order of the values."""
    found: dict[tuple[tuple[str, str], ...], tuple[Values, list[int]]] = {}
    for at in runs:
        own = tuple(attributes[at].get(key) for key in keys)
        found.setdefault(tuple(map(value_key, own)), (own, []))[1].append(at)
    return sorted(found.values(), key=lambda one: tuple(map(ordered, one[0])))


def _panel(key: str, table: Crosstab, *, pooled: bool) -> Panel:
    values = tuple(value for (value,) in table.rows)
    numeric = all(_is_number(value) for value in values)
    return Panel(
        key,
        "number" if numeric else "category",
        numeric and is_logarithmic(values),
        values,
        table.cells,
        pooled,
    )


def _is_number(value: Scalar | None) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _unevenness(values: Sequence[float]) -> float:
    """Largest gap between neighbours in terms of the mean one."""
    gaps = [second - first for first, second in pairwise(values)]
    return max(gaps) * len(gaps) / sum(gaps)
