"""What varying an attribute did: the data of figures "By ...", chosen by what is varied. No report known.

One attribute is a panel of points, two are a heat map, more are small multiples of heat maps over the two
with the most values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from reportgen.comparisons import ordered
from reportgen.crosstab import crosstab
from reportgen.groups import value_key
from reportgen.kinds import Scalar

if TYPE_CHECKING:
    from reportgen.crosstab import Cell, Crosstab, Values
    from reportgen.inference import Bounds, Scale

__all__ = ["MOST_PANELS", "HeatMap", "Panel", "effects", "is_logarithmic"]

MOST_PANELS = 12
"""Small multiples at most; beyond, each attribute has a panel of its own over all others."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A metric against one attribute.

    Attributes:
        key: The attribute.
        kind: ``number`` where all its values are numbers, else ``category``.
        log: Whether its axis is better logarithmic.
        values: Of the attribute, numbers rising; None is missing.
        cells: What the runs of each value come to, in the order of ``values``.
    """

    key: str
    kind: Literal["number", "category"]
    log: bool
    values: tuple[Scalar | None, ...]
    cells: tuple[Cell, ...]


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
    if not keys:
        return ()
    part = [at for at in range(len(attributes)) if counts is None or counts[at]]
    chosen = scale or crosstab(attributes, values, keys, (), counts=counts, bounds=bounds).scale

    def crossed(rows: Sequence[str], columns: Sequence[str], runs: Sequence[int]) -> Crosstab:
        own = [at in runs for at in range(len(attributes))]
        return crosstab(attributes, values, rows, columns, scale=chosen, bounds=bounds, counts=own)

    sizes = {key: len({value_key(attributes[at].get(key)) for at in part}) for key in keys}
    main = sorted(keys, key=lambda key: -sizes[key])[:2]
    rest = [key for key in keys if key not in main]
    parts = _parts(attributes, part, rest)
    if len(keys) == 1 or len(parts) > MOST_PANELS:
        return tuple(_panel(key, crossed((key,), (), part)) for key in keys)
    return tuple(
        HeatMap(main[1], main[0], dict(zip(rest, fixed, strict=True)), crossed((main[1],), (main[0],), runs))
        for fixed, runs in parts
    )


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


def _panel(key: str, table: Crosstab) -> Panel:
    values = tuple(value for (value,) in table.rows)
    numeric = all(_is_number(value) for value in values)
    return Panel(
        key, "number" if numeric else "category", numeric and is_logarithmic(values), values, table.cells
    )


def _is_number(value: Scalar | None) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _unevenness(values: Sequence[float]) -> float:
    """Largest gap between neighbours in terms of the mean one."""
    gaps = [second - first for first, second in pairwise(values)]
    return max(gaps) * len(gaps) / sum(gaps)
