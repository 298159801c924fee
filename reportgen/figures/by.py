"""Figures "By ...": what a family is ranked by, against what was varied; and what stands under them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reportgen import notation
from reportgen.attributes import in_words
from reportgen.effects import HeatMap, is_logarithmic
from reportgen.effects import Panel as Against
from reportgen.figures.captions import Caption
from reportgen.figures.overview import value_axis, value_word
from reportgen.figures.plot import Axis, Effects, Panel, Spot
from reportgen.figures.scales import log_range
from reportgen.figures.style import category
from reportgen.groups import value_key
from reportgen.model_list.defaults import USUAL_FIGURES
from reportgen.notation import count
from reportgen.tables import spread_form

if TYPE_CHECKING:
    from reportgen.crosstab import Cell
    from reportgen.report import FamilyReport

__all__ = ["attribute_name", "by_attributes", "no_attributes", "says", "value_names"]

_FAR = 10.0
"""Values over so many times the median shape no axis: they are marked at its edge."""
_MOST_TICKS = 12
"""Of more values of a number round numbers are shown on its axis."""
_PAD = 0.06
_BOXES = 1.5
"""Interquartile ranges beyond the quartiles at which the shades of a heat map end."""


def by_attributes(family: FamilyReport) -> Effects | None:
    """What the family is ranked by, against what varies; None where nothing does."""
    if not family.effects or family.ranking is None:
        return None
    cells = [cell for one in family.effects for cell in _cells(one)]
    values = [value for cell in cells for value in cell.values]
    if not values:
        return None
    form = _form(cells)
    word = value_word(family.ranking.metric)
    higher = family.ranking.better == "higher"
    shade = _shades(cells, higher)
    panels = tuple(
        _heat_map(family, one, form, shade) if isinstance(one, HeatMap) else _points(family, one, form)
        for one in family.effects
    )
    return Effects(panels, _values(panels, values, word), category(0), word, higher)


def says(family: FamilyReport, shown: Effects) -> Caption:
    """What is seen, of how many runs, and which were left out."""
    ranking = family.ranking
    assert ranking is not None
    first = family.effects[0]
    scale = first.table.scale if isinstance(first, HeatMap) else _scale(first)
    mean = "geometric mean" if scale == "log" else "mean"
    if shown.mapped:
        axes = [first.column, first.row, *first.fixed] if isinstance(first, HeatMap) else []
        way = "higher" if ranking.better == "higher" else "lower"
        spread = "geometric standard deviation" if scale == "log" else "standard deviation (sd)"
        several = any(len(spot.values) > 1 for panel in shown.panels for spot in panel.spots)
        cell = f"{mean}, {spread} and number of runs (n)" if several else "the value of one run"
        parts = [("", f". Each cell: {cell}; a stronger colour is {way}.")]
        slots: dict[str, Mapping[str, str]] = {}
    else:
        axes = [one.key for one in family.effects if isinstance(one, Against)]
        parts = [("", ", "), ("y", ""), ("", f". {_marks(family, shown, mean)}")]
        slots = {"y": {"log": "log axis", "linear": "linear axis"}}
    names = [attribute_name(family, key) for key in axes]
    what = f"{family.name}: {shown.word[:1].lower()}{shown.word[1:]} by {_listed(names)}"
    others = len(family.varied.free) - len(axes)
    more = f" {count(others, 'more attribute')} also varied." if others > 0 else ""
    left = "".join((more, _left_out(family), _cut(shown)))
    return Caption((("", what), *parts, ("", left)), slots, {"y": shown.y.scale} if slots else {})


def no_attributes(family: FamilyReport) -> str:
    """Why there is no figure that a list asks for; nothing of one that every family gets."""
    if family.spec.figures == USUAL_FIGURES:
        return ""
    if not family.varied.free:
        return "No figure by attribute: no attribute varies."
    return "No figure by attribute: it needs at least three runs, and attributes that several of them share."


def attribute_name(family: FamilyReport, key: str) -> str:
    """How an attribute is called: its last part where that is unique and says something, else its key."""
    free = family.varied.free
    one = next((one for one in free if one.key == key), None)
    if one is None or one.last_part in ("name", "type"):
        return key
    return one.last_part if [other.last_part for other in free].count(one.last_part) == 1 else key


def value_names(family: FamilyReport, key: str) -> Mapping[tuple[str, str], str]:
    """The values of an attribute, as labels write them, by :func:`value_key`."""
    found = family.varied.get(key)
    names = {value_key(None): "none"}
    if found is not None:
        for value, word in zip(found.values, in_words(found), strict=True):
            if value is not None and word is not None:
                names[value_key(value)] = word
    return names


def _cells(one: Against | HeatMap) -> Sequence[Cell]:
    return one.table.cells if isinstance(one, HeatMap) else one.cells


def _scale(one: Against) -> str:
    return next((cell.estimate.scale for cell in one.cells if cell.estimate is not None), "linear")


def _form(cells: Sequence[Cell]) -> notation.Form:
    found = [cell.estimate for cell in cells if cell.estimate is not None]
    spreads = [one.sd for one in found if one.sd and one.scale == "linear"]
    return spread_form([one.mean for one in found], spreads)


def _points(family: FamilyReport, one: Against, form: notation.Form) -> Panel:
    """A panel of points against one attribute."""
    words = value_names(family, one.key)
    names = [words[value_key(value)] for value in one.values]
    title = attribute_name(family, one.key)
    places, log, ticks = _places(one, names)
    found = [
        _spot(family, cell, f"{title} {names[cell.row]}", places[cell.row], 0, form) for cell in one.cells
    ]
    spots = tuple(replace(spot, interval=None) if one.pooled else spot for spot in found)
    low, high = min(places), max(places)
    if log:
        ends = log_range(low, high, _PAD)
    elif one.kind == "number" and ticks != tuple(enumerate(names)):
        pad = _PAD * (high - low) or 0.5
        ends = (low - pad, high + pad)
    else:
        ends = (-0.5, len(places) - 0.5)
    valued = [len(spot.values) for spot in spots if spot.values]
    # Where most runs of a pool have a value of their own, means of the others would only look like more.
    means = max(valued) > 1 and (not one.pooled or 2 * len(valued) <= sum(valued))
    joined = one.kind == "number" and (means or not one.pooled)
    return Panel(one.kind, "", title, log, ends, ticks, spots, means=means, joined=joined)


def _places(one: Against, names: Sequence[str]) -> tuple[list[float], bool, tuple[tuple[float, str], ...]]:
    """Where each value stands, whether on logarithms, and the ticks.

    Names stand one after the other, as do numbers that would need logarithms but for a zero among them.
    """
    numbers = [float(value) for value in one.values if isinstance(value, (int, float))]
    apart = one.kind == "category" or (numbers[0] == 0 and is_logarithmic(numbers[1:]))
    if apart:
        return [float(place) for place in range(len(names))], False, tuple(enumerate(names))
    few = tuple(zip(numbers, names, strict=True)) if len(numbers) <= _MOST_TICKS else ()
    return numbers, one.log, few


def _heat_map(family: FamilyReport, one: HeatMap, form: notation.Form, shade: Mapping[float, float]) -> Panel:
    words = {key: value_names(family, key) for key in (one.column, one.row, *one.fixed)}
    columns = [words[one.column][value_key(value)] for (value,) in one.table.columns]
    rows = [words[one.row][value_key(value)] for (value,) in one.table.rows]
    across, down = attribute_name(family, one.column), attribute_name(family, one.row)
    spots = tuple(
        replace(
            _spot(
                family,
                cell,
                f"{across} {columns[cell.column]}, {down} {rows[cell.row]}",
                cell.column,
                cell.row,
                form,
            ),
            shade=None if cell.estimate is None else shade[cell.estimate.mean],
        )
        for cell in one.table.cells
    )
    if all(cell.of <= 1 for cell in one.table.cells):  # the caption says so, once
        spots = tuple(replace(spot, texts=(*spot.texts[:2], "")) for spot in spots)
    fixed = ", ".join(
        f"{attribute_name(family, key)} {words[key][value_key(value)]}" for key, value in one.fixed.items()
    )
    ticks = tuple((float(place), name) for place, name in enumerate(columns))
    return Panel("map", fixed, across, False, (-0.5, len(columns) - 0.5), ticks, spots, tuple(rows), down)


def _spot(family: FamilyReport, cell: Cell, label: str, place: float, row: int, form: notation.Form) -> Spot:
    made = cell.estimate
    n = f"n {len(cell.values)}" if len(cell.values) == cell.of else f"n {len(cell.values)} of {cell.of}"
    spread = ""
    if made is not None and made.sd is not None:
        factor = notation.form_of_factors([made.sd])
        spread = f"sd ×{factor(made.sd)}" if made.scale == "log" else f"sd {form(made.sd)}"
    return Spot(
        label,
        float(place),
        row,
        tuple(family.runs[at].slug for at in cell.runs),
        cell.values,
        cell.of,
        None if made is None else made.mean,
        None if made is None or not _finite(made.interval) else made.interval,
        (notation.MISSING if made is None else form(made.mean), spread, n),
    )


def _finite(interval: tuple[float, float] | None) -> bool:
    """Whether an interval can be drawn; wide ones on logarithms may be endless."""
    return interval is not None and all(map(math.isfinite, interval))


def _shades(cells: Sequence[Cell], higher: bool) -> dict[float, float]:
    """Mean -> its shade: even over the means, those far out as strong or as pale as the ends."""
    means = sorted(cell.estimate.mean for cell in cells if cell.estimate is not None)
    on = [math.log(mean) for mean in means] if means[0] > 0 and means[-1] > 2 * means[0] else list(means)
    low, high = on[0], on[-1]
    if len(on) >= 4:
        first, _, third = statistics.quantiles(on, n=4, method="inclusive")
        low = max(low, first - _BOXES * (third - first))
        high = min(high, third + _BOXES * (third - first))
    span = high - low
    parts = [min(max((one - low) / span, 0.0), 1.0) if span > 0 else 0.5 for one in on]
    return {mean: part if higher else 1 - part for mean, part in zip(means, parts, strict=True)}


def _values(panels: Sequence[Panel], values: Sequence[float], word: str) -> Axis:
    """The axis of the metric: of the values, and of intervals of three runs or more."""
    middle = statistics.median(values)
    near = [value for value in values if middle <= 0 or value <= _FAR * middle]
    ends = [
        end
        for panel in panels
        for spot in panel.spots
        if spot.interval is not None and len(spot.values) > 2
        for end in spot.interval
    ]
    axis = value_axis([*near, *(end for end in ends if middle <= 0 or 0 < end <= _FAR * middle)], word)
    if all(panel.kind == "map" for panel in panels):  # which has no such axis
        return replace(axis, ranges={axis.scale: axis.range})
    return axis


def _marks(family: FamilyReport, shown: Effects, mean: str) -> str:
    """What marks of points mean."""
    pooled = any(one.pooled for one in family.effects if isinstance(one, Against))
    joined = "; a line joins the means" if any(panel.joined for panel in shown.panels) else ""
    if not any(panel.means for panel in shown.panels):
        return "Each mark is a run; the noise between runs is not estimated."
    spots = [spot for panel in shown.panels if panel.means for spot in panel.spots if spot.values]
    if pooled:
        return (
            f"Small marks are runs, large ones the {mean} of all runs that share a value, "
            f"whatever else differs{joined}."
        )
    sizes = sorted({len(spot.values) for spot in spots})
    n = f"n = {sizes[0]} each" if len(sizes) == 1 else f"n = {sizes[0]} to {sizes[-1]}"
    return f"Small marks are runs, large ones their {mean} with Student's 95 % interval ({n}){joined}."


def _left_out(family: FamilyReport) -> str:
    """Runs without a value, and why."""
    ranking = family.ranking
    assert ranking is not None
    diverged, unfinished = len(ranking.diverged), len(ranking.unfinished)
    others = len(ranking.zeros) + len(ranking.without)
    parts = [
        f"{count(number, 'run')} {word if number == 1 else plural}"
        for number, word, plural in (
            (diverged, "that diverged", "that diverged"),
            (unfinished, "that is unfinished", "that are unfinished"),
            (others, "without a value", "without a value"),
        )
        if number
    ]
    copies = sum(left.is_copy for group in family.grouping.groups for left in group.left_out)
    left = f" Left out: {_listed(parts)}." if parts else ""
    return left + (
        f" {count(copies, 'run')} repeating another {'is' if copies == 1 else 'are'} not counted again."
        if copies
        else ""
    )


def _cut(shown: Effects) -> str:
    """What the edge of the axis stands for."""
    if shown.mapped:
        return ""
    spots = [spot for panel in shown.panels for spot in panel.spots]
    low, high = shown.y.range
    ends = [end for spot in spots for end in (*spot.values, *(spot.interval or ()))]
    lost = (
        " Crosses at the edge: runs without a value."
        if any(len(spot.values) < spot.of for spot in spots)
        else ""
    )
    beyond = " Values beyond the axis are clipped." if any(not low <= end <= high for end in ends) else ""
    return lost + beyond


def _listed(names: Sequence[str]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last
