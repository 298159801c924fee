"""Axes: ticks where a reader expects them, numbers as print shows them."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

from reportgen.figures.style import TEXT_PX, plain

__all__ = [
    "LOSS",
    "categories_axis",
    "loss_axis",
    "loss_axis_linear",
    "power",
    "step_axis",
    "titled",
    "whole",
]

LOSS = "Training loss (nats per token)"
_GREATEST = sys.float_info.max
_SHORTEST = 1e-300
_RULE = "#4d4d4d"
_GRID = "#e4e4e4"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def power(exponent: int, factor: float = 1) -> str:
    """A number as print shows it on a log axis: ``10⁻⁸``, ``2×10⁻³``, ``0.5``."""
    if factor == 1:
        return "10" + str(exponent).translate(_SUPERSCRIPTS)
    return f"{factor * 10.0**exponent:g}" if -2 <= exponent <= 2 else f"{factor:g}×{power(exponent)}"


def loss_axis(
    low: float,
    high: float,
    height_px: float,
    wanted: tuple[float, float] | None = None,
    *,
    least_margin: float = 0.0,
) -> dict[str, Any]:
    """A logarithmic axis.

    Args:
        low: Least value to show, above 0.
        high: Greatest.
        height_px: Of the axis, for the number of ticks.
        wanted: The list's own range; an end that a log axis cannot have is ignored.
        least_margin: Powers of ten to either side of ``low`` and ``high``.
    """
    start, end = math.log10(low), math.log10(high)
    margin = max(0.02 * (end - start), least_margin)
    start, end = start - margin, end + margin
    if wanted is not None:
        start = math.log10(wanted[0]) if wanted[0] > 0 else start
        end = math.log10(wanted[1]) if wanted[1] > 0 else end
    if end - start < 0.5:
        middle = (start + end) / 2
        start, end = middle - 0.25, middle + 0.25
    most = max(2, int(height_px / 18))
    decades = range(math.ceil(start), math.floor(end) + 1)
    gap = max(1, math.ceil(len(decades) / most))
    round_ones = [k for k in decades if k % gap == 0]
    ticks = [(k, 1) for k in (round_ones if len(round_ones) > 1 else decades[::gap])]
    for factors in ((1, 2, 5), tuple(range(1, 10))):
        if len(ticks) < 3 and gap == 1:
            candidates = [(k, f) for k in range(math.floor(start), math.ceil(end)) for f in factors]
            ticks = [(k, f) for k, f in candidates if start <= k + math.log10(f) <= end]
    return _axis(
        type="log",
        range=[start, end],
        tickvals=[float(f"{f}e{k}") for k, f in ticks],
        ticktext=[_tick(k, f, alone=all(f == 1 for _, f in ticks)) for k, f in ticks],
    )


def loss_axis_linear(low: float, high: float, height_px: float) -> dict[str, Any]:
    """A linear axis that shows 0, ``low`` and ``high``."""
    # The length of the axis is a float too, and one that Plotly can divide by.
    start, end = max(min(low, 0.0), -_GREATEST / 2), max(high, 0.0)
    end = min(end, _GREATEST + start) if end > start else 1.0
    end = max(end, start + _SHORTEST)
    end += min(0.03 * (end - start), _GREATEST + min(start, 0.0) - end)
    gap = _round_gap((end - start) / max(4, min(8, height_px / 22)))
    ticks = [k * gap for k in range(math.ceil(start / gap), math.floor(end / gap) + 1)]
    return _axis(range=[start, end], tickvals=ticks, ticktext=[_number(tick, gap) for tick in ticks])


def whole(steps: int) -> tuple[float, float]:
    """First and last place of an axis that shows ``steps`` steps, from 0.

    One place past the last step: 40,000 steps end at a tick, not one before it.
    """
    return (0.0, float(steps)) if steps > 1 else (-0.5, 0.5)


def step_axis(first: float, last: float, width_px: float, *, tick_px: float = 62) -> dict[str, Any]:
    """A linear axis of whole numbers, ``first`` to ``last``, with ticks ``tick_px`` apart or more."""
    gap = max(1, round(_round_gap((last - first) / max(2, min(20, width_px / tick_px)))))
    ticks = range(math.ceil(first / gap) * gap, math.floor(last) + 1, gap)
    return _axis(
        range=[first, last],
        tickvals=list(ticks),
        ticktext=[f"{tick:,}" for tick in ticks],
        showgrid=False,
    )


def categories_axis(texts: Sequence[str], *, rows: bool = False) -> dict[str, Any]:
    """An axis of names without distances between them: name ``k`` is at ``k``.

    Args:
        texts: In order.
        rows: Of a vertical axis, the first at the top.
    """
    ends = [-0.5, len(texts) - 0.5]
    look = {"ticks": "", "range": ends[::-1]} if rows else {"showgrid": False, "range": ends}
    return _axis(tickvals=list(range(len(texts))), ticktext=[plain(text) for text in texts], **look)


def titled(axis: dict[str, Any], title: str) -> dict[str, Any]:
    """The axis with a title in the size of all other text."""
    return axis | {"title": {"text": title, "standoff": 6, "font": {"size": TEXT_PX}}}


def _axis(**fields: Any) -> dict[str, Any]:
    return {
        "showline": True,
        "linecolor": _RULE,
        "linewidth": 0.75,
        "ticks": "outside",
        "ticklen": 3,
        "tickwidth": 0.75,
        "tickcolor": _RULE,
        "showgrid": True,
        "gridcolor": _GRID,
        "gridwidth": 0.5,
        "zeroline": False,
        "automargin": False,
        "fixedrange": True,
        **fields,
    }


def _round_gap(least: float) -> float:
    """1, 2 or 5 times a power of ten, ``least`` or a little more."""
    magnitude = 10.0 ** math.floor(math.log10(least))
    return next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= 0.999 * least)


def _tick(exponent: int, factor: int, *, alone: bool) -> str:
    """A tick of a log axis; among ticks that are no powers of ten, 1 is 1 and not 10⁰."""
    return power(exponent, factor) if alone or factor != 1 or abs(exponent) > 2 else f"{10.0**exponent:g}"


def _number(value: float, gap: float) -> str:
    """A tick of a linear axis, with as many decimals as ticks that are ``gap`` apart need."""
    exponent = math.floor(math.log10(gap))
    if value == 0:
        return "0"
    sign, value = "−" if value < 0 else "", abs(value)
    if -3 <= exponent <= 4:
        return f"{sign}{value:,.{max(0, -exponent)}f}"
    exponent = math.floor(math.log10(value) + 1e-9)
    return sign + power(exponent, round(value / 10.0**exponent, 6))
