"""The smoothed line where it is drawn, by each smoother that a list may name.

Only the line follows the smoother: the band is always the rolling minimum and maximum, and metrics
always come from the rolling mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from reportgen.curves.smoothing import pack, rolling_mean, through_numpy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from reportgen.curves.smoothing import Batch, Windows
    from reportgen.curves.summary import CurveSettings, FloatArray
    from reportgen.curves.thinning import Ranges

__all__ = ["line_at"]

MEDIAN_LOSSES = 1 << 22
"""Losses sorted at once for medians: each window is sorted on its own, a copy of its losses."""


def line_at(
    batch: Batch, losses: Sequence[FloatArray], windows: Windows, ranges: Ranges, how: CurveSettings
) -> Tensor:
    """The smoothed line of every run at its points.

    ``mean``, ``median`` and ``geometric`` (the mean of the logarithms; losses that are not positive
    are missing) are taken over the centred window that ``how.edges`` lets count. ``ema`` is the
    exponential moving average of the finite losses so far, each weighing ``1 - 2 / (window + 1)``
    of the one behind it: pandas' ``ewm(span=window, adjust=True, ignore_na=True)``.

    Args:
        batch: The runs.
        losses: The same, one (steps,) array a run.
        windows: Of the batch.
        ranges: Points of the same runs.
        how: Names the smoother.

    Returns:
        (points,) floating, all runs' points end to end; NaN or infinite where missing.
    """
    device = batch.values.device
    if how.smoother == "ema":
        return torch.from_numpy(_exponential_averages(losses, how.window, ranges)).to(device)
    run = np.repeat(np.arange(len(ranges.step)), ranges.points)
    first = torch.from_numpy(batch.origin[run] + np.concatenate(ranges.step)).to(device)
    if how.smoother == "geometric":
        line, count = _geometric_means(batch, losses, first)
    else:
        count = windows.count.index_select(0, first)
        mean = how.smoother == "mean"
        line = windows.mean.index_select(0, first) if mean else _medians(batch, first, count)
    return line if how.edges == "partial" else torch.where(count < how.window, torch.nan, line)


def _geometric_means(batch: Batch, losses: Sequence[FloatArray], first: Tensor) -> tuple[Tensor, Tensor]:
    """(points,) geometric mean and count of the positive losses in windows that begin at ``first``."""
    device = str(batch.values.device)
    logs = [np.log(run, where=run > 0, out=np.full(len(run), np.nan)) for run in losses]
    mean, count = rolling_mean(pack(logs, batch.reach).to(device, batch.values.dtype))
    line = np.exp(mean.index_select(0, first).cpu().numpy())
    return torch.from_numpy(line).to(device), count.index_select(0, first)


def _medians(batch: Batch, first: Tensor, count: Tensor) -> Tensor:
    """(points,) median of the finite losses in windows that begin at ``first`` and hold ``count``."""
    values, width = batch.values, batch.reach.width
    medians = []
    rows_at_once = max(MEDIAN_LOSSES // width, 1)
    for begin in range(0, len(first), rows_at_once):
        some = slice(begin, begin + rows_at_once)
        element = first[some].unsqueeze(1) + torch.arange(width, device=first.device)
        losses = values.index_select(0, element.flatten()).view_as(element)
        rows = _sorted(torch.nan_to_num(losses, nan=torch.inf, posinf=torch.inf, neginf=torch.inf))
        finite = count[some].to(torch.int64).unsqueeze(1)
        low = rows.gather(1, ((finite - 1) // 2).clamp_min(0)).squeeze(1)
        high = rows.gather(1, finite // 2).squeeze(1)
        middle = (low + high) / 2
        # The sum of two losses near the largest float64 does not fit.
        medians.append(torch.where(torch.isfinite(middle), middle, low / 2 + high / 2))
    return torch.cat(medians)


def _sorted(rows: Tensor) -> Tensor:
    """Each row sorted."""
    if through_numpy(rows):
        return torch.from_numpy(np.sort(rows.numpy(), axis=1))
    return rows.sort(1).values


def _exponential_averages(losses: Sequence[FloatArray], window: int, ranges: Ranges) -> FloatArray:
    """(points,) float64; on the host, by pandas: each value waits for the one before it."""
    import pandas as pd

    lines = []
    for run, step in zip(losses, ranges.step, strict=True):
        finite = pd.Series(np.where(np.isfinite(run), run, np.nan))
        lines.append(finite.ewm(span=window, adjust=True, ignore_na=True).mean().to_numpy()[step])
    return np.concatenate(lines)
