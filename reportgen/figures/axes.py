"""Axes on paper: ticks where a reader expects them, numbers in the notation of tables.

``templates/page/ticks.js`` follows the same rules on the page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from reportgen.figures.plot import Axis
from reportgen.figures.style import TEXT_PX, plain
from reportgen.notation import Form, power

__all__ = ["categories_axis", "plotly_axis", "tick_texts", "ticks", "titled"]

_RULE = "#4d4d4d"
_GRID = "#e4e4e4"


def ticks(low: float, high: float, most: int, *, log: bool = False, whole: bool = False) -> list[float]:
    """Round numbers from ``low`` to ``high``, at most about ``most`` of them.

    Args:
        low: First value of the axis.
        high: Last value, more than ``low``.
        most: As many as there is room for, 2 or more.
        log: On a log axis: powers of ten, of a short one 1, 2 and 5 times them, all
            multiples, or 1 and 3 times them.
        whole: Whole numbers only.
    """
    most = max(2, most)
    if log:
        start, end = math.log10(low), math.log10(high)
        decades = range(math.ceil(start - 1e-9), math.floor(end + 1e-9) + 1)
        if len(decades) >= 3 or (len(decades) == 2 and most == 2):
            every = -(-len(decades) // most)
            return [float(f"1e{k}") for k in decades if k % every == 0]
        for factors, least in (((1, 2, 5), 3), (range(1, 10), 3), ((1, 3), 2), ((1,), 2)):
            found = [
                float(f"{factor}e{k}")
                for k in range(math.floor(start) - 1, math.ceil(end) + 1)
                for factor in factors
            ]
            inside = [value for value in found if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
            if least <= len(inside) <= max(most, 3):
                return inside
    gap = _round_gap((high - low) / most)
    if whole:
        gap = max(1.0, float(round(gap)))
    first, last = math.ceil(low / gap - 1e-9), math.floor(high / gap + 1e-9)
    return [k * gap for k in range(first, last + 1)]


def tick_texts(values: Sequence[float], *, log: bool = False) -> list[str]:
    """Numbers of one axis in one notation: 0.1, 1, 10 or 10⁻⁸, 10⁻⁴, 10⁰ or 2×10⁻⁷, or 3.27, 3.28."""
    sizes = [abs(value) for value in values if value]
    if not sizes:
        return ["0" for _ in values]
    plainly = 1e-3 <= max(sizes) <= 1e6 and (min(sizes) >= 1e-4 or not log)
    decades = log and all(f"{value:e}".startswith("1.000000e") for value in values)
    if decades and not plainly:
        return [power(round(math.log10(value))) for value in values]
    if log and plainly and max(sizes) >= 10 * min(sizes):
        return [Form("plain", _decimals(value))(value) for value in values]
    if plainly:
        form = Form("plain", max(map(_decimals, values)))
        return [form(value) if abs(value) > 1e-12 * max(sizes) else "0" for value in values]
    form = Form("power", max(_significant(value) for value in values))
    return [_without_one(form(value), value) if value else "0" for value in values]


def _without_one(text: str, value: float) -> str:
    """10⁻⁷ for 1×10⁻⁷."""
    exponent = round(math.log10(abs(value)))
    return text.replace(f"1×{power(exponent)}", power(exponent)) if text.startswith(("1×", "−1×")) else text


def plotly_axis(axis: Axis, pixels: float, *, gap_px: float, grid: bool = True) -> dict[str, Any]:
    """An axis with numbers, as Plotly has it.

    Args:
        axis: Its scale and range.
        pixels: How long it is.
        gap_px: Room that a tick needs.
        grid: Whether lines go on from its ticks.
    """
    low, high = axis.range
    if axis.ticks is not None:
        return _axis(
            range=[low, high],
            tickvals=list(range(len(axis.ticks))),
            ticktext=[plain(text) for text in axis.ticks],
            showgrid=grid,
        )
    log = axis.scale == "log"
    values = ticks(low, high, int(pixels / gap_px), log=log, whole=axis.whole and axis.scale == "step")
    texts = tick_texts(values, log=log)
    if axis.scale == "share":
        texts = [f"{round(100 * value, 1):g}\N{NO-BREAK SPACE}%" for value in values]
    return _axis(
        **({"type": "log", "range": [math.log10(low), math.log10(high)]} if log else {"range": [low, high]}),
        tickvals=values,
        ticktext=texts,
        showgrid=grid,
    )


def categories_axis(texts: Sequence[str], *, rows: bool = False) -> dict[str, Any]:
    """An axis of names without distances between them: name ``k`` is at ``k``.

    Args:
        texts: In order.
        rows: Of a vertical axis, the first at the top.
    """
    ends = [-0.5, len(texts) - 0.5]
    look = {"ticks": "", "range": ends[::-1]} if rows else {"showgrid": False, "range": ends}
    return _axis(tickvals=list(range(len(texts))), ticktext=list(texts), **look)


def titled(axis: dict[str, Any], title: str, text_px: float = TEXT_PX) -> dict[str, Any]:
    """The axis with a title in the size of all other text."""
    return axis | {"title": {"text": title, "standoff": 6, "font": {"size": text_px}}}


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


def _decimals(value: float) -> int:
    """Decimals that a round number needs, up to 9 significant digits."""
    if not value:
        return 0
    figures, _, exponent = f"{value:.8e}".partition("e")
    digits = len(figures.replace("-", "").replace(".", "").rstrip("0"))
    return max(0, digits - 1 - int(exponent))


def _significant(value: float) -> int:
    return max(1, len(f"{value:.8e}".partition("e")[0].replace("-", "").replace(".", "").rstrip("0")))
