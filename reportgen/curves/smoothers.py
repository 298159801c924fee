"""The smoothed line where it is drawn, by each smoother that a list may name.

Only the line follows the smoother: the band is always the rolling minimum and maximum, and metrics
always come from the rolling mean.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from reportgen.curves.arrays import library, moved_to, on_host, quietly, sorted_rows
from reportgen.curves.smoothing import pack, rolling_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reportgen.curves.arrays import Array
    from reportgen.curves.smoothing import Batch, Windows
    from reportgen.curves.summary import Smoother
    from reportgen.curves.thinning import Ranges
    from reportgen.kinds import FloatArray, IntArray

__all__ = ["line_at"]

MEDIAN_LOSSES = 1 << 22
"""Losses sorted at once for medians: each window is sorted on its own, a copy of its losses."""


@quietly
def line_at(
    batch: Batch,
    losses: Sequence[FloatArray],
    windows: Windows,
    ranges: Ranges,
    smoother: Smoother,
    window: int,
) -> Array:
    """The smoothed line of every run at its points.

    ``mean``, ``median`` and ``geometric`` (the mean of the logarithms; losses that are not positive
    are missing) are taken over the centred window. ``ema`` is the
    exponential moving average of the finite losses so far, each weighing ``1 - 2 / (window + 1)``
    of the one behind it: pandas' ``ewm(span=window, adjust=True, ignore_na=True)``.

    Args:
        batch: The runs.
        losses: The same, one (entries,) array a run.
        windows: Of the batch.
        ranges: Points of the same runs.
        smoother: Which.
        window: Entries in the window.

    Returns:
        (points,) floating, all runs' points end to end; NaN or infinite where missing.
    """
    if smoother == "ema":
        return moved_to(_exponential_averages(losses, window, ranges), batch.values)
    run = np.repeat(np.arange(len(ranges.entry)), ranges.points)
    entry = np.concatenate(ranges.entry)
    first = moved_to(batch.origin[run] + entry, batch.values)
    if smoother == "geometric":
        return _geometric_means(batch, losses, first)
    if smoother == "median":
        return _medians(batch, run, entry, first, windows.count[first])
    return windows.mean[first]


def _geometric_means(batch: Batch, losses: Sequence[FloatArray], first: Array) -> Array:
    """(points,) geometric mean of the positive losses in windows that begin at ``first``."""
    logs = [np.log(run, where=run > 0, out=np.full(len(run), np.nan)) for run in losses]
    mean, _ = rolling_mean(pack(logs, batch.reach).moved_to(batch))
    return moved_to(np.exp(on_host(mean[first])), mean)


def _medians(batch: Batch, run: IntArray, entry: IntArray, first: Array, count: Array) -> Array:
    """(points,) median of the finite losses in windows around ``entry`` of ``run``.

    They begin at ``first`` and hold ``count``. Of windows that hold the same losses, as those that are
    wider than their run, one is sorted.
    """
    values, width = batch.values, batch.reach.width
    xp = library(values)
    held = (
        run,
        np.maximum(entry - batch.reach.left, 0),
        np.minimum(entry + batch.reach.right, batch.steps[run] - 1),
    )
    _, one, same = np.unique(np.stack(held), axis=1, return_index=True, return_inverse=True)
    first, count = first[moved_to(one, values)], count[moved_to(one, values)]
    medians = []
    rows_at_once = max(MEDIAN_LOSSES // width, 1)
    for begin in range(0, len(first), rows_at_once):
        some = slice(begin, begin + rows_at_once)
        losses = values[first[some][:, None] + moved_to(np.arange(width), values)]
        rows = sorted_rows(xp.where(xp.isfinite(losses), losses, math.inf))
        row, finite = moved_to(np.arange(len(rows)), values), count[some]
        low, high = rows[row, xp.clip((finite - 1) // 2, 0, None)], rows[row, finite // 2]
        middle = (low + high) / 2
        # The sum of two losses near the largest float64 does not fit.
        medians.append(xp.where(xp.isfinite(middle), middle, low / 2 + high / 2))
    return xp.concat(medians)[moved_to(same.ravel(), values)]


def _exponential_averages(losses: Sequence[FloatArray], window: int, ranges: Ranges) -> FloatArray:
    """(points,) float64; on the host, by pandas: each value waits for the one before it."""
    import pandas as pd

    lines = []
    for run, entry in zip(losses, ranges.entry, strict=True):
        finite = pd.Series(np.where(np.isfinite(run), run, np.nan))
        lines.append(finite.ewm(span=window, adjust=True, ignore_na=True).mean().to_numpy()[entry])
    return np.concatenate(lines)
