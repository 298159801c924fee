"""A table of a paper: a metric over the values of some attributes, with what its cells bear. No report known.

``[[family.table]]`` of a list: rows and columns are values of attributes, a cell is the runs that have them.
The leading cell and those not told apart from it are marked; that takes tests of the table's own, which are
corrected with all others of the report.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reportgen import inference
from reportgen.comparisons import Contrast, Side, ordered
from reportgen.groups import value_key
from reportgen.kinds import Scalar

if TYPE_CHECKING:
    from reportgen.inference import Bounds, Estimate, Scale
    from reportgen.ranking import Better

__all__ = ["Cell", "Crosstab", "crosstab", "led", "pairs"]

Values = tuple[Scalar | None, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """The runs that share a row and a column.

    Attributes:
        row: Index of its row.
        column: Index of its column.
        runs: Positions of the runs that have a value.
        of: How many runs belong here, those without a value included.
        values: Of the metric, of ``runs``.
        estimate: What they say; None where there is none.
        leads: It is the best, or was tested against it and not told apart, and at least one cell was told
            from that. What has too few runs to be tested does not lead.
    """

    row: int
    column: int
    runs: tuple[int, ...]
    of: int
    values: tuple[float, ...]
    estimate: Estimate | None
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Crosstab:
    """A table.

    Attributes:
        rows: Values of the attributes of rows, numbers rising.
        columns: The same of columns; one empty one where there are none.
        cells: In the order of rows, then columns; none where no run is.
        scale: Of all cells.
    """

    rows: tuple[Values, ...]
    columns: tuple[Values, ...]
    cells: tuple[Cell, ...]
    scale: Scale


def crosstab(
    attributes: Sequence[Mapping[str, Scalar]],
    values: Sequence[float | None],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    scale: Scale | None = None,
    bounds: Bounds = (None, None),
    counts: Sequence[bool] | None = None,
) -> Crosstab:
    """A table, before its tests.

    Args:
        attributes: Of each run; a missing key is a value of its own.
        values: Of the metric; None for a run that has none.
        rows: Keys of the attributes that make rows.
        columns: The same for columns, none for one.
        scale: As the list says; None leaves it to the data.
        bounds: What the metric cannot be below, and above.
        counts: Which runs take part: a seed counts once; None for all.
    """
    part = [at for at in range(len(attributes)) if counts is None or counts[at]]
    row_values = _values([attributes[at] for at in part], rows)
    column_values = _values([attributes[at] for at in part], columns)
    row_at, column_at = _places(row_values), _places(column_values)
    places: dict[tuple[int, int], list[int]] = {}
    for at in part:
        place = (row_at[_key(attributes[at], rows)], column_at[_key(attributes[at], columns)])
        places.setdefault(place, []).append(at)
    found = {
        place: [(at, value) for at in runs if (value := values[at]) is not None]
        for place, runs in places.items()
    }
    chosen = inference.choose_scale(([value for _, value in some] for some in found.values()), scale)
    cells = []
    for place in sorted(places):
        own = tuple(value for _, value in found[place])
        made = inference.estimate(own, chosen, bounds) if own else None
        cells.append(Cell(*place, tuple(at for at, _ in found[place]), len(places[place]), own, made))
    return Crosstab(row_values, column_values, tuple(cells), chosen)


def pairs(table: Crosstab) -> tuple[Contrast, ...]:
    """All pairs of its cells, as far as they can be tested; a side's group is the cell's index."""
    made = []
    for first, second in itertools.combinations(range(len(table.cells)), 2):
        one, other = table.cells[first], table.cells[second]
        found = inference.compare([(one.values, other.values)], table.scale)
        if found is not None:
            made.append(Contrast("cells", None, (Side({}, (first,)), Side({}, (second,))), found))
    return tuple(made)


def led(table: Crosstab, tested: Sequence[Contrast], better: Better | None) -> Crosstab:
    """The table with its leading cells marked; none where nothing was told from the best one.

    Args:
        table: As made.
        tested: Its pairs, corrected.
        better: Which way is better; None marks none.
    """
    means = {at: cell.estimate.mean for at, cell in enumerate(table.cells) if cell.estimate is not None}
    if better is None or not means:
        return table
    best = (min if better == "lower" else max)(means, key=lambda at: means[at])
    told: dict[int, bool] = {}
    for one in tested:
        first, second = (side.groups[0] for side in one.sides)
        if best in (first, second) and one.corrected is not None:
            told[second if first == best else first] = one.corrected.found
    if not any(told.values()):
        return table
    # Equal without any spread is not tested, and not apart.
    near = {at for at, mean in means.items() if not told.get(at, mean != means[best])}
    return replace(table, cells=tuple(replace(cell, leads=at in near) for at, cell in enumerate(table.cells)))


def _values(attributes: Sequence[Mapping[str, Scalar]], keys: Sequence[str]) -> tuple[Values, ...]:
    found = {_key(one, keys): tuple(one.get(key) for key in keys) for one in attributes}
    return tuple(sorted(found.values(), key=lambda values: tuple(map(ordered, values))))


def _places(values: Sequence[Values]) -> dict[tuple[tuple[str, str], ...], int]:
    """Place of each combination of values."""
    return {tuple(map(value_key, one)): at for at, one in enumerate(values)}


def _key(attributes: Mapping[str, Scalar], keys: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple(value_key(attributes.get(key)) for key in keys)
